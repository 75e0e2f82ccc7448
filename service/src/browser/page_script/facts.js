// What is known of an element before anything is done to it: for the rules, the approval card and the fingerprint that is
// checked again before acting. Values of secret fields never leave the page; only whether there are any, and a hash.

const FIELDS_MAX = 500;
const FACT_MAX = 300;

/** What a field is for, by type, `autocomplete`, then name and label; `null` when it is no field. */
const fieldKind = (pass, element) => {
  const tag = tagOf(element);
  if (tag === 'select') return 'other';
  const role = roleOf(element, tag);
  if (tag !== 'input' && tag !== 'textarea') return (role === 'textbox' || role === 'searchbox' || editable(element)) && tag !== 'body' ? 'text' : null;
  const type = tag === 'input' ? inputType(element) : 'text';
  if (/^(button|submit|reset|image|hidden)$/.test(type)) return null;
  if (type === 'file') return 'file';
  if (/^(checkbox|radio|range|color|date|datetime-local|month|time|week)$/.test(type)) return 'other';
  const auto = (attribute(element, 'autocomplete') || '').toLowerCase();
  if (/\bcc-(number|csc|exp|exp-month|exp-year|name|type|given-name|family-name)\b/.test(auto)) return 'card';
  if (/\bone-time-code\b/.test(auto)) return 'one_time_code';
  if (type === 'password' || /\b(current|new)-password\b/.test(auto)) {
    return CARD_WORDS.test(fieldWords(pass, element, tag, role)) ? 'card' : 'password';
  }
  const words = fieldWords(pass, element, tag, role);
  if (CARD_WORDS.test(words)) return 'card';
  if (CODE_WORDS.test(words)) return 'one_time_code';
  if (PASSWORD_WORDS.test(words)) return 'password';
  if (type === 'email' || /\bemail\b/.test(auto)) return 'email';
  if (type === 'search' || role === 'searchbox') return 'search';
  return 'text';
};
const fieldWords = (pass, element, tag, role) => [attribute(element, 'name'), attribute(element, 'id'), attribute(element, 'placeholder'),
  nameOf(pass, element, role, tag).name].map(word => cut(word || '', 200)).join(' | ');

const isFilled = element => {
  const tag = tagOf(element);
  if (tag === 'input') {
    const type = inputType(element);
    return type === 'checkbox' || type === 'radio' ? inputChecked(element) : inputValue(element) !== '';
  }
  if (tag === 'textarea') return textareaValue(element) !== '';
  if (tag === 'select') return [...selectOptions(element)].some(option => optionSelected(option) && optionValue(option) !== '');
  return flat(textContent(element)) !== '';
};

const formOf = element => {
  const tag = tagOf(element);
  if (tag === 'input') return inputForm(element);
  if (tag === 'button') return buttonForm(element);
  if (tag === 'select' || tag === 'textarea') return (tag === 'select' ? formOfSelect : formOfTextarea)(element);
  if (tag === 'form') return element;
  for (let at = element; at; at = composedParent(at)) if (tagOf(at) === 'form') return at;
  return null;
};

/** The control that a click on `element` presses: itself, or the button or link it is inside of. */
const pressedBy = element => {
  for (let at = element, steps = 0; at && steps < 200; at = composedParent(at), steps++) {
    const tag = tagOf(at);
    if (tag === 'label') return labelControl(at) || element;
    if (/^(a|area|button|input|select|textarea|svg:a|summary)$/.test(tag)) return at;
  }
  return element;
};

const WIDGETS = new Set(['button', 'checkbox', 'combobox', 'link', 'menuitem', 'menuitemcheckbox', 'menuitemradio', 'option', 'radio', 'searchbox', 'slider',
  'spinbutton', 'switch', 'tab', 'textbox', 'treeitem']);

/** What an element is to whoever presses it: the control it is a part of. The words inside of a button are that button. */
const pressable = element => {
  const pressed = pressedBy(element);
  if (pressed !== element) return pressed;
  for (let at = element, steps = 0; at && steps < 200; at = composedParent(at), steps++) if (WIDGETS.has(roleOf(at, tagOf(at)))) return at;
  return element;
};

const absolute = address => {
  try {
    return new URL(address, documentBase(document)).href;
  } catch {
    return address;
  }
};

const formFacts = (pass, form, submitter) => {
  const own = submitter && isSubmitter(submitter) ? submitter : null;
  const method = ((own && attribute(own, 'formmethod')) || attribute(form, 'method') || 'get').toUpperCase();
  const action = (own && attribute(own, 'formaction')) ?? attribute(form, 'action');
  const fields = [];
  for (const control of formElements(form)) {
    if (fields.length >= FIELDS_MAX) break;
    const kind = isElement(control) ? fieldKind(pass, control) : null;
    if (kind === null) continue;
    const tag = tagOf(control);
    fields.push({ name: cut(attribute(control, 'name') || attribute(control, 'id') || nameOf(pass, control, roleOf(control, tag), tag).name, 120), kind, filled: isFilled(control) });
  }
  return { method: /^(GET|POST|DIALOG)$/.test(method) ? method : 'GET', action: absolute(action || documentAddress(document)), fields };
};
const isSubmitter = element => {
  const tag = tagOf(element);
  if (tag === 'button') return buttonType(element) === 'submit';
  return tag === 'input' && (inputType(element) === 'submit' || inputType(element) === 'image');
};

const facts = ({ target }) => {
  const pass = newPass();
  const element = resolve(target);
  const acted = pressable(element);
  const actedTag = tagOf(acted);
  const role = roleOf(acted, actedTag) || 'none';
  const name = nameOf(pass, acted, role === 'none' ? null : role, actedTag).name;
  const pressed = pressedBy(element);
  const pressedTag = tagOf(pressed);
  const form = formOf(pressed) || formOf(element);
  const link = pressedTag === 'a' || pressedTag === 'area' || pressedTag === 'svg:a' ? pressed : null;
  const href = link ? attribute(link, 'href') ?? attribute(link, 'xlink:href') : null;
  // Enter in a field submits too; a rule asks about that by tool, so only what a click does counts, and Enter for text fields.
  const submits = Boolean(form) && (isSubmitter(pressed) || (pressedTag === 'input' && !/^(button|reset|checkbox|radio|file|color|range)$/.test(inputType(pressed))));
  const rect = boundingRect(element);
  return {
    role, name: cut(name, FACT_MAX), tag: localName(element).toLowerCase(), field: fieldKind(pass, element),
    href: href === null ? null : cut(absolute(href), 2000), submits, downloads: Boolean(link && hasAttribute(link, 'download')),
    form: form ? formFacts(pass, form, pressed) : null,
    rect: { x: rect.x, y: rect.y, width: rect.width, height: rect.height },
    identity: identityOf(pass, element, pressed, form, role, name), code: locatorOf(pass, element),
  };
};

const IDENTITY_ATTRIBUTES = ['href', 'xlink:href', 'target', 'download', 'type', 'name', 'value', 'form', 'formaction', 'formmethod', 'formtarget', 'formenctype', 'onclick', 'src'];
const FORM_ATTRIBUTES = ['action', 'method', 'target', 'enctype', 'onsubmit', 'name', 'id'];

/** Longer values go into an identity as their hash. */
const IDENTITY_VALUE_MAX = 4096;

/** Page, element and what its form holds, as one text: equal only while all of it is. The service makes the fingerprint of it. */
const identityOf = (pass, element, pressed, form, role, name) => {
  const parts = ['1', documentAddress(document), pathOf(element), role, name, flat(wordsOf(pass, element)).slice(0, 5000)];
  for (const which of element === pressed ? [element] : [element, pressed]) for (const attributeName of IDENTITY_ATTRIBUTES) parts.push(attributeName, attribute(which, attributeName));
  if (form) {
    parts.push(pathOf(form), absolute(attribute(form, 'action') || documentAddress(document)));
    for (const attributeName of FORM_ATTRIBUTES) parts.push(attribute(form, attributeName));
    for (const control of formElements(form)) parts.push(...valueParts(pass, control));
  } else if (fieldKind(pass, element) !== null) parts.push(...valueParts(pass, element));
  return JSON.stringify(parts);
};
const valueParts = (pass, control) => {
  const tag = tagOf(control);
  const parts = [tag, attribute(control, 'name'), attribute(control, 'id')];
  if (tag === 'input') {
    const type = inputType(control);
    parts.push(type, valuePart(pass, control, inputValue(control)), inputChecked(control));
    if (type === 'file') {
      const files = inputFiles(control);
      for (const file of files || []) parts.push(file.name, file.size, file.lastModified);
    }
  } else if (tag === 'textarea') parts.push(valuePart(pass, control, textareaValue(control)));
  else if (tag === 'select') for (const option of selectOptions(control)) parts.push(optionValue(option), optionSelected(option));
  else if (tag !== 'button' && tag !== 'fieldset' && tag !== 'object') parts.push(valuePart(pass, control, textContent(control)));
  else parts.push(attribute(control, 'value'));
  return parts;
};
const valuePart = (pass, control, value) =>
  value !== '' && (value.length > IDENTITY_VALUE_MAX || SECRET_KINDS.has(fieldKind(pass, control))) ? [sha256(value)] : value;

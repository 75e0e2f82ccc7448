// Accessible names, by the accname 1.2 steps (2A hidden … 2I tooltip), with HTML-AAM for what each element offers.

const NAMED_BY_CONTENT = new Set(('button cell checkbox columnheader gridcell heading link menuitem menuitemcheckbox menuitemradio option radio row '
  + 'rowheader switch tab tooltip treeitem').split(' '));
const NEVER_NAMED = new Set(('caption code definition deletion emphasis insertion mark none paragraph presentation strong subscript superscript term time').split(' '));

/** Names inside names: deep enough for every real page, and no stack overflow on a hostile one. */
const NAME_DEPTH_MAX = 400;
const NAME_PART_MAX = 20000;

const LABELABLE = new Set(['input', 'textarea', 'select', 'button', 'meter', 'progress', 'output']);
const NO_LABELS = [];
/** Labels by control, gathered once per tree and pass: `control.labels` walks the whole tree for each control. */
const labelsOf = (pass, element, tag) => {
  if (!LABELABLE.has(tag)) return NO_LABELS;
  const root = rootOf(element);
  let known = pass.labels.get(root);
  if (!known) {
    known = new Map();
    for (const label of queryIn(root, 'label')) {
      const control = labelControl(label);
      if (!control) continue;
      const others = known.get(control);
      if (others) others.push(label);
      else known.set(control, [label]);
    }
    pass.labels.set(root, known);
  }
  return known.size ? known.get(element) || NO_LABELS : NO_LABELS;
};

/** The name and where it came from: `label`, `labelledby`, `content`, `native`, `title` or `none`. */
const nameOf = (pass, element, role, tag = tagOf(element)) => {
  if (role === null || NEVER_NAMED.has(role)) return { name: '', from: 'none' };
  const references = idList(element, 'aria-labelledby');
  if (references.length) {
    const name = flat(references.map(other => alternative(pass, other, { referenced: true, self: element }, 0)).join(' '));
    if (name) return { name, from: 'labelledby' };
  }
  const label = (attribute(element, 'aria-label') || '').trim();
  if (label) return { name: flat(label), from: 'label' };
  const native = nativeName(pass, element, role, tag);
  if (native) return native;
  if (NAMED_BY_CONTENT.has(role) || tag === 'summary') {
    const name = flat(contentName(pass, element, { self: element }, 0));
    if (name) return { name, from: 'content' };
  }
  const title = (attribute(element, 'title') || '').trim();
  if (title && tag !== 'iframe') return { name: flat(title), from: 'title' };
  if ((tag === 'input' || tag === 'textarea') && PLACEHOLDER_ROLES.has(role)) {
    const hint = attribute(element, 'placeholder') || attribute(element, 'aria-placeholder');
    if (hint && hint.trim()) return { name: flat(hint), from: 'placeholder' };
  }
  return { name: '', from: 'none' };
};
const PLACEHOLDER_ROLES = new Set(['textbox', 'searchbox', 'spinbutton', 'combobox']);

const childWithTag = (element, tag) => {
  for (let child = firstChild(element); child; child = nextSibling(child)) if (isElement(child) && tagOf(child) === tag) return child;
  return null;
};

const nativeName = (pass, element, role, tag) => {
  const labels = labelsOf(pass, element, tag);
  if (labels.length && !(tag === 'input' && /^(button|submit|reset|image)$/.test(inputType(element)) && attribute(element, 'value'))) {
    const name = flat(labels.map(label => alternative(pass, label, { self: element, label: true }, 0)).join(' '));
    if (name) return { name, from: 'labels' };
  }
  switch (tag) {
    case 'input': {
      const type = inputType(element);
      const value = attribute(element, 'value');
      if (type === 'button' || type === 'submit' || type === 'reset') {
        if (value && value.trim()) return { name: flat(value), from: 'native' };
        if (type === 'submit') return { name: 'Submit', from: 'native' };
        if (type === 'reset') return { name: 'Reset', from: 'native' };
      }
      if (type === 'image') {
        const alt = (attribute(element, 'alt') || '').trim() || (attribute(element, 'title') || '').trim();
        return { name: alt ? flat(alt) : 'Submit', from: 'native' };
      }
      if (type === 'file') return { name: 'Choose File', from: 'native' };
      return null;
    }
    case 'img': case 'area': {
      const alt = (attribute(element, 'alt') || '').trim();
      return alt ? { name: flat(alt), from: 'native' } : null;
    }
    case 'fieldset': case 'figure': case 'table': {
      const part = childWithTag(element, { fieldset: 'legend', figure: 'figcaption', table: 'caption' }[tag]);
      const name = part ? flat(alternative(pass, part, { self: element }, 0)) : '';
      if (name) return { name, from: 'labelledby' };
      const summary = tag === 'table' ? (attribute(element, 'summary') || '').trim() : '';
      return summary ? { name: flat(summary), from: 'native' } : null;
    }
    case 'optgroup': return null;
    case 'svg:svg': {
      const title = childWithTag(element, 'svg:title');
      const name = title ? flat(textContent(title)) : '';
      return name ? { name, from: 'native' } : null;
    }
    default: {
      if (!tag.startsWith('svg:')) return null;
      const title = childWithTag(element, 'svg:title');
      const name = title ? flat(textContent(title)) : '';
      return name ? { name, from: 'native' } : null;
    }
  }
};

/** What a child adds to the name of the element it is in (accname 2B to 2I, seen from above). */
const alternative = (pass, element, how, depth) => {
  if (depth > NAME_DEPTH_MAX || (how.self === element && depth > 0)) return '';
  const tag = tagOf(element);
  const undrawn = tag === 'option' ? false : isUndrawn(pass, element, tag);
  const hidden = undrawn || !styleOf(pass, element).visible || attribute(element, 'aria-hidden') === 'true';
  if (hidden && !how.referenced) {
    // A visible child of a `visibility: hidden` parent is still seen.
    if (!undrawn && attribute(element, 'aria-hidden') !== 'true') return contentName(pass, element, how, depth + 1, true);
    return '';
  }
  if (NEVER_SHOWN.has(tag)) return '';
  const inner = how.referenced && !hidden ? { self: how.self } : how;
  const role = roleOf(element, tag);
  if (!how.followed) {
    const references = depth > 0 || !how.referenced ? idList(element, 'aria-labelledby') : [];
    if (references.length && !how.referenced) {
      const name = flat(references.map(other => alternative(pass, other, { referenced: true, self: how.self, followed: true }, depth + 1)).join(' '));
      if (name) return name;
    }
  }
  const label = NEVER_NAMED.has(role) ? '' : (attribute(element, 'aria-label') || '').trim();
  const value = depth > 0 || how.label ? embeddedValue(pass, element, role, tag, how) : null;
  if (label && value === null) return label;
  if (value !== null && value !== '') return value;
  if (label) return label;
  if (depth > 0 || how.referenced || how.label) {
    if (how.self !== element) {
      const native = tag === 'input' || tag === 'select' || tag === 'textarea' ? null : nativeName(pass, element, role, tag);
      if (native && native.name) return native.name;
      if (tag === 'input' && /^(button|submit|reset|image|file)$/.test(inputType(element))) return nativeName(pass, element, role, tag)?.name || '';
    }
  }
  // What is in a frame, its title too, belongs to no name outside it.
  if (tag === 'iframe') return '';
  if (tag === 'input' || tag === 'select' || tag === 'textarea') return value === null ? (attribute(element, 'title') || '') : value;
  const content = contentName(pass, element, inner, depth);
  if (flat(content)) return content;
  return role === null ? content : (attribute(element, 'title') || '').trim() || content;
};

// Accname 2C: a control inside a label counts with what it holds.
const embeddedValue = (pass, element, role, tag, how) => {
  if (how.self === element) return '';
  switch (role) {
    case 'textbox': case 'searchbox':
      if (tag === 'input' || tag === 'textarea') return shownValue(element);
      return textContent(element).slice(0, NAME_PART_MAX);
    case 'combobox': case 'listbox': {
      if (tag === 'select') return [...selectOptions(element)].filter(option => optionSelected(option)).slice(0, 50).map(option => optionLabel(option)).join(' ');
      if (tag === 'input') return shownValue(element);
      return null;
    }
    case 'slider': case 'spinbutton': case 'progressbar': case 'meter': case 'scrollbar': {
      if (role === 'progressbar' || role === 'meter') return null;
      const text = attribute(element, 'aria-valuetext') ?? attribute(element, 'aria-valuenow');
      if (text !== null) return text;
      return tag === 'input' ? inputValue(element) : '';
    }
    case 'menu': return '';
    default: return null;
  }
};

/** All children in drawing order, each block set apart by spaces. Remembered per pass, so nested names stay linear. */
const contentName = (pass, element, how, depth, onlyElements = false) => {
  if (depth > NAME_DEPTH_MAX) return '';
  const plain = !how.referenced && !how.label && !onlyElements;
  if (plain) {
    const known = pass.contents.get(element);
    if (known !== undefined) return known;
  }
  let out = pseudoText(pass, element, 'before');
  const add = child => {
    if (isText(child)) {
      if (!onlyElements) out += nodeValue(child);
      return;
    }
    if (!isElement(child)) return;
    const tag = tagOf(child);
    const text = alternative(pass, child, how, depth + 1);
    const block = tag === 'br' || (styleOf(pass, child).display !== 'inline' && !NEVER_SHOWN.has(tag));
    out += block ? ' ' + text + ' ' : text;
  };
  for (const child of composedChildren(element)) {
    add(child);
    if (out.length > NAME_PART_MAX) break;
  }
  for (const owned of idList(element, 'aria-owns')) if (!contains(owned, element)) add(owned);
  out += pseudoText(pass, element, 'after');
  if (plain) pass.contents.set(element, out);
  return out;
};

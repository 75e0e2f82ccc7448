// Changes that need no pointer: filling, choosing, focus.

const setterOf = (proto, name) => {
  const set = Object.getOwnPropertyDescriptor(proto, name).set;
  return (node, value) => set.call(node, value);
};
const setInputValue = setterOf(HTMLInputElement.prototype, 'value');
const setTextareaValue = setterOf(HTMLTextAreaElement.prototype, 'value');
const setOptionSelected = setterOf(HTMLOptionElement.prototype, 'selected');
const focusElement = methodOf(HTMLElement.prototype, 'focus');
const selectInput = methodOf(HTMLInputElement.prototype, 'select');
const selectTextarea = methodOf(HTMLTextAreaElement.prototype, 'select');
const dispatch = methodOf(EventTarget.prototype, 'dispatchEvent');

const TEXT_TYPES = new Set(['', 'text', 'email', 'number', 'password', 'search', 'tel', 'url']);
const SET_TYPES = new Set(['color', 'date', 'datetime-local', 'month', 'range', 'time', 'week']);

/** What a label stands for, else the element itself. */
const controlOf = element => {
  const label = tagOf(element) === 'label' ? element : null;
  return (label && labelControl(label)) || element;
};
const tell = (element, data) => {
  dispatch(element, new InputEvent('input', { bubbles: true, composed: true, inputType: 'insertText', data }));
  dispatch(element, new Event('change', { bubbles: true }));
};

const fill = ({ target, text }) => {
  const element = controlOf(resolve(target));
  const tag = tagOf(element);
  const value = String(text ?? '');
  const type = tag === 'input' ? inputType(element) : '';
  const settable = tag === 'textarea' || (tag === 'input' && (TEXT_TYPES.has(type) || SET_TYPES.has(type)));
  if (!settable && !editable(element)) {
    throw fail('wrong_kind', `${describe(element)} is ${tag === 'input' ? `an input of type ${type}` : 'no text field'}; ${tag === 'select' ? 'use browser_select_option' : type === 'file' ? 'use browser_file_upload' : 'click it instead, or choose a text field'}`);
  }
  if (isDisabled(element, roleOf(element, tag), tag)) throw fail('not_enabled', `${describe(element)} is disabled; do first what the page asks for, then try again`);
  if (settable && hasAttribute(element, 'readonly')) throw fail('not_editable', `${describe(element)} is read-only; look for a button that makes it editable`);
  focusElement(element);
  forgetSecret(element);
  if (tag === 'input') {
    if (type === 'number' && value !== '' && Number.isNaN(Number(value))) throw fail('wrong_kind', `"${cut(value)}" is no number; ${describe(element)} takes one`);
    if (!SET_TYPES.has(type)) selectInput(element);
    const before = inputValue(element);
    const clean = SET_TYPES.has(type) ? value.trim() : value;
    setInputValue(element, type === 'color' ? clean.toLowerCase() : clean);
    if (SET_TYPES.has(type) && !tookValue(element, type, clean)) {
      const example = { color: '#ff8800', date: '2026-01-31', 'datetime-local': '2026-01-31T13:30', month: '2026-01', time: '13:30', week: '2026-W05', range: `${attribute(element, 'min') || 0} to ${attribute(element, 'max') || 100}` }[type];
      setInputValue(element, before);
      throw fail('wrong_kind', `"${cut(value)}" does not fit an input of type ${type}; write it as ${example}`);
    }
    tell(element, value);
  } else if (tag === 'textarea') {
    selectTextarea(element);
    setTextareaValue(element, value);
    tell(element, value);
  } else {
    const range = newRange(document);
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    // Editing commands go the way typing goes, so editors that draw their own text see it.
    const done = value ? editCommand(document, 'insertText', false, value) : editCommand(document, 'delete');
    if (!done && flat(textContent(element)) !== flat(value)) throw fail('not_editable', `${describe(element)} did not take the text; click it and type with slowly=true`);
  }
  return { ok: true };
};
const tookValue = (element, type, wanted) => {
  const now = inputValue(element);
  if (type === 'range') return wanted !== '' && Number(now) === Number(wanted);
  if (type === 'color') return now === wanted.toLowerCase();
  return now === wanted || (wanted !== '' && now !== '' && (now.startsWith(wanted) || wanted.startsWith(now)));
};

const focus = ({ target, select = false }) => {
  const element = controlOf(resolve(target));
  if (element instanceof HTMLElement) focusElement(element);
  else element.focus?.();
  if (select) {
    const tag = tagOf(element);
    if (tag === 'input' && TEXT_TYPES.has(inputType(element))) selectInput(element);
    else if (tag === 'textarea') selectTextarea(element);
    else if (editable(element)) getSelection().selectAllChildren(element);
  }
  return { ok: true };
};
const blur = () => {
  const active = documentActive(document);
  if (active && active !== documentBody(document)) active.blur?.();
  return { ok: true };
};

const select = ({ target, values = [] }) => {
  const element = controlOf(resolve(target));
  const tag = tagOf(element);
  if (tag !== 'select') throw fail('wrong_kind', `${describe(element)} is no select; click it and choose from what opens`);
  if (isDisabled(element, roleOf(element, tag), tag)) throw fail('not_enabled', `${describe(element)} is disabled; do first what the page asks for, then try again`);
  const options = [...selectOptions(element)];
  const multiple = selectMultiple(element);
  const chosen = [];
  for (const wanted of (multiple ? values : values.slice(0, 1)).map(String)) {
    const option = options.find(one => optionValue(one) === wanted) || options.find(one => flat(optionLabel(one)) === flat(wanted));
    if (!option) {
      const offered = options.slice(0, 10).map(one => `"${cut(optionLabel(one), 30)}"`).join(', ');
      throw fail('no_option', `${describe(element)} has no option "${cut(wanted)}"; it has ${options.length}: ${offered}`);
    }
    if (matches(option, ':disabled')) throw fail('no_option', `The option "${cut(wanted)}" of ${describe(element)} is disabled; choose another`);
    chosen.push(option);
  }
  focusElement(element);
  for (const option of options) if (multiple && !chosen.includes(option)) setOptionSelected(option, false);
  for (const option of chosen) setOptionSelected(option, true);
  if (!multiple && !chosen.length) for (const option of options) setOptionSelected(option, false);
  dispatch(element, new Event('input', { bubbles: true, composed: true }));
  dispatch(element, new Event('change', { bubbles: true }));
  return { selected: chosen.map(option => optionValue(option)) };
};

const fileInput = ({ target }) => ({ directory: hasAttribute(resolve(target), 'webkitdirectory') });
const cancelled = ({ target }) => {
  dispatch(resolve(target), new Event('cancel', { bubbles: true }));
  return { ok: true };
};

const checked = ({ target }) => {
  const element = controlOf(resolve(target));
  const tag = tagOf(element);
  const role = roleOf(element, tag);
  const state = checkedOf(element, role, tag);
  if (state === undefined || tag === 'option') throw fail('wrong_kind', `${describe(element)} is no checkbox, radio button or switch; click it instead`);
  return { checked: state, kind: tag === 'input' ? inputType(element) : role };
};

const value = ({ target }) => {
  const element = controlOf(resolve(target));
  const tag = tagOf(element);
  if (tag === 'input') return { value: inputValue(element), kind: inputType(element) };
  if (tag === 'textarea') return { value: textareaValue(element), kind: 'textarea' };
  if (tag === 'select') return { value: [...selectOptions(element)].filter(option => optionSelected(option)).map(option => optionValue(option)).join(','), kind: 'select' };
  return { value: flat(textContent(element)), kind: editable(element) ? 'editable' : 'text' };
};

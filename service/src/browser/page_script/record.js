// What a person does on the page, told to the service as it happens: for a recording as code. Only trusted events count, and
// what a secret field holds is never told.

const TELL = '__helmwatchTell';
/** Longest text told. */
const TOLD_MAX = 4000;
const TOLD_KEYS = new Set('Enter Escape Tab ArrowUp ArrowDown ArrowLeft ArrowRight PageUp PageDown Home End Delete Backspace F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12'.split(' '));

let recording = null;

const tellAct = (kind, element, more = {}) => {
  const where = parent === window ? {} : { frame: documentAddress(document).slice(0, 500) };
  globalThis[TELL]?.(JSON.stringify({ kind, on: locatorOf(newPass(), element), ...where, ...more }));
};

const isTextField = element => {
  const tag = tagOf(element);
  if (tag === 'textarea') return true;
  return tag === 'input' ? !/^(checkbox|radio|file|button|submit|reset|image|color|range)$/.test(inputType(element)) : editable(element) === true;
};
const isToggle = element => tagOf(element) === 'input' && /^(checkbox|radio)$/.test(inputType(element));

/** What a person means who clicks here: the button around the icon, not the icon. */
const meant = element => {
  for (let at = element, steps = 0; at && steps < 50; at = composedParent(at), steps++) {
    const tag = tagOf(at);
    if (tag === 'label' || tag === 'summary' || MARKED_ROLES.has(roleOf(at, tag))) return at;
  }
  return element;
};

const toldClick = (element, event) => {
  const on = meant(element);
  const control = tagOf(on) === 'label' ? labelControl(on) || on : on;
  // Fields are told by what is put into them, boxes by how they stand.
  if (isTextField(control) || isToggle(control) || /^(select|option)$/.test(tagOf(control))) return;
  // A key that presses is told as the key.
  if (event.type === 'click' && event.detail === 0) return;
  tellAct(event.type === 'dblclick' ? 'dblclick' : 'click', on, event.type === 'contextmenu' ? { button: 'right' } : {});
};
const toldInput = element => {
  const tag = tagOf(element);
  if (isToggle(element) || tag === 'select' || (tag === 'input' && inputType(element) === 'file')) return;
  if (SECRET_KINDS.has(fieldKind(newPass(), element))) {
    tellAct('secret', element);
    return;
  }
  const value = tag === 'input' ? inputValue(element) : tag === 'textarea' ? textareaValue(element) : textContent(element);
  tellAct('fill', element, { value: value.slice(0, TOLD_MAX) });
};
const toldChange = element => {
  if (isToggle(element)) tellAct(inputChecked(element) ? 'check' : 'uncheck', element);
  else if (tagOf(element) === 'select') {
    const values = [...selectOptions(element)].filter(option => optionSelected(option)).map(option => optionValue(option).slice(0, TOLD_MAX));
    tellAct('select', element, { values: values.slice(0, 100) });
  }
};
const toldKey = (element, event) => {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  const chord = (ctrlKey || metaKey || altKey) && key.length === 1;
  if (!chord && !TOLD_KEYS.has(key)) return;
  const field = isTextField(element);
  // Editing inside a field is told by what it holds afterwards.
  if (field && !chord && !/^(Enter|Escape|Tab|F\d+)$/.test(key)) return;
  if (field && key === 'Enter' && tagOf(element) !== 'input') return;
  const held = [ctrlKey && 'Control', altKey && 'Alt', metaKey && 'Meta', shiftKey && key.length > 1 && 'Shift'].filter(Boolean);
  tellAct('press', element, { key: [...held, key].join('+') });
};

const record = () => {
  if (recording) return {};
  recording = new AbortController();
  const { signal } = recording;
  const listen = (type, told) => addEventListener(type, event => {
    const element = event.composedPath()[0];
    if (!event.isTrusted || !element || nodeType(element) !== 1) return;
    try {
      told(element, event);
    } catch {
      // A page that is strange enough to trip this is recorded without this step.
    }
  }, { capture: true, passive: true, signal });
  listen('click', toldClick);
  listen('dblclick', toldClick);
  listen('contextmenu', toldClick);
  listen('input', toldInput);
  listen('change', toldChange);
  listen('keydown', toldKey);
  return {};
};

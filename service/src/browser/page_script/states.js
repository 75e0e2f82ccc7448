// ARIA states, from the attribute where the page states one and from the element itself where HTML does.

const CHECKED_ROLES = new Set(['checkbox', 'menuitemcheckbox', 'option', 'radio', 'switch', 'menuitemradio', 'treeitem']);
const DISABLED_ROLES = new Set(('application button composite gridcell input link menuitem scrollbar separator tab checkbox columnheader combobox '
  + 'grid listbox menu menubar menuitemcheckbox menuitemradio option radio radiogroup row rowheader searchbox select slider spinbutton switch tablist '
  + 'textbox toolbar tree treegrid treeitem').split(' '));
const EXPANDED_ROLES = new Set(('application button checkbox combobox gridcell link listbox menuitem row rowheader tab treeitem columnheader '
  + 'menuitemcheckbox menuitemradio switch').split(' '));
const INVALID_ROLES = new Set(('application checkbox combobox gridcell listbox radiogroup slider spinbutton textbox tree columnheader rowheader searchbox '
  + 'switch treegrid').split(' '));
const LEVEL_ROLES = new Set(['heading', 'listitem', 'row', 'treeitem']);
const SELECTED_ROLES = new Set(['gridcell', 'option', 'row', 'tab', 'rowheader', 'columnheader', 'treeitem']);

const checkedOf = (element, role, tag) => {
  if (!CHECKED_ROLES.has(role)) return undefined;
  if (tag === 'input') {
    const type = inputType(element);
    if (type === 'checkbox' && inputIndeterminate(element)) return 'mixed';
    if (type === 'checkbox' || type === 'radio') return inputChecked(element);
  }
  const stated = attribute(element, 'aria-checked');
  if (stated === 'true') return true;
  return stated === 'mixed' && role !== 'radio' && role !== 'switch' && role !== 'menuitemradio' ? 'mixed' : false;
};

const CAN_DISABLE = new Set(['button', 'input', 'select', 'textarea', 'option', 'optgroup', 'fieldset']);
// `:disabled` also matches the options of a disabled select, which say nothing of their own.
const isNativelyDisabled = (element, tag) => CAN_DISABLE.has(tag)
  && (tag === 'option' ? hasAttribute(element, 'disabled') || Boolean(closest(element, 'optgroup[disabled]')) : matches(element, ':disabled'));

/** Disabled by HTML, or by `aria-disabled` on itself or an ancestor. */
const isDisabled = (element, role, tag = tagOf(element)) => {
  if (isNativelyDisabled(element, tag)) return true;
  if (!DISABLED_ROLES.has(role)) return false;
  for (let at = element, steps = 0; at && steps < 1000; at = composedParent(at), steps++) {
    const stated = attribute(at, 'aria-disabled');
    if (stated === 'true') return true;
    if (stated === 'false') return false;
  }
  return false;
};

/** States as the words of the snapshot, in its order. */
const stateWords = (element, role, tag, disabledAbove, active) => {
  const words = [];
  const checked = checkedOf(element, role, tag);
  if (checked === 'mixed') words.push('checked=mixed');
  else if (checked) words.push('checked');
  if (DISABLED_ROLES.has(role)) {
    const stated = attribute(element, 'aria-disabled');
    if (isNativelyDisabled(element, tag) || stated === 'true' || (stated !== 'false' && disabledAbove)) words.push('disabled');
  }
  if (EXPANDED_ROLES.has(role) && attribute(element, 'aria-expanded') === 'true') words.push('expanded');
  if (active) words.push('active');
  if (INVALID_ROLES.has(role)) {
    const invalid = (attribute(element, 'aria-invalid') || '').trim().toLowerCase();
    if (invalid === 'grammar' || invalid === 'spelling') words.push('invalid=' + invalid);
    else if (invalid && invalid !== 'false') words.push('invalid');
  }
  const level = LEVEL_ROLES.has(role) ? levelOf(element, tag) : 0;
  if (level) words.push('level=' + level);
  if (role === 'button') {
    const pressed = attribute(element, 'aria-pressed');
    if (pressed === 'mixed') words.push('pressed=mixed');
    else if (pressed === 'true') words.push('pressed');
  }
  if (SELECTED_ROLES.has(role)) {
    if (tag === 'option' ? optionSelected(element) : attribute(element, 'aria-selected') === 'true') words.push('selected');
  }
  return words;
};

const levelOf = (element, tag) => {
  const native = /^h[1-6]$/.test(tag) ? Number(tag[1]) : 0;
  const stated = Number(attribute(element, 'aria-level'));
  return Number.isInteger(stated) && stated >= 1 ? stated : native;
};

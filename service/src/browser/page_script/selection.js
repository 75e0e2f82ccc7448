// What is selected in this document, for a person who copies it. Secret fields give nothing, as in a browser with a window.

const SELECTION_CHARS_MAX = 200000;
const fieldStart = getterOf(HTMLInputElement.prototype, 'selectionStart');
const fieldEnd = getterOf(HTMLInputElement.prototype, 'selectionEnd');
const areaStart = getterOf(HTMLTextAreaElement.prototype, 'selectionStart');
const areaEnd = getterOf(HTMLTextAreaElement.prototype, 'selectionEnd');

/** The text, and whether the keyboard is in this very document. */
const selection = () => {
  let active = documentActive(document);
  for (let inner = active; inner; inner = shadowRoot(inner)?.activeElement) active = inner;
  const tag = active ? tagOf(active) : '';
  const here = documentHasFocus(document) && tag !== 'iframe' && tag !== 'frame';
  let text = '';
  if (tag === 'textarea') text = textareaValue(active).slice(areaStart(active), areaEnd(active));
  else if (tag === 'input' && fieldStart(active) !== null) {
    const secret = inputType(active) === 'password' || secretFields.has(active);
    text = secret ? '' : inputValue(active).slice(fieldStart(active), fieldEnd(active));
  }
  if (text === '' && tag !== 'input') text = String(getSelection() ?? '');
  return { here, text: text.slice(0, SELECTION_CHARS_MAX) };
};

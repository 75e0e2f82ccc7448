// Says where an element is in the words of Playwright, so that a step can be pasted into a test: the first of the usual
// locators that finds this element and no other.

const quote = text => "'" + text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n') + "'";
const LOCATOR_TEXT_MAX = 80;

const locatorOf = (pass, element) => {
  const tag = tagOf(element);
  const role = roleOf(element, tag);
  const name = role ? nameOf(pass, element, role, tag).name : '';
  const words = flat(wordsOf(pass, element));
  const spare = [];
  const tries = [];
  const add = (code, step, exactCode, exactStep) => tries.push([code, step, exactCode, exactStep]);

  const testId = attribute(element, 'data-testid');
  if (testId) add(`getByTestId(${quote(testId)})`, attributeStep('data-testid', testId, true));
  if (role && role !== 'generic' && name && name.length <= LOCATOR_TEXT_MAX * 2) {
    add(`getByRole('${role}', { name: ${quote(name)} })`, roleStep(role, { name }), `getByRole('${role}', { name: ${quote(name)}, exact: true })`, roleStep(role, { name, exact: true }));
  }
  const hint = tag === 'input' || tag === 'textarea' ? attribute(element, 'placeholder') : null;
  if (hint && hint.trim()) add(`getByPlaceholder(${quote(flat(hint))})`, attributeStep('placeholder', hint, false), `getByPlaceholder(${quote(hint)}, { exact: true })`, attributeStep('placeholder', hint, true));
  const label = labelsOf(element, tag).map(other => flat(wordsOf(pass, other))).find(Boolean);
  if (label && label.length <= LOCATOR_TEXT_MAX) add(`getByLabel(${quote(label)})`, labelStep(label, false), `getByLabel(${quote(label)}, { exact: true })`, labelStep(label, true));
  const alt = attribute(element, 'alt');
  if (alt && alt.trim()) add(`getByAltText(${quote(flat(alt))})`, attributeStep('alt', alt, false), `getByAltText(${quote(alt)}, { exact: true })`, attributeStep('alt', alt, true));
  if (words && words.length <= LOCATOR_TEXT_MAX && tag !== 'select') add(`getByText(${quote(words)})`, textStep(words, false), `getByText(${quote(words)}, { exact: true })`, textStep(words, true));
  const title = attribute(element, 'title');
  if (title && title.trim()) add(`getByTitle(${quote(flat(title))})`, attributeStep('title', title, false), `getByTitle(${quote(title)}, { exact: true })`, attributeStep('title', title, true));
  const id = attribute(element, 'id');
  if (id && id.length < 100) add(`locator(${quote('#' + CSS.escape(id))})`, cssStep('#' + CSS.escape(id)));
  if (role && role !== 'generic') add(`getByRole('${role}')`, roleStep(role));
  const fieldName = attribute(element, 'name');
  if (fieldName && !tag.includes(':')) {
    const css = `${tag}[name=${JSON.stringify(fieldName)}]`;
    add(`locator(${quote(css)})`, cssStep(css));
  }
  if (!tag.includes(':')) add(`locator(${quote(tag)})`, cssStep(CSS.escape(tag)));

  for (const [code, step, exactCode, exactStep] of tries) {
    const found = step([document], pass);
    if (found.length === 1 && found[0] === element) return code;
    if (exactStep && found.includes(element)) {
      const exact = exactStep([document], pass);
      if (exact.length === 1 && exact[0] === element) return exactCode;
      if (exact.includes(element)) spare.push([exactCode, exact]);
    }
    if (found.includes(element)) spare.push([code, found]);
  }
  // Nothing is unique: say which of several it is.
  const [code, found] = spare[0] || [];
  if (!code) return `locator(${quote(pathOf(element))})`;
  const index = found.indexOf(element);
  return index === 0 ? `${code}.first()` : `${code}.nth(${index})`;
};

/** The way down to an element, through open shadow trees, by tag and position among siblings. */
const pathOf = element => {
  const parts = [];
  for (let at = element; at && parts.length < 2000;) {
    let position = 1;
    const tag = localName(at);
    for (let before = previousElement(at); before; before = previousElement(before)) if (localName(before) === tag) position++;
    parts.unshift(`${CSS.escape(tag)}:nth-of-type(${position})`);
    const parent = parentNode(at);
    if (!parent || nodeType(parent) === 9) break;
    at = nodeType(parent) === 11 ? (parent instanceof ShadowRoot ? (parts.unshift('>>'), parent.host) : null) : parent;
  }
  return parts.join(' > ').replaceAll('> >> >', '>>');
};

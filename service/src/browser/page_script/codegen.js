// Says where an element is in the words of Playwright, so that a step can be pasted into a test: the first of the usual
// locators that finds this element and no other.

const quote = text => "'" + text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n') + "'";
/** Longer texts are cut at a word's end, as long as what is left still finds only this element. */
const LOCATOR_TEXT_MAX = 30;
const FULL_TEXT_MAX = 160;

/** The text, cut and whole, in the order to try them. */
const textChoices = text => {
  const clean = flat(text);
  if (!clean) return [];
  const short = clean.replace(/^[\d.]+\s+(?=\p{L})/u, '');
  const cutAt = short.length <= LOCATOR_TEXT_MAX ? short : (short.slice(0, LOCATOR_TEXT_MAX + 1).match(/^.*[\p{L}\p{N}_](?=[^\p{L}\p{N}_])/u) || [short])[0];
  return [...new Set([cutAt, clean])].filter(choice => choice.length <= FULL_TEXT_MAX);
};

const locatorOf = (pass, element) => {
  const tag = tagOf(element);
  const css = tag.includes(':') ? '*' : CSS.escape(tag);
  const role = roleOf(element, tag);
  const name = role ? nameOf(pass, element, role, tag).name : '';
  const words = wordsOf(pass, element);
  const spoken = role && role !== 'generic';
  let spare = null;
  const only = (code, step) => {
    const found = step([document], pass);
    const index = found.indexOf(element);
    if (index < 0) return null;
    if (found.length === 1) return code;
    spare ??= index === 0 ? `${code}.first()` : `${code}.nth(${index})`;
    return null;
  };
  // `make(text, exact)` gives the step for a text; the code is `call` with the text as its last word.
  const byText = (text, call, make) => {
    for (const choice of textChoices(text)) {
      const found = only(call(quote(choice), ''), make(choice, false));
      if (found) return found;
    }
    const clean = flat(text);
    return clean && clean.length <= FULL_TEXT_MAX ? only(call(quote(clean), 'exact: true'), make(clean, true)) : null;
  };
  const plainCall = method => (text, exact) => `${method}(${text}${exact ? `, { ${exact} }` : ''})`;
  const byAttribute = (attributeName, method) => {
    const value = attribute(element, attributeName);
    return value ? byText(value, plainCall(method), (text, exact) => attributeStep(attributeName, text, exact)) : null;
  };

  const testId = attribute(element, 'data-testid');
  const id = attribute(element, 'id');
  const fieldName = attribute(element, 'name');
  const isField = tag === 'input' || tag === 'textarea' || tag === 'select';
  const label = isField ? labelsOf(pass, element, tag).map(other => flat(wordsOf(pass, other))).find(Boolean) : '';
  return (testId && only(`getByTestId(${quote(testId)})`, attributeStep('data-testid', testId, true)))
    || (spoken && name && byText(name, (text, exact) => `getByRole('${role}', { name: ${text}${exact ? ', ' + exact : ''} })`, (text, exact) => roleStep(role, { name: text, exact })))
    || (isField && byAttribute('placeholder', 'getByPlaceholder'))
    || (label && byText(label, plainCall('getByLabel'), labelStep))
    || byAttribute('alt', 'getByAltText')
    || (!isField && flat(words) && byText(words, plainCall('getByText'), textStep))
    || byAttribute('title', 'getByTitle')
    || (id && id.length < 100 && only(`locator(${quote('#' + CSS.escape(id))})`, cssStep('#' + CSS.escape(id))))
    || (spoken && only(`getByRole('${role}')`, roleStep(role)))
    || (isField && fieldName && only(`locator(${quote(`${css}[name=${JSON.stringify(fieldName)}]`)})`, cssStep(`${css}[name=${JSON.stringify(fieldName)}]`)))
    || containerLocator(element, css, spoken ? role : null, words, only)
    || only(`locator(${quote(css)})`, cssStep(css))
    || spare
    || `locator(${quote(pathOf(element))})`;
};

/** An item or box without a name of its own, by what is in it. */
const containerLocator = (element, css, role, words, only) => {
  for (const choice of textChoices(words)) {
    const base = role ? roleStep(role) : cssStep(css);
    const filter = filterStep({ hasText: choice });
    const found = only(`${role ? `getByRole('${role}')` : `locator(${quote(css)})`}.filter({ hasText: ${quote(choice)} })`, (scopes, pass) => filter(base(scopes, pass), pass));
    if (found) return found;
  }
  return null;
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

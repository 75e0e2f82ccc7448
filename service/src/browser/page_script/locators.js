// Reads locators as Playwright prints them: `getByRole('button', { name: 'Save' }).first()`. A small reader of literals, never `eval`.

const parseLocator = text => {
  const reader = { text: text.replace(/^(?:await\s+)?page\./, ''), at: 0 };
  const steps = readChain(reader);
  skipSpace(reader);
  if (reader.at !== reader.text.length) throw badLocator(reader);
  return steps;
};
const badLocator = reader => fail('bad_selector', `${cut(reader.text, 100)} is not a locator this service reads (stopped at character ${reader.at + 1}); use a ref from the snapshot`);

const readChain = reader => {
  const steps = [];
  for (;;) {
    skipSpace(reader);
    const name = readWord(reader);
    const args = readArguments(reader);
    steps.push(...locatorSteps(reader, name, args));
    skipSpace(reader);
    if (reader.text[reader.at] !== '.') return steps;
    reader.at++;
  }
};
const skipSpace = reader => {
  while (/\s/.test(reader.text[reader.at] || '')) reader.at++;
};
const readWord = reader => {
  const match = /[A-Za-z_$][\w$]*/y;
  match.lastIndex = reader.at;
  const found = match.exec(reader.text);
  if (!found) throw badLocator(reader);
  reader.at = match.lastIndex;
  return found[0];
};
const expectChar = (reader, char) => {
  skipSpace(reader);
  if (reader.text[reader.at] !== char) throw badLocator(reader);
  reader.at++;
};
const readArguments = reader => {
  expectChar(reader, '(');
  const out = [];
  for (;;) {
    skipSpace(reader);
    if (reader.text[reader.at] === ')') {
      reader.at++;
      return out;
    }
    if (out.length) expectChar(reader, ',');
    out.push(readValue(reader, 0));
  }
};
const STRING_ESCAPES = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', 0: '\0' };
const readValue = (reader, depth) => {
  if (depth > 10) throw badLocator(reader);
  skipSpace(reader);
  const char = reader.text[reader.at];
  if (char === "'" || char === '"' || char === '`') return readString(reader, char);
  if (char === '/') {
    const match = /\/((?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+)\/([a-z]*)/y;
    match.lastIndex = reader.at;
    const found = match.exec(reader.text);
    if (!found) throw badLocator(reader);
    reader.at = match.lastIndex;
    return regexIn(found[0]);
  }
  if (char === '{') {
    reader.at++;
    const out = {};
    for (let first = true; ; first = false) {
      skipSpace(reader);
      if (reader.text[reader.at] === '}') {
        reader.at++;
        return out;
      }
      if (!first) {
        expectChar(reader, ',');
        skipSpace(reader);
        if (reader.text[reader.at] === '}') continue;
      }
      const key = /["']/.test(reader.text[reader.at] || '') ? readString(reader, reader.text[reader.at]) : readWord(reader);
      expectChar(reader, ':');
      out[key] = readValue(reader, depth + 1);
    }
  }
  const number = /-?\d+(?:\.\d+)?/y;
  number.lastIndex = reader.at;
  const digits = number.exec(reader.text);
  if (digits) {
    reader.at = number.lastIndex;
    return Number(digits[0]);
  }
  const from = reader.at;
  const word = readWord(reader);
  if (word === 'true') return true;
  if (word === 'false') return false;
  reader.at = from;
  if (word === 'page') reader.at += 5;
  return { steps: readChain(reader) };
};
const readString = (reader, quote) => {
  let out = '';
  for (reader.at++; reader.at < reader.text.length; reader.at++) {
    const char = reader.text[reader.at];
    if (char === quote) {
      reader.at++;
      return out;
    }
    if (char !== '\\') {
      out += char;
      continue;
    }
    const next = reader.text[++reader.at];
    const hex = next === 'u' || next === 'x' ? reader.text.slice(reader.at + 1, reader.at + (next === 'u' ? 5 : 3)) : '';
    if (hex && /^[0-9a-f]+$/i.test(hex)) {
      out += String.fromCharCode(parseInt(hex, 16));
      reader.at += hex.length;
    } else out += STRING_ESCAPES[next] ?? next;
  }
  throw badLocator(reader);
};

const locatorSteps = (reader, name, [first, options = {}]) => {
  const exact = options.exact === true;
  const words = () => {
    if (typeof first === 'string' || first instanceof RegExp) return first;
    throw badLocator(reader);
  };
  switch (name) {
    case 'getByRole': return [roleStep(words(), options)];
    case 'getByText': return [textStep(words(), exact)];
    case 'getByLabel': return [labelStep(words(), exact)];
    case 'getByPlaceholder': return [attributeStep('placeholder', words(), exact)];
    case 'getByAltText': return [attributeStep('alt', words(), exact)];
    case 'getByTitle': return [attributeStep('title', words(), exact)];
    case 'getByTestId': return [attributeStep('data-testid', words(), true)];
    case 'locator': {
      const steps = first?.steps ? first.steps : /^(?:aria-)?ref=/.test(words()) ? [() => [elementByRef(words().replace(/^(?:aria-)?ref=/, ''))]] : parseEngines(words());
      return Object.keys(options).length ? [...steps, filterStep(withSteps(options))] : steps;
    }
    case 'filter': return [filterStep(withSteps(first || {}))];
    case 'first': return [pick(0)];
    case 'last': return [pick(-1)];
    case 'nth': return [pick(Number(first))];
    case 'and': return [(found, pass) => {
      const other = new Set(runSteps(first.steps, [document], pass));
      return found.filter(element => other.has(element));
    }];
    case 'or': return [(found, pass) => [...new Set([...found, ...runSteps(first.steps, [document], pass)])]];
    default: throw fail('bad_selector', `.${cut(name, 30)}() is not read in a target; use a ref from the snapshot, which also works inside frames`);
  }
};
const withSteps = options => ({ ...options, has: options.has?.steps, hasNot: options.hasNot?.steps });

// Finding elements: refs, CSS, text, roles, XPath, and the locators Playwright prints. A target that fits several elements
// is refused, so that nothing is ever done to the wrong one.

const TARGET_MAX = 10000;
const WALK_MAX = 1500000;

/** The one element a target means. */
const resolve = target => {
  const found = resolveAll(target);
  if (found.length === 1) return found[0];
  const shown = cut(target, 120);
  if (!found.length) throw fail('not_found', `"${shown}" does not match any element; take a snapshot and use one of its refs`);
  throw fail('ambiguous', `"${shown}" matches ${found.length} elements; use a ref from the snapshot, or add .first() or .nth(i). The first are ${found.slice(0, 3).map(describe).join(', ')}`);
};

const resolveAll = target => {
  if (target instanceof Element) return [target];
  if (typeof target !== 'string' || !target.trim()) throw fail('bad_selector', 'the target is empty; give a ref such as e12 or a selector');
  const text = target.trim();
  if (text.length > TARGET_MAX) throw fail('bad_selector', `the target is longer than ${TARGET_MAX} characters; give a ref such as e12`);
  const ref = text.replace(/^(?:aria-ref|ref)=/, '');
  if (REF_FORM.test(ref)) return [elementByRef(ref)];
  if (HELD_FORM.test(text)) return [heldElement(text)];
  const steps = /^(?:(?:await\s+)?page\.)?(?:getBy[A-Z]\w*|locator|frameLocator)\(/.test(text) ? parseLocator(text) : parseEngines(text);
  let found = [document];
  const pass = newPass();
  for (const step of steps) found = step(found, pass);
  return found.filter(node => nodeType(node) === 1);
};

/** All elements under `scope`, in drawing order, open shadow trees included. */
const elementsUnder = scope => {
  const out = [];
  const stack = [];
  const push = node => {
    const children = [];
    for (let child = firstChild(node); child; child = nextSibling(child)) if (isElement(child)) children.push(child);
    for (let at = children.length - 1; at >= 0; at--) stack.push(children[at]);
  };
  push(scope);
  if (nodeType(scope) === 1 && shadowRoot(scope)) push(shadowRoot(scope));
  while (stack.length && out.length < WALK_MAX) {
    const element = stack.pop();
    out.push(element);
    push(element);
    const root = shadowRoot(element);
    if (root) push(root);
  }
  return out;
};
const inAll = (scopes, find) => {
  if (scopes.length === 1) return find(scopes[0]);
  const seen = new Set();
  for (const scope of scopes) for (const element of find(scope)) seen.add(element);
  return [...seen];
};

const cssStep = css => {
  const filters = [];
  let plain = css.trim();
  // Playwright's own pseudo-classes, where they end a selector.
  for (let match; (match = plain.match(/:(has-text|text-is|text|visible)(?:\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^()]*)\s*\))?$/));) {
    const [whole, kind, argument = ''] = match;
    const text = /^["']/.test(argument) ? argument.slice(1, -1).replace(/\\(.)/g, '$1') : argument;
    filters.push(kind === 'visible' ? (element, pass) => isSeen(pass, element)
      : kind === 'text-is' ? (element, pass) => flat(wordsOf(pass, element)) === flat(text)
        : (element, pass) => flat(wordsOf(pass, element)).toLowerCase().includes(flat(text).toLowerCase()));
    plain = plain.slice(0, plain.length - whole.length) || '*';
  }
  try {
    queryDocument(document, plain);
  } catch {
    throw fail('bad_selector', `${cut(css, 100)} is not a valid selector; use a ref, CSS, text=…, role=… or getByRole(…)`);
  }
  // A descendant may be inside the shadow tree of an ancestor, where the browser's own matching stops.
  const parts = filters.length || /[>+~,([\\"']/.test(plain) ? [] : plain.split(/\s+/);
  return (scopes, pass) => inAll(scopes, scope => {
    let found = [...queryIn(scope, plain)];
    const roots = shadowRootsUnder(scope);
    for (const root of roots) found.push(...queryFragment(root, plain));
    if (roots.length && parts.length > 1) {
      let inside = [scope];
      for (const part of parts) inside = inAll(inside, at => [...queryIn(at, part), ...shadowRootsUnder(at).flatMap(root => [...queryFragment(root, part)])]);
      found = [...new Set([...found, ...inside])];
    }
    for (const filter of filters) found = found.filter(element => filter(element, pass));
    return found;
  });
};
const shadowRootsUnder = scope => {
  const out = [];
  if (nodeType(scope) === 1 && shadowRoot(scope)) out.push(shadowRoot(scope));
  const visit = node => {
    // A host is a custom element or one of the few tags that may have a shadow tree.
    for (const element of queryIn(node, '*')) {
      const root = shadowRoot(element);
      if (root) {
        out.push(root);
        if (out.length < 10000) visit(root);
      }
    }
  };
  visit(scope);
  if (nodeType(scope) === 1 && shadowRoot(scope)) visit(shadowRoot(scope));
  return out;
};

const xpathStep = path => scopes => inAll(scopes, scope => {
  try {
    const result = evaluateXPath(document, path.startsWith('/') && nodeType(scope) !== 9 ? '.' + path : path, scope, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
    const out = [];
    for (let at = 0; at < result.snapshotLength; at++) if (isElement(result.snapshotItem(at))) out.push(result.snapshotItem(at));
    return out;
  } catch {
    throw fail('bad_selector', `${cut(path, 100)} is not a valid XPath; use a ref or another selector`);
  }
});

/** The words of an element without scripts and styles, with what its open shadow tree and its buttons show. */
const wordsOf = (pass, element) => {
  pass.words ??= new Map();
  const known = pass.words.get(element);
  if (known !== undefined) return known;
  // Post-order without recursion: children first, each remembered once.
  const stack = [[element, false]];
  while (stack.length) {
    const [node, done] = stack.pop();
    if (pass.words.has(node)) continue;
    const tag = tagOf(node);
    if (NEVER_SHOWN.has(tag)) {
      pass.words.set(node, '');
      continue;
    }
    if (tag === 'input') {
      pass.words.set(node, /^(submit|button|reset)$/.test(inputType(node)) ? inputValue(node) : '');
      continue;
    }
    const trees = shadowRoot(node) ? [shadowRoot(node), node] : [node];
    if (!done) {
      stack.push([node, true]);
      for (const tree of trees) for (let child = firstChild(tree); child; child = nextSibling(child)) if (isElement(child) && !pass.words.has(child)) stack.push([child, false]);
      continue;
    }
    let text = '';
    for (const tree of trees) {
      for (let child = firstChild(tree); child; child = nextSibling(child)) {
        if (isText(child)) text += nodeValue(child);
        else if (isElement(child)) text += pass.words.get(child) || '';
      }
    }
    pass.words.set(node, text);
  }
  return pass.words.get(element) || '';
};

/** A text matcher from a string or `{source, flags}`: part of it in any case, or all of it when `exact`. */
const matcher = (wanted, exact) => {
  if (wanted instanceof RegExp) return text => (wanted.lastIndex = 0, wanted.test(text));
  const plain = flat(String(wanted));
  if (exact) return text => text === plain;
  const lower = plain.toLowerCase();
  return text => text.toLowerCase().includes(lower);
};

/** The innermost elements whose words fit. */
const textStep = (wanted, exact) => {
  const fits = matcher(wanted, exact);
  return (scopes, pass) => inAll(scopes, scope => {
    const out = [];
    const start = nodeType(scope) === 9 ? documentElement(scope) : scope;
    if (!start) return out;
    // Without `exact` a parent holds all words of its children, so a branch that does not fit is not entered.
    const prune = !exact && !(wanted instanceof RegExp);
    const stack = [[start, false]];
    const inner = new Set();
    while (stack.length) {
      const [element, done] = stack.pop();
      if (done) {
        let below = false;
        for (const child of [...elementChildren(element)]) if (inner.has(child)) below = true;
        const self = fits(flat(wordsOf(pass, element)));
        if (self && !below && element !== scope) out.push(element);
        if (self || below) inner.add(element);
        continue;
      }
      if (NEVER_SHOWN.has(tagOf(element))) continue;
      if (prune && !fits(flat(wordsOf(pass, element)))) continue;
      stack.push([element, true]);
      const children = elementChildren(element);
      for (let at = children.length - 1; at >= 0; at--) stack.push([children[at], false]);
    }
    return out;
  });
};
const elementChildren = element => {
  const out = [];
  const root = shadowRoot(element);
  for (const tree of root ? [root, element] : [element]) for (let child = firstChild(tree); child; child = nextSibling(child)) if (isElement(child)) out.push(child);
  return out;
};

/** Hidden from assistive tools, by itself or an ancestor; remembered per pass. */
const isAriaHidden = (pass, element) => {
  pass.hidden ??= new Map();
  const path = [];
  let result = false;
  for (let at = element; at; at = composedParent(at)) {
    const known = pass.hidden.get(at);
    if (known !== undefined) {
      result = known;
      break;
    }
    path.push(at);
  }
  for (let index = path.length - 1; index >= 0; index--) {
    const at = path[index];
    const tag = tagOf(at);
    result = result || attribute(at, 'aria-hidden') === 'true' || NEVER_SHOWN.has(tag) || (tag !== 'option' && styleOf(pass, at).display === 'none');
    pass.hidden.set(at, result);
  }
  return result || !styleOf(pass, element).visible;
};
const isSeen = (pass, element) => !NEVER_SHOWN.has(tagOf(element)) && hasBox(pass, element);

/** Elements that can have a role, in drawing order: asked of the browser by tag and attribute where no shadow tree is in the way. */
const roleCandidates = (scope, role, pass) => {
  const css = (canHaveRole ??= rolesBySelector())[role];
  if (!css || hasShadowTrees(scope, pass)) return elementsUnder(scope);
  return queryIn(scope, css);
};
const hasShadowTrees = (scope, pass) => {
  pass.shadows ??= new Map();
  let known = pass.shadows.get(scope);
  if (known === undefined) pass.shadows.set(scope, known = shadowRootsUnder(scope).length > 0);
  return known;
};

// The cheap questions first: of a thousand buttons one has the name, and only that one's style is asked for.
const roleStep = (role, options = {}) => (scopes, pass) => {
  const named = options.name === undefined ? null : matcher(options.name, options.exact);
  return inAll(scopes, scope => {
    const found = [];
    for (const element of roleCandidates(scope, role, pass)) {
      const tag = tagOf(element);
      if (roleOf(element, tag) !== role) continue;
      if (STATES_ASKED.some(state => options[state] !== undefined && stateOf(element, role, tag, state) !== options[state])) continue;
      if (named && !named(nameOf(pass, element, role, tag).name)) continue;
      if (!options.includeHidden && isAriaHidden(pass, element)) continue;
      found.push(element);
      if (found.length >= WALK_MAX) break;
    }
    return found;
  });
};
const STATES_ASKED = ['checked', 'disabled', 'expanded', 'pressed', 'selected', 'level'];
const stateOf = (element, role, tag, state) => {
  switch (state) {
    case 'checked': return checkedOf(element, role, tag) ?? false;
    case 'disabled': return isDisabled(element, role, tag);
    case 'level': return levelOf(element, tag);
    case 'selected': return tag === 'option' ? optionSelected(element) : attribute(element, 'aria-selected') === 'true';
    default: {
      const value = attribute(element, 'aria-' + state);
      return value === 'mixed' ? 'mixed' : value === 'true';
    }
  }
};

const labelStep = (wanted, exact) => {
  const fits = matcher(wanted, exact);
  return (scopes, pass) => inAll(scopes, scope => elementsUnder(scope).filter(element => {
    const tag = tagOf(element);
    const references = idList(element, 'aria-labelledby');
    if (references.length) return references.some(other => fits(flat(wordsOf(pass, other)))) || fits(flat(references.map(other => wordsOf(pass, other)).join(' ')));
    const label = attribute(element, 'aria-label');
    if (label !== null && fits(flat(label))) return true;
    return labelsOf(pass, element, tag).some(other => fits(flat(wordsOf(pass, other))));
  }));
};

const attributeStep = (name, wanted, exact) => {
  const fits = matcher(wanted, exact);
  return scopes => inAll(scopes, scope => elementsUnder(scope).filter(element => {
    const value = attribute(element, name);
    return value !== null && fits(exact ? value : flat(value));
  }));
};

const pick = index => found => {
  const at = index < 0 ? found.length + index : index;
  return at >= 0 && at < found.length ? [found[at]] : [];
};

const filterStep = options => (found, pass) => found.filter(element => {
  if (options.hasText !== undefined && !matcher(options.hasText, false)(flat(wordsOf(pass, element)))) return false;
  if (options.hasNotText !== undefined && matcher(options.hasNotText, false)(flat(wordsOf(pass, element)))) return false;
  if (options.visible !== undefined && isSeen(pass, element) !== options.visible) return false;
  if (options.has && !runSteps(options.has, [element], pass).length) return false;
  return !(options.hasNot && runSteps(options.hasNot, [element], pass).length);
});
const runSteps = (steps, scopes, pass) => steps.reduce((found, step) => step(found, pass), scopes);

// `css=… >> text=… >> nth=0`
const parseEngines = text => splitChain(text).map(part => {
  const engine = part.match(/^([a-z-]+)=([\s\S]*)$/);
  if (/^(?:\/\/|\.\.|\(\/\/)/.test(part)) return xpathStep(part);
  if (/^["']/.test(part) && part.length > 1 && part.endsWith(part[0])) return textStep(part.slice(1, -1), true);
  if (!engine || /^[a-z-]+=["']?$/.test(part)) return cssStep(part);
  const [, name, body] = engine;
  switch (name) {
    case 'css': return cssStep(body);
    case 'xpath': return xpathStep(body);
    case 'text': {
      const value = body.trim();
      if (/^".*"$/.test(value) || /^'.*'$/.test(value)) return textStep(value.slice(1, -1), true);
      return textStep(regexIn(value) || value, false);
    }
    case 'id': return cssStep('#' + CSS.escape(body));
    case 'data-testid': case 'data-test-id': case 'data-test': return attributeStep(name, body.replace(/^["']|["']$/g, ''), true);
    case 'nth': return pick(Number(body));
    case 'visible': return filterStep({ visible: body === 'true' });
    case 'role': return parseRole(body);
    default: return cssStep(part);
  }
});
const splitChain = text => {
  const parts = [];
  let quote = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (quote) quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = text.indexOf(char, at + 1) > 0 ? char : '';
    else if (char === '>' && text[at + 1] === '>') {
      parts.push(text.slice(from, at).trim());
      from = at + 2;
      at++;
    }
  }
  parts.push(text.slice(from).trim());
  if (parts.some(part => !part)) throw fail('bad_selector', `${cut(text, 100)} has an empty part; write engine=body >> engine=body`);
  return parts;
};
const regexIn = text => {
  const match = text.match(/^\/(.*)\/([a-z]*)$/s);
  if (!match) return null;
  try {
    return new RegExp(match[1], match[2]);
  } catch {
    throw fail('bad_selector', `${cut(text, 100)} is not a valid regular expression`);
  }
};

// role=button[name="Save" i][pressed]
const parseRole = body => {
  const match = body.match(/^\s*([a-z]+)\s*((?:\[[\s\S]*\])?)\s*$/);
  if (!match) throw fail('bad_selector', `role=${cut(body, 80)} is not a role selector; write role=button[name="Save"]`);
  const options = {};
  const pattern = /\[\s*([a-z-]+)\s*(?:(=|\*=|\^=|\$=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/(?:[^/\\]|\\.)+\/[a-z]*|[\w-]+)\s*([is])?\s*)?\]/gy;
  let last = 0;
  for (let part; (part = pattern.exec(match[2]));) {
    last = pattern.lastIndex;
    const [, name, operator, raw, flag] = part;
    let value = raw === undefined ? true : raw === 'true' ? true : raw === 'false' ? false : /^\d+$/.test(raw) ? Number(raw) : raw;
    if (typeof value === 'string' && /^["']/.test(value)) value = value.slice(1, -1).replace(/\\(.)/g, '$1');
    if (name === 'name') {
      const expression = typeof raw === 'string' && raw[0] === '/' ? regexIn(raw) : null;
      const literal = String(value).replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
      if (expression) options.name = expression;
      else if (flag === 'i' && operator === '=') options.name = new RegExp(`^${literal}$`, 'i');
      else if (operator === '=') Object.assign(options, { name: value, exact: true });
      else options.name = new RegExp((operator === '^=' ? '^' : '') + literal + (operator === '$=' ? '$' : ''), flag === 'i' ? 'i' : '');
    } else if (name === 'include-hidden') options.includeHidden = value === true;
    else if (['checked', 'disabled', 'expanded', 'level', 'pressed', 'selected'].includes(name)) options[name] = value;
    else throw fail('bad_selector', `role=${cut(body, 80)}: [${cut(name, 20)}] is not known; use name, checked, disabled, expanded, level, pressed or selected`);
  }
  if (last !== match[2].length) throw fail('bad_selector', `role=${cut(body, 80)} is not a role selector; write role=button[name="Save"]`);
  return roleStep(match[1], options);
};

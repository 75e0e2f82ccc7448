// Computed style, read once per element and pass: a pass is synchronous, so nothing changes under it.

/** What one synchronous pass over the page remembers; made by `newPass` and dropped when the pass ends. */
const newPass = () => ({ styles: new Map(), contents: new Map(), labels: new Map(), pseudo: undefined });

/** What is asked of a style. Each property costs as much as a step of the walk, so those not always needed wait until they are. */
class ElementStyle {
  constructor(computed) {
    this.computed = computed;
    this.display = computed.display;
    this.visible = computed.visibility === 'visible';
  }

  get pointer() { return this.computed.cursor === 'pointer'; }
  get receives() { return this.computed.pointerEvents !== 'none'; }
}
const styleOf = (pass, element) => {
  let found = pass.styles.get(element);
  if (!found) pass.styles.set(element, found = new ElementStyle(getComputedStyle(element)));
  return found;
};

const NEVER_SHOWN = new Set(['script', 'style', 'noscript', 'template', 'head', 'title', 'meta', 'link', 'base']);

/** Is this element itself left out of the drawing (its ancestors are not looked at)? */
const isUndrawn = (pass, element, tag) => {
  if (NEVER_SHOWN.has(tag)) return true;
  const display = styleOf(pass, element).display;
  if (display === 'none') return true;
  if (display === 'contents' || tag === 'option' || tag === 'optgroup') return false;
  return !checkVisibility(element);
};

/** Boxless wrappers inside boxless wrappers; more than a few are an attack on the stack. */
const CONTENTS_DEPTH_MAX = 50;

/** Does the element, or with `display: contents` something in it, cover any area that is not hidden? */
const hasBox = (pass, element, depth = 0) => {
  const style = styleOf(pass, element);
  if (style.display === 'contents') {
    if (depth > CONTENTS_DEPTH_MAX) return false;
    for (let child = firstChild(element); child; child = nextSibling(child)) {
      if (isElement(child) ? hasBox(pass, child, depth + 1) : isText(child) && textHasBox(child)) return true;
    }
    return false;
  }
  if (!style.visible) return false;
  const rect = boundingRect(element);
  return rect.width > 0 && rect.height > 0;
};
const textHasBox = node => {
  const range = newRange(document);
  range.selectNode(node);
  const rect = range.getBoundingClientRect();
  return rect.width > 0 && rect.height > 0;
};

// Asking every element for its ::before and ::after doubles the cost of a pass. The style sheets say which elements can
// have one; only where a sheet cannot be read (another origin) every element is asked.
const PSEUDO = /::?(before|after)\b/;
const RULES_MAX = 20000;
const pseudoCandidates = () => {
  const selectors = { before: [], after: [] };
  let left = RULES_MAX;
  const collect = rules => {
    for (const rule of rules) {
      if (--left < 0) return false;
      if (rule.styleSheet) {
        if (!collect(rule.styleSheet.cssRules)) return false;
        continue;
      }
      if (rule.selectorText !== undefined && PSEUDO.test(rule.selectorText)) {
        if (rule.selectorText.includes('&') || rule.parentRule?.selectorText !== undefined) return false;
        if (rule.style && rule.style.content === '' && !rule.style.length) continue;
        for (const which of ['before', 'after']) {
          if (rule.selectorText.includes(':' + which)) selectors[which].push(rule.selectorText);
        }
      }
      if (rule.cssRules && rule.cssRules.length && !collect(rule.cssRules)) return false;
    }
    return true;
  };
  try {
    for (const sheet of [...documentSheets(document), ...documentAdopted(document)]) {
      if (!collect(sheet.cssRules)) return null;
    }
    const found = { before: new Set(), after: new Set() };
    for (const which of ['before', 'after']) {
      // `:not(::before)` and the like do not exist, so cutting the pseudo-element leaves a selector for its owner.
      const bare = selectors[which].map(text => text.replace(/::?(before|after|marker|first-line|first-letter|selection|placeholder|backdrop|-[\w-]+)\b(\([^)]*\))?/g, (_, name) => (name === 'before' || name === 'after' ? '' : ':not(*)'))
        .split(',').map(part => part.trim().replace(/([>+~]|^)$/, '$1*')).join(','));
      for (const text of bare) for (const element of queryDocument(document, text)) found[which].add(element);
    }
    return found;
  } catch {
    return null;
  }
};

/** Text drawn by ::before or ::after; empty for pictures and counters. */
const pseudoText = (pass, element, which) => {
  if (pass.pseudo === undefined) pass.pseudo = pseudoCandidates();
  if (pass.pseudo && !pass.pseudo[which].has(element) && !shadowRoot(element) && nodeType(rootOf(element)) === 9) return '';
  const style = getComputedStyle(element, '::' + which);
  const content = style.content;
  if (!content || content === 'none' || content === 'normal' || style.display === 'none' || style.visibility !== 'visible') return '';
  const text = contentText(element, content);
  return text && style.display !== 'inline' ? ` ${text} ` : text;
};

// CSS Content 3: strings, attr() and an alternative text after a slash.
const contentText = (element, content) => {
  const parts = content.match(/"(?:[^"\\]|\\.)*"|attr\([^)]*\)|\/|[\w-]+\([^)]*\)|[\w-]+/g) || [];
  const slash = parts.indexOf('/');
  let text = '';
  for (const part of slash >= 0 ? parts.slice(slash + 1) : parts) {
    if (part[0] === '"') text += part.slice(1, -1).replace(/\\([0-9a-fA-F]{1,6})\s?|\\(.)/g, (_, hex, char) => (hex ? String.fromCodePoint(parseInt(hex, 16)) : char));
    else if (part.startsWith('attr(')) text += attribute(element, part.slice(5, -1).trim()) || '';
    else return '';
  }
  return text;
};

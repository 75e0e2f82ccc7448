// The page as text to read: what is drawn of it, as plain HTML of the few elements that mean something in Markdown. Shadow
// trees and slots are flattened, addresses are made absolute, and what a reader skips (menus, controls) is left out.
// No recursion: a page nested 100,000 deep must not end in a stack overflow.

/** HTML characters of one reading; the rest of a longer page is left out and said to be. */
const READING_MAX = 4000000;
/** Share of the page's words a landmark must hold to be taken for all of its content. */
const MAIN_SHARE = 0.3;

const READ_AS = new Map(Object.entries({
  h1: 'h1', h2: 'h2', h3: 'h3', h4: 'h4', h5: 'h5', h6: 'h6', p: 'p', a: 'a', ul: 'ul', ol: 'ol', menu: 'ul', li: 'li', dl: 'dl', dt: 'dt', dd: 'dd', table: 'table', caption: 'caption',
  thead: 'thead', tbody: 'tbody', tfoot: 'tfoot', tr: 'tr', th: 'th', td: 'td', pre: 'pre', code: 'code', kbd: 'code', samp: 'code', blockquote: 'blockquote', em: 'em', i: 'em', strong: 'strong',
  b: 'strong', del: 'del', s: 'del', br: 'br', hr: 'hr', img: 'img', sup: 'sup', sub: 'sub',
}));
const READ_ALONE = new Set(['br', 'hr', 'img']);
const READ_NEVER = new Set(['button', 'input', 'select', 'textarea', 'canvas', 'video', 'audio', 'object', 'embed', 'svg:svg', 'dialog:closed', 'iframe', 'frame', 'math']);
const READ_AROUND = new Set(['navigation', 'banner', 'contentinfo', 'search', 'complementary', 'menu', 'menubar', 'toolbar', 'tablist']);

const escapeHtml = text => text.replace(/[&<>"]/g, char => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]);

/** The element that holds the content: the one asked for, a landmark that holds much of the words, or the body. */
const contentOf = () => {
  const body = documentBody(document) || documentElement(document);
  if (!body) return { top: null, around: false };
  const words = element => textContent(element).replace(/\s+/g, ' ').length;
  const all = words(body) || 1;
  for (const css of ['main, [role="main"]', 'article, [role="article"]']) {
    const found = [...queryDocument(document, css)].filter(element => words(element) >= all * MAIN_SHARE);
    if (found.length === 1) return { top: found[0], around: true };
  }
  return { top: body, around: true };
};

const openTag = (element, name) => {
  if (name === 'a') {
    const href = attribute(element, 'href');
    const whole = href === null ? '' : absolute(href);
    return /^(?:https?|mailto|tel):/.test(whole) ? `<a href="${escapeHtml(whole.slice(0, 4000))}">` : '<a>';
  }
  if (name === 'img') {
    const alt = flat(attribute(element, 'alt') || '');
    const source = absolute(attribute(element, 'src') || '');
    // A picture without words says nothing to a reader, and one inside the address would say it at great length.
    return alt ? `<img alt="${escapeHtml(alt)}"${/^https?:/.test(source) ? ` src="${escapeHtml(source.slice(0, 4000))}"` : ''}>` : '';
  }
  if (name === 'ol' && Number(attribute(element, 'start')) > 1) return `<ol start="${Number(attribute(element, 'start'))}">`;
  if ((name === 'td' || name === 'th') && Number(attribute(element, 'colspan')) > 1) return `<${name} colspan="${Math.min(100, Number(attribute(element, 'colspan')))}">`;
  if (name === 'code' || name === 'pre') {
    const language = /(?:^|[\s-])(?:language|lang|highlight)-([a-z0-9+#]+)/i.exec(`${attribute(element, 'class') || ''} ${attribute(parentNode(element), 'class') || ''}`);
    return language ? `<${name} class="language-${escapeHtml(language[1])}">` : `<${name}>`;
  }
  return `<${name}>`;
};

const reading = ({ target, chars_max: charsMax = READING_MAX }) => {
  const pass = newPass();
  const { top, around } = target ? { top: resolve(target), around: false } : contentOf();
  const out = [];
  let length = 0;
  let truncated = false;
  const put = text => {
    if (length + text.length > charsMax) {
      truncated = true;
      return false;
    }
    length += text.length;
    out.push(text);
    return true;
  };
  const stack = [];
  const enter = element => {
    const tag = tagOf(element);
    if (READ_NEVER.has(tag) || isUndrawn(pass, element, tag) || attribute(element, 'aria-hidden') === 'true') return;
    const style = styleOf(pass, element);
    if (!style.visible && style.display !== 'contents') return;
    if (around && element !== top && READ_AROUND.has(roleOf(element, tag))) return;
    const name = READ_AS.get(tag);
    const block = style.display !== 'inline' && style.display !== 'contents' && style.display !== 'inline-block';
    const as = name || (block ? 'div' : null);
    if (as) {
      if (!put(openTag(element, as))) return;
      if (READ_ALONE.has(as)) return;
    }
    stack.push({ children: composedChildren(element), at: 0, close: as });
  };
  if (top) enter(top);
  while (stack.length) {
    const frame = stack[stack.length - 1];
    if (truncated || frame.at >= frame.children.length) {
      stack.pop();
      // Always closed, also past the bound: an open element would swallow what follows.
      if (frame.close) out.push(`</${frame.close}>`);
      continue;
    }
    const child = frame.children[frame.at++];
    if (isText(child)) put(escapeHtml(nodeValue(child)));
    else if (isElement(child)) enter(child);
  }
  return { html: out.join(''), title: cut(documentTitle(document), 300), url: documentAddress(document), truncated };
};

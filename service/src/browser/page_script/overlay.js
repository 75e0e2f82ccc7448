// What we draw over a page for people: frames around elements, a chapter's card, what an action is about to do. It lies in a
// closed shadow tree beside the body, so it is in no snapshot; it takes no pointer, and the page's style does not reach it.

const createElement = methodOf(Document.prototype, 'createElement');
const appendTo = methodOf(Element.prototype, 'append');
const removeNode = methodOf(Element.prototype, 'remove');
const attachShadow = methodOf(Element.prototype, 'attachShadow');

const OVERLAY_STYLE = 'all: initial !important; position: fixed !important; inset: 0 !important; width: 100% !important; height: 100% !important; overflow: visible !important; '
  + 'pointer-events: none !important; z-index: 2147483647 !important; background: none !important; border: 0 !important;';
const HIGHLIGHT_STYLE = 'outline: 3px solid #d6006c; outline-offset: 1px; border-radius: 3px; background: rgba(214, 0, 108, 0.12);';
const HIGHLIGHTS_MAX = 100;

let overlayHost = null;
let overlayRoot = null;

/** The tree we draw in; made when it is needed, gone when nothing is in it. */
const overlay = () => {
  if (overlayHost && isConnected(overlayHost)) return overlayRoot;
  const html = documentElement(document);
  if (!html) throw fail('not_found', 'The document has no elements; go to a page first (browser_navigate)');
  overlayHost = createElement(document, 'div');
  overlayHost.style.cssText = OVERLAY_STYLE;
  // In the top layer, above open dialogs; where that cannot be, the z-index does for most.
  overlayHost.popover = 'manual';
  overlayRoot = attachShadow(overlayHost, { mode: 'closed' });
  appendTo(html, overlayHost);
  try {
    overlayHost.showPopover();
  } catch {
    overlayHost.popover = null;
  }
  return overlayRoot;
};
const draw = (style, text = '') => {
  const box = createElement(document, 'div');
  box.style.cssText = style;
  box.textContent = text;
  overlayRoot.append(box);
  return box;
};
const undraw = box => {
  removeNode(box);
  if (overlayHost && !overlayRoot.firstChild) {
    removeNode(overlayHost);
    overlayHost = null;
  }
};

/** Element to the box around it. */
const highlighted = new Map();
let following = null;

const placeHighlights = () => {
  for (const [element, box] of highlighted) {
    if (!isConnected(element)) {
      highlighted.delete(element);
      undraw(box);
      continue;
    }
    const { x, y, width, height } = boundingRect(element);
    Object.assign(box.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
  }
  if (!highlighted.size && following) {
    following.abort();
    following = null;
  }
};
/** Boxes stay with their elements while the page scrolls, grows or moves them. */
const follow = () => {
  if (following) return;
  following = new AbortController();
  const { signal } = following;
  for (const event of ['scroll', 'resize', 'transitionend', 'animationend', 'load', 'toggle']) addEventListener(event, placeHighlights, { capture: true, passive: true, signal });
  const sizes = new ResizeObserver(placeHighlights);
  sizes.observe(documentElement(document));
  for (const element of highlighted.keys()) sizes.observe(element);
  signal.addEventListener('abort', () => sizes.disconnect());
};

const highlight = ({ target, style = '' }) => {
  const element = resolve(target);
  if (!highlighted.has(element) && highlighted.size >= HIGHLIGHTS_MAX) throw fail('too_many', `${HIGHLIGHTS_MAX} elements are highlighted; hide some first (browser_hide_highlight)`);
  overlay();
  const old = highlighted.get(element);
  highlighted.set(element, draw(`position: fixed; box-sizing: border-box; ${HIGHLIGHT_STYLE} ${style}`));
  if (old) undraw(old);
  follow();
  placeHighlights();
  return {};
};
const unhighlight = ({ target } = {}) => {
  const gone = target ? [resolve(target)] : [...highlighted.keys()];
  let count = 0;
  for (const element of gone) {
    const box = highlighted.get(element);
    if (!box) continue;
    highlighted.delete(element);
    undraw(box);
    count++;
  }
  placeHighlights();
  return { count };
};

const FONT = 'font-family: system-ui, sans-serif;';

/** A card over the whole page that begins a chapter, for so many milliseconds. */
const card = ({ title, description = '', duration }) => {
  overlay();
  const whole = draw('position: fixed; inset: 0; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 16px; padding: 8%; box-sizing: border-box; '
    + `background: rgba(16, 20, 28, 0.72); backdrop-filter: blur(8px); color: #fff; text-align: center; overflow: hidden; ${FONT}`);
  const line = (text, style) => {
    const part = createElement(document, 'div');
    part.style.cssText = style;
    part.textContent = text;
    appendTo(whole, part);
  };
  line(title, 'font-size: 44px; font-weight: 700; line-height: 1.2; overflow-wrap: anywhere;');
  if (description) line(description, 'font-size: 22px; line-height: 1.4; opacity: 0.85; overflow-wrap: anywhere;');
  setTimeout(() => undraw(whole), duration);
  return {};
};

const CORNERS = {
  'top-left': 'top: 16px; left: 16px;', top: 'top: 16px; left: 50%; translate: -50% 0;', 'top-right': 'top: 16px; right: 16px;',
  'bottom-left': 'bottom: 16px; left: 16px;', bottom: 'bottom: 16px; left: 50%; translate: -50% 0;', 'bottom-right': 'bottom: 16px; right: 16px;',
};
const POINTER = 'M0 0 L0 17 L4.5 13 L7.5 20 L10 19 L7 12 L13 12 Z';
let pointerAt = null;

/** What the next action does and where, for so many milliseconds. `at` is a rectangle in the window, or absent. */
const action = ({ title, at = null, position = 'top-right', cursor = 'pointer', style = {}, duration }) => {
  overlay();
  const drawn = [];
  if (title) {
    drawn.push(draw(`position: fixed; ${CORNERS[position] || CORNERS['top-right']} max-width: 60%; padding: 8px 14px; border-radius: 8px; background: rgba(16, 20, 28, 0.88); `
      + `color: #fff; font-size: 18px; line-height: 1.3; overflow-wrap: anywhere; ${FONT} ${style.title || ''}`, title));
  }
  if (at) {
    const x = at.x + at.width / 2;
    const y = at.y + at.height / 2;
    if (style.highlight) {
      drawn.push(draw(`position: fixed; box-sizing: border-box; left: ${at.x}px; top: ${at.y}px; width: ${at.width}px; height: ${at.height}px; ${style.highlight}`));
    }
    if (style.point) drawn.push(draw(`position: fixed; left: ${x}px; top: ${y}px; translate: -50% -50%; ${style.point}`));
    if (cursor === 'pointer') {
      const from = pointerAt || { x: innerWidth / 2, y: innerHeight / 2 };
      const mouse = draw(`position: fixed; left: 0; top: 0; width: 14px; height: 21px; background: #111; clip-path: path('${POINTER}'); transform: translate(${x}px, ${y}px);`);
      const halo = draw(`position: fixed; left: 0; top: 0; width: 28px; height: 28px; margin: -14px; border-radius: 50%; background: rgba(255, 196, 0, 0.45); transform: translate(${x}px, ${y}px);`);
      for (const part of [mouse, halo]) {
        part.animate([{ transform: `translate(${from.x}px, ${from.y}px)` }, { transform: `translate(${x}px, ${y}px)` }], { duration: duration / 2, easing: 'ease-out' });
        drawn.push(part);
      }
      pointerAt = { x, y };
    }
  }
  setTimeout(() => drawn.forEach(undraw), duration);
  return {};
};

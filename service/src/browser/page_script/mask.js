// Hides what stands in fields for secrets from every picture of the page, in the page's own drawing.
//
// Why here and not on the finished picture: a rectangle painted onto a frame lags behind a page that scrolls, and one frame is
// enough to read a card number; decoding and encoding each frame would cost more than all else about it. What the page itself
// draws hidden is hidden in the very same frame, in every picture (live, thumbnail, card, video, screenshot), for nothing.
//
// How: an animation of ours that is over at once and stays in effect. It makes a grey, blurred box of the field, in two ways that
// do not depend on each other: the text has no colour, and a filter takes all contrast out of what is drawn, selection and caret
// included. It needs no element, attribute or style sheet, so the page's document is as the page made it. Where a style sheet
// insists on something else (`!important` beats animations) the same goes into the field's own style, which the page could see:
// better seen than leaking. All is done in the turn in which a field appears or changes, before anything is drawn.
//
// Runs in our world of every document, from its first moment: of the other parts only `dom.js` and `words.js` are there.

const FIELDS = 'input, textarea';
const OTHER_TYPES = /^(button|submit|reset|image|hidden|file|checkbox|radio|range|color|date|datetime-local|month|time|week)$/;
const LOOK = { filter: 'blur(3px) contrast(0)', color: 'transparent', textShadow: 'none', backgroundColor: 'rgb(128, 128, 128)', backgroundClip: 'border-box' };
const DECLARED = [['filter', LOOK.filter], ['color', 'transparent'], ['-webkit-text-fill-color', 'transparent'], ['text-shadow', 'none'], ['background', 'rgb(128, 128, 128)']];
const OBSERVED = { childList: true, subtree: true, attributes: true,
  attributeFilter: ['type', 'autocomplete', 'name', 'id', 'placeholder', 'aria-label', 'maxlength', 'style'] };
const WORDS_MAX = 200;
/** Boxes for one digit each, side by side, that are together one code. */
const BOXES_MIN = 4;

const mask = kinds => {
  /** Fields that are hidden, for good: what was secret once is not shown because a name changed. */
  const hidden = new WeakSet();
  /** Fields in which Chromium draws dots, until a page turns them into plain text ("show password"). */
  const dotted = new WeakSet();
  const roots = new WeakSet();

  const isField = node => node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement;
  const kindOf = field => (field instanceof HTMLInputElement ? inputType(field) : 'text');
  const wordsAround = field => {
    const words = ['name', 'id', 'placeholder', 'aria-label', 'title'].map(name => attribute(field, name));
    for (const label of field.labels || []) words.push(textContent(label));
    for (const label of idList(field, 'aria-labelledby').slice(0, 8)) words.push(textContent(label));
    return words.map(word => (word || '').slice(0, WORDS_MAX)).join(' | ');
  };
  const isBoxOfCode = field => {
    const parent = attribute(field, 'maxlength') === '1' && parentNode(field);
    const around = parent && (parentNode(parent) || parent);
    return !!around && queryIn(around, 'input[maxlength="1"]').length >= BOXES_MIN;
  };
  const valueOf = field => (field instanceof HTMLInputElement ? inputValue(field) : textareaValue(field));
  // ISO/IEC 7812-1: 13 to 19 digits whose sum is right.
  const isCardNumber = text => {
    const digits = text.length <= 40 && /^[2-6][\d -]+$/.test(text) ? text.replace(/\D/g, '') : '';
    if (digits.length < 13 || digits.length > 19) return false;
    let sum = 0;
    for (let at = 0; at < digits.length; at++) {
      const digit = Number(digits[digits.length - 1 - at]) * (at % 2 + 1);
      sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 === 0;
  };
  const isSecret = (field, type) => {
    const auto = (attribute(field, 'autocomplete') || '').toLowerCase();
    if (kinds.password && (type === 'password' || dotted.has(field) || /\b(current|new)-password\b/.test(auto))) return true;
    if (kinds.card && (/\bcc-(number|csc|exp|exp-month|exp-year)\b/.test(auto) || isCardNumber(valueOf(field)))) return true;
    if (kinds.one_time_code && (/\bone-time-code\b/.test(auto) || isBoxOfCode(field))) return true;
    const words = wordsAround(field);
    return kinds.card && CARD_WORDS.test(words) || kinds.one_time_code && CODE_WORDS.test(words) || kinds.password && PASSWORD_WORDS.test(words);
  };

  const isDrawnHidden = field => {
    const style = getComputedStyle(field);
    return style.filter === LOOK.filter && style.backgroundColor === LOOK.backgroundColor;
  };
  // A style sheet may come later than the field: asked again whenever something is typed, and when all has come.
  const insist = field => {
    if (!isConnected(field) || isDrawnHidden(field)) return;
    for (const [name, value] of DECLARED) field.style.setProperty(name, value, 'important');
  };
  const hide = field => {
    hidden.add(field);
    const hold = () => {
      const held = field.animate([LOOK], { duration: 0, fill: 'forwards' });
      held.persist();
      // A page that ends all animations it finds ends this one for a moment.
      held.oncancel = () => { hold(); insist(field); };
    };
    hold();
    insist(field);
  };
  const consider = field => {
    const type = kindOf(field);
    if (hidden.has(field)) return insist(field);
    if (OTHER_TYPES.test(type) || !isSecret(field, type)) return undefined;
    if (type === 'password') {
      dotted.add(field);
      return undefined;
    }
    return hide(field);
  };

  const lookAt = element => {
    if (isField(element)) consider(element);
    else if (element instanceof HTMLLabelElement && isField(labelControl(element))) consider(labelControl(element));
    const root = shadowRoot(element);
    if (root) watch(root);
  };
  const lookThrough = scope => {
    if (isElement(scope)) {
      lookAt(scope);
      if (!firstChild(scope)) return;
    }
    for (const element of queryIn(scope, '*')) lookAt(element);
  };
  // `attachShadow` on an element that is there already is no change that an observer hears of. So all shadow trees are looked for
  // whenever anything changes, once more before the next drawing, and now and then: a look of 0.3 ms for 4,000 elements. On a page
  // where it takes long it rests twenty times as long.
  const SWEEP_MS = 250;
  const NESTED_MAX = 50;
  let restsUntil = 0;
  let awaitsFrame = false;
  const sweepIn = (scope, depth) => {
    for (const element of queryIn(scope, '*')) {
      const root = shadowRoot(element);
      if (!root) continue;
      watch(root);
      if (depth < NESTED_MAX) sweepIn(root, depth + 1);
    }
  };
  const sweep = () => {
    const began = performance.now();
    sweepIn(document, 0);
    const ended = performance.now();
    restsUntil = ended + (ended - began) * 20;
  };
  const sweepSoon = () => {
    if (performance.now() >= restsUntil) sweep();
    if (awaitsFrame) return;
    awaitsFrame = true;
    requestAnimationFrame(() => {
      awaitsFrame = false;
      if (performance.now() >= restsUntil) sweep();
    });
  };
  setInterval(() => { if (performance.now() >= restsUntil) sweep(); }, SWEEP_MS);
  globalThis.__helmwatchSweep = sweep;

  const changed = records => {
    listen();
    sweepSoon();
    const added = new Set();
    for (const { type, target, addedNodes } of records) {
      if (type === 'attributes') {
        if (isField(target)) consider(target);
      } else for (const node of addedNodes) if (isElement(node)) added.add(node);
    }
    // What was added into something that was added is looked at with it.
    for (const node of added) if (isConnected(node) && !added.has(parentNode(node))) lookThrough(node);
  };
  const observer = new MutationObserver(changed);
  const watch = root => {
    if (roots.has(root)) return;
    roots.add(root);
    observer.observe(root, OBSERVED);
    lookThrough(root);
  };
  // What is in use is never left for the next look.
  const used = event => {
    const path = event.composedPath();
    for (const node of path) if (node instanceof ShadowRoot) watch(node);
    if (isField(path[0])) consider(path[0]);
  };
  const all = () => {
    lookThrough(document);
    for (const field of queryDocument(document, FIELDS)) if (hidden.has(field)) insist(field);
  };
  // `document.open` takes all listeners away; adding one twice changes nothing.
  const listen = () => {
    for (const name of ['focusin', 'beforeinput', 'input', 'change']) listenTo(document, name, used, { capture: true, passive: true });
    listenTo(document, 'DOMContentLoaded', all, { capture: true });
    listenTo(window, 'load', all, { capture: true });
  };
  listen();
  watch(document);
};

globalThis.__helmwatchMask ??= kinds => {
  globalThis.__helmwatchMask = () => undefined;
  mask(kinds);
};

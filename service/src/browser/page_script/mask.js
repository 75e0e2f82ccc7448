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
const FIELDS_AND_LABELS = `${FIELDS}, label`;
/** What HTML has that may hold a shadow tree (DOM, "valid shadow host name"); the others are custom elements. */
const HOSTS = 'article, aside, blockquote, body, div, footer, h1, h2, h3, h4, h5, h6, header, main, nav, p, section, span';
const CUSTOM = "//*[contains(local-name(), '-')]";
/** Changes that are followed one by one; after more at once the whole tree is asked, which is quicker then. */
const FOLLOWED_MAX = 32;
const OBSERVED = { subtree: true, attributes: true,
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
  /** How many fields were hidden so far. */
  let hides = 0;
  const hide = field => {
    hidden.add(field);
    hides++;
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

  const lookAtField = element => {
    const field = element instanceof HTMLLabelElement ? labelControl(element) : element;
    if (isField(field)) consider(field);
  };
  const lookAtHost = element => {
    const root = shadowRoot(element);
    if (root) watch(root);
  };
  // Only what a selector finds is touched where it can be: to have an element in this world costs more than to find it.
  const lookThrough = scope => {
    if (isElement(scope)) {
      lookAtField(scope);
      lookAtHost(scope);
      if (!firstChild(scope)) return;
    }
    for (const element of queryIn(scope, FIELDS_AND_LABELS)) lookAtField(element);
    if (scope !== document) for (const element of queryIn(scope, '*')) lookAtHost(element);
  };
  const known = new WeakSet();
  /** All that is new in a tree, however much came. */
  const lookForNew = root => {
    for (const element of queryIn(root, FIELDS_AND_LABELS)) {
      if (known.has(element)) continue;
      known.add(element);
      lookAtField(element);
    }
  };
  // `attachShadow` on an element that is there already is no change that an observer hears of. So shadow trees are looked for
  // for as long as a picture may be made of the page: whenever anything changes (at once in custom elements, which hold most, and in
  // all before the next drawing), and now and then. A page that nobody sees has nothing to hide, and is not woken four times a second.
  // Where a look takes long it rests twenty times as long, and what was to be looked at meanwhile is looked at then.
  const SWEEP_MS = 250;
  /** How long looks go on after a document began and after each word that it is seen, which comes twice as often (`page/mask.rs`). */
  const SEEN_MS = 10_000;
  const NESTED_MAX = 50;
  let seenUntil = 0;
  let looking = 0;
  let restsUntil = 0;
  let wholeRestsUntil = 0;
  let awaitsFrame = false;
  let awaitsRest = false;
  const sweepHosts = (hosts, depth) => {
    for (const host of hosts) {
      const root = shadowRoot(host);
      if (!root) continue;
      watch(root);
      if (depth < NESTED_MAX) sweepHosts(queryIn(root, '*'), depth + 1);
    }
  };
  const customElements = function* () {
    const found = evaluateXPath(document, CUSTOM, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
    for (let at = 0; at < found.snapshotLength; at++) yield found.snapshotItem(at);
  };
  const sweep = (all = true) => {
    const began = performance.now();
    sweepHosts(customElements(), 0);
    if (all) sweepHosts(queryIn(document, HOSTS), 0);
    const ended = performance.now();
    restsUntil = ended + (ended - began) * 20;
    if (all) wholeRestsUntil = restsUntil;
  };
  const sweepAll = () => {
    const left = wholeRestsUntil - performance.now();
    if (left <= 0) return sweep();
    if (awaitsRest) return undefined;
    awaitsRest = true;
    setTimeout(() => {
      awaitsRest = false;
      sweep();
    }, left);
    return undefined;
  };
  const sweepSoon = () => {
    if (!looking) return;
    if (performance.now() >= restsUntil) sweep(false);
    if (awaitsFrame) return;
    awaitsFrame = true;
    requestAnimationFrame(() => {
      awaitsFrame = false;
      sweepAll();
    });
  };
  const look = () => {
    sweepAll();
    if (performance.now() < seenUntil) return;
    clearInterval(looking);
    looking = 0;
  };
  const seen = () => {
    seenUntil = performance.now() + SEEN_MS;
    looking ||= setInterval(look, SWEEP_MS);
  };
  seen();
  /** Answers how many fields were found that stood there to be read until now. */
  globalThis.__helmwatchSweep = () => {
    seen();
    const before = hides;
    sweep();
    return hides - before;
  };

  const changed = (records, root) => {
    listen();
    sweepSoon();
    if (records.length > FOLLOWED_MAX) return lookForNew(root);
    const added = new Set();
    for (const { addedNodes } of records) for (const node of addedNodes) if (isElement(node)) added.add(node);
    // What was added into something that was added is looked at with it.
    for (const node of added) if (isConnected(node) && !added.has(parentNode(node))) lookThrough(node);
    return undefined;
  };
  const changedFields = new MutationObserver(records => {
    for (const target of new Set(records.map(record => record.target))) if (isField(target)) consider(target);
  });
  const watch = root => {
    if (roots.has(root)) return;
    roots.add(root);
    new MutationObserver(records => changed(records, root)).observe(root, { childList: true, subtree: true });
    changedFields.observe(root, OBSERVED);
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
    sweepAll();
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

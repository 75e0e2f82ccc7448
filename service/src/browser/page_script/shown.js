// How a person sees an element that is about to be acted on: where it is, whether anything lies over it, and what its form would
// send. For the approval card, and once more before the held call runs. Secrets are left out here, so they never leave the page.

const SENT_MAX = 40;
const SENT_CHARS_MAX = 200;
const UNSENT_KINDS = new Set(['password', 'card', 'one_time_code']);
const SENT_TOKEN_WORDS = /(token|csrf|xsrf|nonce|secret|signature|session|auth|verif|captcha|viewstate)/i;

const shown = ({ target }) => {
  const element = resolve(target);
  let point = visiblePoint(element);
  // Nobody says yes to what is not on the picture.
  if (!point.inView) {
    scrollTo(element, { block: 'center' });
    point = visiblePoint(element);
  }
  const free = point.inView && (hits(element, point) || point.others.some(other => hits(element, other)));
  const fixed = isFixed(element);
  const pressed = pressedBy(element);
  const form = formOf(pressed) || formOf(element);
  return {
    rect: point.rect, x: point.x, y: point.y, in_view: point.inView, free,
    scroll_x: fixed ? 0 : scrollX, scroll_y: fixed ? 0 : scrollY, sends: form ? sentBy(form) : [],
  };
};

/** Does it stay where it is when the page scrolls? */
const isFixed = element => {
  for (let at = element, steps = 0; at && steps < 200; at = composedParent(at), steps++) if (/^(fixed|sticky)$/.test(getComputedStyle(at).position)) return true;
  return false;
};

/** The fields of a form with what they would send, as far as it is nobody's secret. */
const sentBy = form => {
  const pass = newPass();
  const sends = [];
  for (const control of formElements(form)) {
    if (sends.length >= SENT_MAX) break;
    if (!isElement(control)) continue;
    const tag = tagOf(control);
    const hidden = tag === 'input' && inputType(control) === 'hidden';
    const kind = hidden ? 'text' : fieldKind(pass, control);
    if (kind === null || isDisabled(control, roleOf(control, tag), tag) || (!hidden && !isFilled(control))) continue;
    const name = attribute(control, 'name') || attribute(control, 'id') || '';
    const label = hidden ? name : nameOf(pass, control, roleOf(control, tag), tag).name || name;
    if (!label) continue;
    const secret = UNSENT_KINDS.has(kind) || (hidden && SENT_TOKEN_WORDS.test(name));
    sends.push({ label: cut(label, 120), hidden, value: secret ? null : cut(sentValue(control, tag), SENT_CHARS_MAX) });
  }
  return sends;
};
const sentValue = (control, tag) => {
  if (tag === 'textarea') return textareaValue(control);
  if (tag === 'select') return [...selectOptions(control)].filter(option => optionSelected(option)).map(option => optionLabel(option)).join(', ');
  if (tag !== 'input') return flat(textContent(control));
  const type = inputType(control);
  if (type === 'file') return [...(inputFiles(control) || [])].map(file => file.name).join(', ');
  if (type === 'checkbox') return 'yes';
  return inputValue(control);
};

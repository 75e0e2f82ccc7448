// Waits until an element can be acted on as a person would: drawn, still, enabled, and the thing under the pointer.

const READY_MS = 5000;

const ready = ({ target, checks = ['visible', 'stable', 'enabled', 'hit'], timeout_ms: timeoutMs = READY_MS }) => {
  const wanted = new Set(checks);
  const first = attemptReady(target, wanted, 0);
  if (first.ok && !(wanted.has('stable') && (first.scrolled || first.maybeMoving))) return readyAnswer(first);
  return waitReady(target, wanted, timeoutMs, first);
};
const readyAnswer = ({ x, y, rect }) => ({ ok: true, x, y, rect, stirred: stirredLately() });

const waitReady = async (target, wanted, timeoutMs, first) => {
  const deadline = performance.now() + timeoutMs;
  let last = first;
  for (let round = 1; ; round++) {
    await nextFrame();
    const now = attemptReady(target, wanted, round);
    if (now.ok) {
      const still = last.ok && sameRect(last.rect, now.rect);
      const over = performance.now() >= deadline;
      if (!wanted.has('stable') || (still && (over || !now.settling))) return readyAnswer(now);
    }
    if (performance.now() >= deadline) {
      if (!now.ok) throw now.error;
      throw fail('timeout', `${describe(resolve(target))} kept moving for ${timeoutMs} ms; wait for the animation to end and try again`);
    }
    last = now;
  }
};
const sameRect = (one, other) => one.x === other.x && one.y === other.y && one.width === other.width && one.height === other.height;

// One look: `{ok, x, y, rect, scrolled, maybeMoving}` or `{ok: false, error}`. Errors that no waiting mends are thrown.
const attemptReady = (target, wanted, round) => {
  let element;
  try {
    element = resolve(target);
  } catch (error) {
    if (error.code === 'not_found') return { ok: false, error };
    throw error;
  }
  observeAround(element);
  const pass = newPass();
  const no = (code, message) => ({ ok: false, error: fail(code, message) });
  if (wanted.has('visible') && !hasBox(pass, element)) {
    return no('not_visible', `${describe(element)} is not visible; take a new snapshot, or open what hides it first`);
  }
  const tag = tagOf(element);
  const control = tag === 'label' ? labelControl(element) || element : element;
  const controlTag = tagOf(control);
  if ((wanted.has('enabled') || wanted.has('editable')) && isDisabled(control, roleOf(control, controlTag), controlTag)) {
    return no('not_enabled', `${describe(element)} is disabled; do first what the page asks for, then try again`);
  }
  if (wanted.has('editable')) {
    const readonly = attribute(control, 'aria-readonly') === 'true' || ((controlTag === 'input' || controlTag === 'textarea') && hasAttribute(control, 'readonly'));
    if (readonly) return no('not_editable', `${describe(element)} is read-only; look for a button that makes it editable`);
  }
  let scrolled = false;
  let point = visiblePoint(element);
  if (wanted.has('hit') || wanted.has('visible')) {
    if (!point.inView || (round > 0 && round % 4 === 0 && wanted.has('hit') && !hits(element, point))) {
      const block = ['center', 'end', 'start', 'nearest'][Math.floor(round / 4) % 4];
      scrollTo(element, { block });
      scrolled = true;
      point = visiblePoint(element);
    }
  }
  const rect = point.rect;
  if (wanted.has('hit')) {
    if (!point.inView) return no('not_visible', `${describe(element)} is outside of the window and cannot be scrolled into it; make the window larger`);
    const better = hits(element, point) ? point : point.others.find(other => hits(element, other));
    if (!better) {
      const cover = hitAt(point.x, point.y);
      return cover
        ? no('covered', `${describe(element)} is covered by ${describe(coverRoot(cover, element))}; close or move that first`)
        : no('covered', `${describe(element)} does not receive clicks at its place; take a new snapshot`);
    }
    point = { ...point, x: better.x, y: better.y };
  }
  const moving = animationsAround(element);
  return { ok: true, x: point.x, y: point.y, rect, scrolled, settling: moving.some(willSettle), maybeMoving: movedLately() || moving.length > 0 };
};

/** The middle of the largest drawn part in the window, and other points to try. A link over two lines has two parts. */
const visiblePoint = element => {
  const width = innerWidth;
  const height = innerHeight;
  const bounds = boundingRect(element);
  const rect = { x: bounds.x, y: bounds.y, width: bounds.width, height: bounds.height };
  let rects = [...clientRects(element)];
  if (!rects.length) rects = partRects(element);
  const parts = [];
  for (const part of rects.slice(0, 100)) {
    const left = Math.max(0, part.left);
    const top = Math.max(0, part.top);
    const right = Math.min(width, part.right);
    const bottom = Math.min(height, part.bottom);
    if (right - left >= 1 && bottom - top >= 1) parts.push({ left, top, right, bottom, area: (right - left) * (bottom - top) });
  }
  parts.sort((one, other) => other.area - one.area);
  if (!parts.length) return { x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2, rect, inView: false, others: [] };
  const points = [];
  for (const part of parts.slice(0, 5)) {
    const at = (fx, fy) => points.push({ x: part.left + (part.right - part.left) * fx, y: part.top + (part.bottom - part.top) * fy });
    at(0.5, 0.5);
    for (const fx of [0.15, 0.5, 0.85]) for (const fy of [0.2, 0.5, 0.8]) at(fx, fy);
  }
  return { ...points[0], rect, inView: true, others: points.slice(1) };
};
// `display: contents` draws nothing itself.
const partRects = element => {
  const range = newRange(document);
  range.selectNodeContents(element);
  return [...range.getClientRects()];
};

/** The innermost element under a point, looked for through open shadow trees. */
const hitAt = (x, y) => {
  let found = elementFromPoint(document, x, y);
  for (let depth = 0; found && depth < 100; depth++) {
    const root = shadowRoot(found);
    let inner = root && shadowFromPoint(root, x, y);
    // Words slotted into the tree belong to the host; what they stand in is the first of the tree itself.
    if (root && (!inner || inner === found)) inner = shadowAllFromPoint(root, x, y).find(one => rootOf(one) === root);
    if (!inner || inner === found) break;
    found = inner;
  }
  return found;
};
const hits = (element, { x, y }) => {
  const found = hitAt(x, y);
  if (!found) return false;
  for (let at = found; at; at = composedParent(at)) {
    if (at === element) return true;
    // A click on the label is a click on its control.
    if (tagOf(at) === 'label' && labelControl(at) === element) return true;
  }
  return tagOf(element) === 'label' && labelControl(element) === found;
};
// The outermost thing that covers: what lies over the element without holding it.
const coverRoot = (cover, element) => {
  let root = cover;
  for (let parent = composedParent(root), steps = 0; parent && steps < 1000; parent = composedParent(parent), steps++) {
    if (parent === element || holds(parent, element) || tagOf(parent) === 'body') break;
    root = parent;
  }
  return root;
};
const holds = (outer, inner) => {
  for (let at = inner; at; at = composedParent(at)) if (at === outer) return true;
  return false;
};

// A slide that is under way ends soon, and what it carries is used then: between two frames it may seem to stand still, at its
// beginning or while the page is busy. Colours and shades are not waited for, nor what goes on for long.
const SETTLE_MS_MAX = 2000;
const MOVING_PROPERTIES = /^(?:transform|translate|scale|rotate|offset\w*|inset\w*|left|top|right|bottom|(?:min|max)?(?:width|height|blockSize|inlineSize)|margin\w*|padding\w*)$/i;
const willSettle = animation => {
  const effect = animation.effect;
  const { endTime } = effect.getComputedTiming();
  const left = animation.pending ? endTime : endTime - animation.currentTime;
  if (!(left <= SETTLE_MS_MAX)) return false;
  return effect.getKeyframes().some(frame => Object.keys(frame).some(name => MOVING_PROPERTIES.test(name)));
};

/** The running animations of an element and of what holds it. */
const animationsAround = element => {
  const roots = new Set();
  for (let at = element; at; at = composedParent(at)) roots.add(rootOf(at));
  const found = [];
  for (const root of roots) {
    const running = root === document ? documentAnimations(document) : root.getAnimations ? root.getAnimations() : [];
    for (const animation of running) {
      if (animation.playState !== 'running') continue;
      const moved = animation.effect?.target;
      if (moved && holds(moved, element)) found.push(animation);
    }
  }
  return found;
};

// Knows when the page last changed and when it last moved, so that a quiet page is acted on at once and a busy one is waited for.

const STILL_MS = 60;
const FRAME_MS_MAX = 250;
const HEARTBEAT_MS = 250;

// Scripts that move things do it frame by frame through these. Other changes shift a page once and are over with the turn
// that made them: waiting for frames after each would make every answer of a page look like motion.
const MOVING_ATTRIBUTES = new Set(['style', 'transform', 'x', 'y', 'cx', 'cy', 'r', 'd', 'points', 'width', 'height', 'viewBox']);

let movedAt = -Infinity;
let changes = 0;
const changeListeners = new Set();
const noteChange = count => {
  changes += count;
  for (const listener of changeListeners) listener();
};
const noteMotion = () => { movedAt = performance.now(); };
const noteRecords = records => {
  if (records.some(record => record.type === 'attributes' && MOVING_ATTRIBUTES.has(record.attributeName))) noteMotion();
  noteChange(records.length);
};
const observer = new MutationObserver(noteRecords);
const observed = new WeakSet();
const WATCHED = { subtree: true, childList: true, characterData: true, attributes: true };
const observe = root => {
  if (observed.has(root)) return;
  observed.add(root);
  observer.observe(root, WATCHED);
};
observe(document);
for (const kind of ['scroll', 'resize', 'load', 'transitionend', 'animationend', 'toggle']) {
  addEventListener(kind, () => { noteMotion(); noteChange(0); }, { capture: true, passive: true });
}

// Where the pointer last came into this frame: what lies over it, or an outdated picture of where it is, keeps it out.
let lastMove = null;
addEventListener('mousemove', event => { lastMove = event; }, { capture: true, passive: true });
const POINT_PX = 2;
/** Did the pointer come to this point of the frame since it was last asked? */
const arrived = ({ x, y }) => {
  const move = lastMove;
  lastMove = null;
  return { came: Boolean(move) && Math.abs(move.clientX - x) <= POINT_PX && Math.abs(move.clientY - y) <= POINT_PX };
};

// What came of a drag since it was last asked: a page takes it by preventing what would happen otherwise.
let lastDragOver = null;
let lastDrop = null;
addEventListener('dragover', event => { lastDragOver = event; }, { capture: true, passive: true });
addEventListener('drop', event => { lastDrop = event; }, { capture: true, passive: true });
const dragTaken = ({ target }) => {
  const element = resolve(target);
  const over = lastDragOver;
  const dropped = Boolean(lastDrop);
  lastDragOver = null;
  lastDrop = null;
  const tag = tagOf(element);
  // Fields take text and file inputs take files by themselves.
  const field = tag === 'textarea' || (tag === 'input' && (TEXT_TYPES.has(inputType(element)) || inputType(element) === 'file')) || editable(element);
  return { came: Boolean(over), accepted: field || Boolean(over?.defaultPrevented), dropped, text: describe(element) };
};

/** Observes the shadow trees around an element too; the document's observer does not see into them. */
const observeAround = element => {
  for (let root = rootOf(element), depth = 0; root && nodeType(root) === 11 && root instanceof ShadowRoot && depth < 100; root = rootOf(root.host), depth++) observe(root);
};

/** Changes the observer has not been told yet count too. */
const movedLately = () => {
  const pending = observer.takeRecords();
  if (pending.length) noteRecords(pending);
  return performance.now() - movedAt < STILL_MS;
};

/** Longer ago than an element must be still for: what a frame's place in the window is told from may lag behind by some frames. */
const STIRRED_MS = 500;
const stirredLately = () => movedLately() || performance.now() - movedAt < STIRRED_MS;

/** Scrolls, and remembers it at once: the page itself is told a frame later, and a click in between would go by the place before. */
const scrollTo = (element, how) => {
  scrollIntoView(element, { inline: 'center', behavior: 'instant', ...how });
  noteMotion();
};

/** The next drawn frame; a page that is not drawn answers after `FRAME_MS_MAX`. */
const nextFrame = () => new Promise(done => {
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    done();
  };
  const timer = setTimeout(finish, FRAME_MS_MAX);
  const frame = requestAnimationFrame(finish);
});

/** One turn of the page's timers, behind the next drawn frame when `frame` says so; and the title as it is then. */
const turn = async ({ frame = false }) => {
  if (frame) await nextFrame();
  await new Promise(done => { setTimeout(done, 0); });
  return { title: String(documentTitle(document)).slice(0, 1000) };
};

/** Runs `check` now and after each change until it gives something; `undefined` when the time is over. */
const until = (check, timeoutMs) => new Promise((done, failed) => {
  let timer = 0;
  let beat = 0;
  let queued = false;
  const stop = () => {
    clearTimeout(timer);
    clearInterval(beat);
    changeListeners.delete(onChange);
  };
  const attempt = () => {
    queued = false;
    try {
      const found = check();
      if (found !== undefined) {
        stop();
        done(found);
      }
    } catch (error) {
      stop();
      failed(error);
    }
  };
  // Many changes in one frame are looked at once.
  const onChange = () => {
    if (queued) return;
    queued = true;
    nextFrame().then(() => { if (changeListeners.has(onChange)) attempt(); });
  };
  changeListeners.add(onChange);
  timer = setTimeout(() => { stop(); done(undefined); }, timeoutMs);
  // Style sheets and unobserved shadow trees change a page without a mutation.
  beat = setInterval(attempt, HEARTBEAT_MS);
  attempt();
});

/** How much changed since the document began; those the observer has not been told yet count too. */
const countChanges = () => {
  noteRecords(observer.takeRecords());
  return { count: changes };
};

/** Waits until nothing changed for `idle_ms`, at most `timeout_ms`. */
const quiet = ({ idle_ms: idleMs = 50, timeout_ms: timeoutMs = 1000 }) => new Promise(done => {
  const before = changes;
  let idle = 0;
  let over = 0;
  const finish = () => {
    clearTimeout(idle);
    clearTimeout(over);
    changeListeners.delete(again);
    done({ mutations: changes - before });
  };
  const again = () => {
    clearTimeout(idle);
    idle = setTimeout(finish, idleMs);
  };
  changeListeners.add(again);
  over = setTimeout(finish, timeoutMs);
  again();
});

/** Waits until visible text is there, or gone. */
const waitText = ({ text, gone = false, timeout_ms: timeoutMs = 5000 }) => {
  const find = textStep(String(text ?? ''), false);
  const seen = () => {
    const pass = newPass();
    return find([document], pass).some(element => hasBox(pass, element));
  };
  return until(() => (seen() !== gone ? { ok: true } : undefined), timeoutMs).then(found => {
    if (found) return found;
    throw fail('timeout', `Text "${cut(text)}" ${gone ? 'was still there' : 'did not appear'} after ${timeoutMs} ms; take a snapshot to see the page now`);
  });
};

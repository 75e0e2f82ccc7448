// The interface. Every function takes one plain object and never throws.

const guarded = run => args => answer(() => run(args || {}));

const textAt = ({ x, y }) => {
  const element = hitAt(Number(x), Number(y));
  if (!element) return { tag: '', role: '', name: '' };
  const pass = newPass();
  const tag = tagOf(element);
  const role = roleOf(element, tag);
  return { tag: localName(element), role: role || 'none', name: cut(nameOf(pass, element, role, tag).name) };
};
// What a selector matches: how many, how many of them are drawn, and the words of the first of those.
const elements = ({ target, within = null }) => {
  const pass = newPass();
  const scope = within === null ? null : resolve(within);
  const found = resolveAll(target).filter(element => !scope || holds(scope, element));
  const seen = found.filter(element => hasBox(pass, element));
  return { count: found.length, visible: seen.length, text: seen.length ? cut(wordsOf(pass, seen[0]), 500) : '' };
};
const viewport = () => ({
  width: innerWidth, height: innerHeight, scale: devicePixelRatio, scroll_x: scrollX, scroll_y: scrollY,
  title: String(documentTitle(document)).slice(0, 1000), url: documentAddress(document),
});

globalThis.__helmwatch = Object.freeze({
  snapshot: guarded(snapshot),
  element: guarded(({ target }) => resolve(target)),
  hold: guarded(hold),
  through: guarded(through),
  at: guarded(at),
  reveal: guarded(reveal),
  sweep: guarded(() => ({ found: globalThis.__helmwatchSweep?.() ?? 0 })),
  arrived: guarded(arrived),
  drag_taken: guarded(dragTaken),
  file_input: guarded(fileInput),
  cancelled: guarded(cancelled),
  elements: guarded(elements),
  facts: guarded(facts),
  shown: guarded(shown),
  locator: guarded(({ target }) => ({ code: locatorOf(newPass(), resolve(target)) })),
  describe: guarded(({ target }) => ({ text: describe(resolve(target)) })),
  ready: guarded(ready),
  fill: guarded(fill),
  focus: guarded(focus),
  blur: guarded(blur),
  select: guarded(select),
  checked: guarded(checked),
  value: guarded(value),
  wait_text: guarded(waitText),
  text_at: guarded(textAt),
  viewport: guarded(viewport),
  quiet: guarded(quiet),
  changes: guarded(countChanges),
  turn: guarded(turn),
  reading: guarded(reading),
  stored: guarded(stored),
  marks: guarded(marks),
  highlight: guarded(highlight),
  unhighlight: guarded(unhighlight),
  card: guarded(card),
  action: guarded(action),
  record: guarded(record),
  guard: guarded(guard),
  selection: guarded(selection),
  sending: guarded(sending),
});

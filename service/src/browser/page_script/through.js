// A frame in the page around it: where its points are there, and what is at a point.

/** Where a frame's viewport begins and how large its pixels are, also when the page shows it larger or smaller. */
const frameBox = frame => {
  const box = boundingRect(frame);
  const style = getComputedStyle(frame);
  const width = frame instanceof HTMLElement ? layoutWidth(frame) : 0;
  const scale = width > 0 ? box.width / width : 1;
  const left = clientLeft(frame) + (parseFloat(style.paddingLeft) || 0);
  const top = clientTop(frame) + (parseFloat(style.paddingTop) || 0);
  return { left: box.left + left * scale, top: box.top + top * scale, scale };
};
const isFrame = element => /^i?frame$/.test(localName(element)) && namespaceURI(element) === HTML_NAMESPACE;

/** A point of the frame's own viewport as this page sees it, and what lies over the frame there. */
const through = ({ target, x, y }) => {
  const frame = resolve(target);
  const { left, top, scale } = frameBox(frame);
  const at = { x: left + Number(x) * scale, y: top + Number(y) * scale };
  const inView = hasBox(newPass(), frame) && at.x >= 0 && at.y >= 0 && at.x < innerWidth && at.y < innerHeight;
  const found = inView ? hitAt(at.x, at.y) : null;
  return {
    ...at, scale, in_view: inView, moving: stirredLately() || animationsAround(frame).length > 0,
    cover: found && found !== frame ? describe(coverRoot(found, frame)) : null,
  };
};

/** The element at a point that a click there would press, or the frame there with the point in its own pixels. */
const at = ({ x, y }) => {
  const element = hitAt(Number(x), Number(y));
  if (!element) throw fail('not_found', `nothing is at (${Math.round(x)}, ${Math.round(y)}); give a point inside of the window`);
  if (!isFrame(element)) return { name: hold({ element: pressable(element) }).name, frame: false, x, y };
  const { left, top, scale } = frameBox(element);
  return { name: hold({ element }).name, frame: true, x: (x - left) / scale, y: (y - top) / scale };
};

/** Scrolls everything around an element so that it can be seen, another way each round. */
const reveal = ({ target, round = 0 }) => {
  scrollTo(resolve(target), { block: ['center', 'end', 'start', 'nearest'][round % 4] });
  return { ok: true };
};

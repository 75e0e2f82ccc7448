// What a person could press, type into or choose, with the refs the snapshot of this moment has: for numbers on a picture.

const MARKED_ROLES = new Set(('button checkbox combobox link listbox menuitem menuitemcheckbox menuitemradio option radio searchbox slider spinbutton switch tab '
  + 'textbox treeitem').split(' '));
const MARKS_MAX = 1000;

/** `full` asks for the whole document; else only for what is in the window and on top there. */
const marks = ({ prefix = '', full = false } = {}) => {
  const pass = newPass();
  const top = documentBody(document) || documentElement(document);
  const found = [];
  const frames = [];
  let leftOut = 0;
  const stack = top ? buildTree(pass, top, prefix, NODES_MAX).roots.reverse() : [];
  while (stack.length) {
    const node = stack.pop();
    if (typeof node === 'string') continue;
    for (let at = node.kids.length - 1; at >= 0; at--) stack.push(node.kids[at]);
    const { element, role, ref } = node;
    if (!ref) continue;
    const rect = boundingRect(element);
    const inView = rect.right > 0 && rect.bottom > 0 && rect.left < innerWidth && rect.top < innerHeight;
    if (!full && !inView) continue;
    if (role === 'iframe') {
      frames.push(ref);
      continue;
    }
    if (!MARKED_ROLES.has(role) && !node.root) continue;
    if (inView) {
      const point = visiblePoint(element);
      if (!hits(element, point) && !point.others.some(other => hits(element, other))) continue;
    }
    if (found.length === MARKS_MAX) {
      leftOut++;
      continue;
    }
    const { x, y, width, height } = rect;
    found.push({ ref, role, name: cut(nameOf(pass, element, role, tagOf(element)).name), x, y, width, height });
  }
  return { marks: found, frames, left_out: leftOut, scroll_x: scrollX, scroll_y: scrollY, scale: devicePixelRatio };
};

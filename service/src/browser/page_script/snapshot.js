// The page as an agent reads it: one walk over the drawn tree into nodes, each node tidied as it is left, then YAML.
// No recursion: a page nested 100,000 deep must not end in a stack overflow.

const NODES_MAX = 100000;
/** Elements looked at in one snapshot, whether or not they make a node. */
const ELEMENTS_MAX = 400000;
/** Levels written; indentation makes the text grow with the square of the depth. */
const LEVELS_MAX = 300;
const NAME_MAX = 900;
const COVER_MAX = 4000;
/** Parts of a subtree that are looked at for a name, and steps to find them. */
const RUN_PARTS_MAX = 2000;
const RUN_STEPS_MAX = 10000;

const newNode = (element, role, name, from) => ({
  element, role, name, from, kids: [], states: null, ref: '', pointer: false, root: false, hidden: false, active: false, url: null, hint: null, cover: '', parted: false,
});

/** Walks from `top` and returns `{roots, nodes, truncated}`; `roots` are strings and nodes. */
const buildTree = (pass, top, prefix, nodesMax) => {
  const focus = parent === window || documentHasFocus(document) ? focusedElement() : null;
  const holder = newNode(null, 'fragment', '', 'none');
  const owned = new Set();
  for (const owner of shadowRoot(top) ? [] : queryElement(top, '[aria-owns]')) for (const element of idList(owner, 'aria-owns')) if (!contains(element, owner)) owned.add(element);
  for (const element of attribute(top, 'aria-owns') ? idList(top, 'aria-owns') : []) if (!contains(element, top)) owned.add(element);

  let nodes = 0;
  let looked = 0;
  let truncated = false;
  const frameStack = [];
  let visitedOwned = null;

  // Enters one element: pushes a frame when its children are to be walked.
  const enter = (element, parent, above) => {
    if (++looked > ELEMENTS_MAX || nodes >= nodesMax) {
      truncated = true;
      return;
    }
    const tag = tagOf(element);
    if (!above.inSelect && isUndrawn(pass, element, tag)) {
      // Not drawn, yet it parts the words around it.
      if (NEVER_SHOWN.has(tag) || styleOf(pass, element).display !== 'inline') parent.kids.push(' ');
      return;
    }
    const style = styleOf(pass, element);
    // Most elements have no attributes, and each one asked for costs a step out of the script.
    const stated = hasAttributes(element);
    const hiddenHere = stated && attribute(element, 'aria-hidden') === 'true';
    const hidden = above.hidden || hiddenHere;
    const role = roleOf(element, tag);
    const spaced = style.display !== 'inline' || tag === 'br';

    // An inline wrapper around nothing but words is those words.
    const inline = style.display === 'inline' || style.display === 'contents';
    const only = role === 'generic' && inline && !(tag === 'slot' && assignedNodes(element).length) ? firstChild(element) : null;
    const folded = Boolean(only) && isText(only) && !nextSibling(only) && !shadowRoot(element);
    // Where it is drawn is asked only where it matters: it costs most of all.
    const boxed = style.visible && (!folded || hidden) && hasBox(pass, element);
    const visible = (style.visible && !hidden) || boxed;
    let node = null;
    if (visible && role !== null && !(tag === 'optgroup' && above.inSelect && !boxed)) {
      if (!folded) {
        const named = hidden || tag === 'iframe' ? { name: '', from: 'none' } : nameOf(pass, element, role, tag);
        node = newNode(element, role, named.name, named.from);
        nodes++;
        node.boxed = boxed;
        node.hidden = hiddenHere && !above.hidden;
        node.active = element === focus;
        node.states = stateWords(element, role, tag, above.disabled, node.active);
        if ((boxed && style.receives) || tag === 'iframe') {
          node.ref = giveRef(element, role, named.name, prefix);
          node.pointer = style.pointer;
          node.root = node.pointer && !above.pointer;
        }
        if (role === 'link' && (tag === 'a' || tag === 'area' || tag === 'svg:a')) node.url = attribute(element, 'href') ?? attribute(element, 'xlink:href');
        if ((tag === 'input' || tag === 'textarea') && role === 'textbox') {
          const hint = attribute(element, 'placeholder');
          if (hint && hint !== named.name) node.hint = hint;
        }
      }
    }
    const target = node || parent;
    if (!node && spaced) parent.kids.push(' ');
    const leave = { node, parent, spaced, element };
    if (tag === 'input') {
      const type = inputType(element);
      if (node && !/^(checkbox|radio|file|button|submit|reset|image)$/.test(type)) node.kids.push(shownValue(element));
      leaveNode(leave);
      return;
    }
    if (tag === 'textarea') {
      if (node) node.kids.push(shownValue(element));
      leaveNode(leave);
      return;
    }
    if (tag === 'iframe' || tag === 'frame') {
      leaveNode(leave);
      return;
    }
    const before = pseudoText(pass, element, 'before');
    if (before) target.kids.push(before);
    const root = shadowRoot(element);
    const given = element instanceof HTMLSlotElement ? assignedNodes(element) : null;
    const moved = stated && attribute(element, 'aria-owns') ? idList(element, 'aria-owns').filter(other => !contains(other, element)) : null;
    frameStack.push({
      leave, target, visible,
      next: given && given.length ? null : firstChild(root || element),
      list: given && given.length ? given : null, at: 0, moved, movedAt: 0,
      words: visible && target.role !== 'textbox',
      above: {
        hidden, pointer: node ? node.pointer && Boolean(node.ref) : above.pointer, inSelect: tag === 'select' || (above.inSelect && tag === 'optgroup'),
        disabled: stated && hasAttribute(element, 'aria-disabled') ? attribute(element, 'aria-disabled') === 'true' || (above.disabled && attribute(element, 'aria-disabled') !== 'false') : above.disabled,
      },
    });
  };

  const leaveNode = ({ node, parent, spaced }) => {
    if (!node) {
      if (spaced) parent.kids.push(' ');
      return;
    }
    const kept = tidy(node);
    if (kept !== null) parent.kids.push(kept);
    else parent.parted = true;
  };

  enter(top, holder, { hidden: isHiddenAbove(top), pointer: false, inSelect: false, disabled: isDisabledAbove(top) });
  while (frameStack.length) {
    const frame = frameStack[frameStack.length - 1];
    let child = null;
    if (frame.list) child = frame.at < frame.list.length ? frame.list[frame.at++] : null;
    else if (frame.next) {
      child = frame.next;
      frame.next = nextSibling(child);
    }
    let wasMoved = false;
    if (!child && frame.moved && frame.movedAt < frame.moved.length) {
      child = frame.moved[frame.movedAt++];
      wasMoved = true;
      visitedOwned ??= new Set();
      if (visitedOwned.has(child)) continue;
      visitedOwned.add(child);
    }
    if (child) {
      const type = nodeType(child);
      if (type === 3 || type === 4) {
        if (frame.words) frame.target.kids.push(nodeValue(child));
      } else if (type === 1 && (wasMoved || !owned.has(child)) && !(frame.list === null && !wasMoved && assignedSlot(child) && !shadowRootHolds(frame, child))) {
        enter(child, frame.target, frame.above);
      }
      continue;
    }
    frameStack.pop();
    const after = pseudoText(pass, frame.leave.element, 'after');
    if (after) frame.target.kids.push(after);
    leaveNode(frame.leave);
  }
  holder.kids = joinText(holder.kids);
  return { roots: holder.kids, nodes, truncated };
};
// A light child with a slot is reached through the slot; a child of the shadow tree itself is not.
const shadowRootHolds = (frame, child) => nodeType(parentNode(child)) === 11;

const isHiddenAbove = element => {
  for (let at = composedParent(element), steps = 0; at && steps < 10000; at = composedParent(at), steps++) if (attribute(at, 'aria-hidden') === 'true') return true;
  return false;
};
const isDisabledAbove = element => {
  for (let at = composedParent(element), steps = 0; at && steps < 10000; at = composedParent(at), steps++) {
    const stated = attribute(at, 'aria-disabled');
    if (stated) return stated === 'true';
  }
  return false;
};

const joinText = kids => {
  // Nearly all nodes have one kid or none.
  if (kids.length < 2) {
    if (!kids.length || typeof kids[0] !== 'string') return kids;
    const only = flat(kids[0]);
    return only ? [only] : [];
  }
  const out = [];
  let text = '';
  const flush = () => {
    const clean = text && flat(text);
    if (clean) out.push(clean);
    text = '';
  };
  for (const kid of kids) {
    if (typeof kid === 'string') text += kid;
    else {
      flush();
      out.push(kid);
    }
  }
  flush();
  return out;
};

const isPlain = kid => typeof kid !== 'string' && kid.role === 'generic' && !kid.name;
const isWords = kid => isPlain(kid) && kid.kids.length === 1 && typeof kid.kids[0] === 'string';

/** Takes out of a finished node what says nothing or says it twice; `null` drops it, another node takes its place. */
const tidy = node => {
  node.kids = joinText(node.kids);
  if (node.role === 'img' && !node.name && !node.kids.length && !node.root) return null;

  if (node.name) {
    if (node.kids.length === 1 && node.kids[0] === node.name) node.kids = [];
    else if (node.kids.some(kid => isWords(kid) && kid.kids[0] === node.name)) {
      node.kids = joinText(node.kids.filter(kid => !(isWords(kid) && kid.kids[0] === node.name)));
    }
    if (node.ref && node.kids.length && saysItsName(node)) node.name = '';
  }
  if (node.role === 'generic' && node.kids.length === 1) {
    const [kid] = node.kids;
    if (isWords(kid) && !kid.hidden && !node.hidden) {
      node.kids = kid.kids;
      node.parted = kid.parted;
    } else if (!node.name && typeof kid !== 'string' && kid.ref) return kid;
  }
  if (isPlain(node) && !node.kids.length && !node.root) return null;
  node.cover = coverOf(node);
  return node;
};

// What a reader gets from a node, without white space; `null` when part of it is only loose words in a wrapper or has no ref.
// Words that something empty parts (`hash_<wbr>map`) count, as they do in Playwright MCP.
const squeeze = text => (SPACE.test(text) ? text.replace(/\s+/g, '') : text);
const SPACE = /\s/;
const coverOf = node => {
  if (!node.name && !node.kids.length) return '';
  if (!node.ref || (isWords(node) && !node.parted)) return null;
  return node.name ? squeeze(node.name) : coverOfKids(node);
};
const coverOfKids = node => {
  let out = '';
  for (const kid of node.kids) {
    const part = typeof kid === 'string' ? squeeze(kid) : kid.cover;
    if (part === null) return null;
    out += part;
    if (out.length > COVER_MAX) return null;
  }
  return out;
};
const saysItsName = node => {
  if (node.kids.every(kid => typeof kid === 'string' || kid.cover === '')) return false;
  if (node.from === 'content') return coverOfKids(node) === squeeze(node.name);
  if (node.from === 'labelledby') return someRunSays(node, squeeze(node.name));
  return false;
};

/** Do some neighbouring parts of the subtree read exactly as `wanted`? */
const someRunSays = (node, wanted) => {
  const parts = [];
  // Parts without text say nothing in any run; without them a run ends within as many steps as `wanted` has characters.
  const add = part => {
    if (part !== '') parts.push(part);
  };
  const stack = [...node.kids].reverse();
  for (let steps = 0; stack.length && parts.length < RUN_PARTS_MAX && steps < RUN_STEPS_MAX; steps++) {
    const kid = stack.pop();
    if (typeof kid === 'string') add(squeeze(kid));
    else if (kid.cover !== null && kid.cover !== undefined && kid.name) add(kid.cover);
    else if (isWords(kid)) add(kid.parted ? squeeze(kid.kids[0]) : null);
    else for (let at = kid.kids.length - 1; at >= 0; at--) stack.push(kid.kids[at]);
  }
  for (let from = 0; from < parts.length; from++) {
    let run = '';
    for (let to = from; to < parts.length && parts[to] !== null && run.length < wanted.length; to++) {
      run += parts[to];
      if (run === wanted) return true;
      // What does not begin as the name does will not become it.
      if (!wanted.startsWith(run)) break;
    }
  }
  return false;
};

const keyOf = (node, inPointer, boxes) => {
  let key = node.role;
  if (node.name && node.name.length <= NAME_MAX) key += QUOTED_AS_IT_IS.test(node.name) ? ` "${node.name}"` : ' ' + JSON.stringify(node.name);
  for (const word of node.states) key += ` [${word}]`;
  if (node.hidden) key += ' [aria-hidden]';
  if (node.ref) key += ` [ref=${node.ref}]`;
  if (node.ref && node.pointer && !inPointer) key += ' [cursor=pointer]';
  if (boxes) {
    const rect = boundingRect(node.element);
    key += ` [box=${Math.round(rect.x)},${Math.round(rect.y)},${Math.round(rect.width)},${Math.round(rect.height)}]`;
  }
  return key;
};

const QUOTED_AS_IT_IS = /^[ !#-[\]-~]*$/;

/** Writes the tree: nodes with at most `depth` others above them, all when it is negative. */
const writeYaml = (roots, { depth, boxes }) => {
  const lines = [];
  const frames = [];
  let truncated = false;
  const levels = depth >= 0 ? Math.min(depth, LEVELS_MAX) : LEVELS_MAX;
  const stack = [];
  const open = (kids, level, inPointer) => stack.push({ kids, at: 0, level, inPointer });
  open(roots, 0, false);
  while (stack.length) {
    const frame = stack[stack.length - 1];
    if (frame.at >= frame.kids.length) {
      stack.pop();
      continue;
    }
    const kid = frame.kids[frame.at++];
    const indent = '  '.repeat(frame.level);
    if (typeof kid === 'string') {
      lines.push(`${indent}- text: ${yamlValue(kid)}`);
      continue;
    }
    const key = yamlKey(keyOf(kid, frame.inPointer, boxes));
    if (kid.role === 'iframe' && kid.ref) frames.push({ ref: kid.ref, line: lines.length, indent: frame.level * 2 });
    const props = [];
    if (kid.url !== null) props.push(`- /url: ${yamlValue(kid.url)}`);
    if (kid.hint !== null) props.push(`- /placeholder: ${yamlValue(kid.hint)}`);
    const words = kid.kids.length === 1 && typeof kid.kids[0] === 'string' && !props.length;
    const deeper = frame.level < levels;
    if (words) lines.push(`${indent}- ${key}: ${yamlValue(kid.kids[0])}`);
    else if (!props.length && (!kid.kids.length || !deeper)) lines.push(`${indent}- ${key}`);
    else {
      lines.push(`${indent}- ${key}:`);
      for (const prop of props) lines.push(`${indent}  ${prop}`);
    }
    if (!words && kid.kids.length) {
      if (deeper) open(kid.kids, frame.level + 1, frame.inPointer || (kid.pointer && Boolean(kid.ref)));
      else if (!(depth >= 0 && depth <= LEVELS_MAX)) {
        truncated = true;
        if (!lines[lines.length - 1].endsWith(':')) lines[lines.length - 1] += ':';
        lines.push(`${indent}  # deeper than ${LEVELS_MAX} levels; give this ref as target to see more`);
      }
    }
  }
  return { lines, frames, truncated };
};

const snapshot = ({ prefix = '', target, depth = -1, boxes = false, max_nodes: nodesMax = NODES_MAX } = {}) => {
  const pass = newPass();
  const top = target ? resolve(target) : documentBody(document) || documentElement(document);
  if (!top) return { yaml: '', frames: [], nodes: 0, truncated: false };
  const tree = buildTree(pass, top, prefix, Math.max(1, nodesMax));
  const written = writeYaml(tree.roots, { depth, boxes });
  if (tree.truncated) written.lines.push(`# cut at ${tree.nodes} nodes; use target or depth to see other parts`);
  return { yaml: written.lines.join('\n'), frames: written.frames, nodes: tree.nodes, truncated: tree.truncated || written.truncated };
};

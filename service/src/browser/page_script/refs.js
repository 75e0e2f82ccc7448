// Refs: the short names an agent calls elements by. A ref stays with its element while role and name stay; then a new one
// is given, so that an old ref never means something that reads differently.

const refOfElement = new WeakMap();
const elementOfRef = new Map();
let refsGiven = 0;
// Dead entries are swept when the table doubles, so it stays within a small factor of the live page.
let sweepAt = 10000;

const giveRef = (element, role, name, prefix) => {
  const known = refOfElement.get(element);
  if (known && known.role === role && known.name === name && known.prefix === prefix) return known.ref;
  if (known) elementOfRef.delete(known.ref);
  const ref = prefix + 'e' + ++refsGiven;
  refOfElement.set(element, { ref, role, name, prefix });
  elementOfRef.set(ref, new WeakRef(element));
  if (elementOfRef.size > sweepAt) {
    for (const [old, holder] of elementOfRef) if (!holder.deref()) elementOfRef.delete(old);
    sweepAt = Math.max(10000, elementOfRef.size * 2);
  }
  return ref;
};

// Elements that are named by no ref: the input of a file chooser, what is at a point. Held for good reason, so not weakly;
// the oldest go.
const HELD_MAX = 32;
const HELD_FORM = /^held=[0-9a-z]+-\d+$/;
// So that a name of an earlier document means nothing in a later one.
const heldPrefix = 'held=' + Math.floor(Math.random() * 2 ** 52).toString(36) + '-';
const heldElements = new Map();
let heldGiven = 0;
const hold = ({ element }) => {
  if (!(element instanceof Element)) throw fail('wrong_kind', 'that is no element; take a snapshot');
  for (const [name, known] of heldElements) if (known === element) return { name };
  if (heldElements.size >= HELD_MAX) heldElements.delete(heldElements.keys().next().value);
  const name = heldPrefix + ++heldGiven;
  heldElements.set(name, element);
  return { name };
};
const heldElement = name => {
  const element = heldElements.get(name);
  if (!element) throw fail('stale_ref', 'The element is no longer there. Try capturing new snapshot.');
  return element;
};

const REF_FORM = /^(?:f\d+)?e\d+$/;
const elementByRef = ref => {
  const element = elementOfRef.get(ref)?.deref();
  if (!element || !isConnected(element)) throw fail('stale_ref', `Ref ${ref} not found in the current page snapshot. Try capturing new snapshot.`);
  return element;
};

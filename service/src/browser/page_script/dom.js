// Reads the DOM through getters captured from the prototypes of our isolated world. A form or a document lets its named
// children shadow any property (`<form><input name="parentNode">`), so nothing here reads a property off a node directly.

// `uncurried(f)(node, …)` is `f.call(node, …)` without the array that a rest parameter makes: these run some hundred thousand times a pass.
const uncurried = Function.prototype.bind.bind(Function.prototype.call);
const getterOf = (proto, name) => uncurried(Object.getOwnPropertyDescriptor(proto, name).get);
const methodOf = (proto, name) => uncurried(proto[name]);

const nodeType = getterOf(Node.prototype, 'nodeType');
const parentNode = getterOf(Node.prototype, 'parentNode');
const firstChild = getterOf(Node.prototype, 'firstChild');
const nextSibling = getterOf(Node.prototype, 'nextSibling');
const nodeValue = getterOf(Node.prototype, 'nodeValue');
const textContent = getterOf(Node.prototype, 'textContent');
const isConnected = getterOf(Node.prototype, 'isConnected');
const getRootNode = methodOf(Node.prototype, 'getRootNode');
const contains = methodOf(Node.prototype, 'contains');
const localName = getterOf(Element.prototype, 'localName');
const namespaceURI = getterOf(Element.prototype, 'namespaceURI');
const shadowRoot = getterOf(Element.prototype, 'shadowRoot');
const assignedSlot = getterOf(Element.prototype, 'assignedSlot');
const nextElement = getterOf(Element.prototype, 'nextElementSibling');
const previousElement = getterOf(Element.prototype, 'previousElementSibling');
const attribute = methodOf(Element.prototype, 'getAttribute');
const hasAttributes = methodOf(Element.prototype, 'hasAttributes');
const hasAttribute = methodOf(Element.prototype, 'hasAttribute');
const matches = methodOf(Element.prototype, 'matches');
const closest = methodOf(Element.prototype, 'closest');
const boundingRect = methodOf(Element.prototype, 'getBoundingClientRect');
const clientRects = methodOf(Element.prototype, 'getClientRects');
const checkVisibility = methodOf(Element.prototype, 'checkVisibility');
const queryElement = methodOf(Element.prototype, 'querySelectorAll');
const queryDocument = methodOf(Document.prototype, 'querySelectorAll');
const queryFragment = methodOf(DocumentFragment.prototype, 'querySelectorAll');
const idInDocument = methodOf(Document.prototype, 'getElementById');
const idInFragment = methodOf(DocumentFragment.prototype, 'getElementById');
const documentBody = getterOf(Document.prototype, 'body');
const documentElement = getterOf(Document.prototype, 'documentElement');
const documentAddress = getterOf(Document.prototype, 'URL');
const documentSheets = getterOf(Document.prototype, 'styleSheets');
const documentAdopted = getterOf(Document.prototype, 'adoptedStyleSheets');
const documentBase = getterOf(Node.prototype, 'baseURI');
const evaluateXPath = methodOf(Document.prototype, 'evaluate');
const editCommand = methodOf(Document.prototype, 'execCommand');
const newRange = methodOf(Document.prototype, 'createRange');
const clientLeft = getterOf(Element.prototype, 'clientLeft');
const clientTop = getterOf(Element.prototype, 'clientTop');
const layoutWidth = getterOf(HTMLElement.prototype, 'offsetWidth');
const scrollIntoView = methodOf(Element.prototype, 'scrollIntoView');
const formOfSelect = getterOf(HTMLSelectElement.prototype, 'form');
const formOfTextarea = getterOf(HTMLTextAreaElement.prototype, 'form');
const inputFiles = getterOf(HTMLInputElement.prototype, 'files');
const tableRows = getterOf(HTMLTableElement.prototype, 'rows');
const documentTitle = getterOf(Document.prototype, 'title');
const documentActive = getterOf(Document.prototype, 'activeElement');
const documentHasFocus = methodOf(Document.prototype, 'hasFocus');
const documentAnimations = methodOf(Document.prototype, 'getAnimations');
const elementFromPoint = methodOf(Document.prototype, 'elementFromPoint');
const shadowFromPoint = methodOf(ShadowRoot.prototype, 'elementFromPoint');
const shadowAllFromPoint = methodOf(ShadowRoot.prototype, 'elementsFromPoint');
const assignedNodes = methodOf(HTMLSlotElement.prototype, 'assignedNodes');
const inputType = getterOf(HTMLInputElement.prototype, 'type');
const inputValue = getterOf(HTMLInputElement.prototype, 'value');
const inputChecked = getterOf(HTMLInputElement.prototype, 'checked');
const inputIndeterminate = getterOf(HTMLInputElement.prototype, 'indeterminate');
const inputForm = getterOf(HTMLInputElement.prototype, 'form');
const textareaValue = getterOf(HTMLTextAreaElement.prototype, 'value');
const selectOptions = getterOf(HTMLSelectElement.prototype, 'options');
const selectMultiple = getterOf(HTMLSelectElement.prototype, 'multiple');
const selectSize = getterOf(HTMLSelectElement.prototype, 'size');
const optionSelected = getterOf(HTMLOptionElement.prototype, 'selected');
const optionValue = getterOf(HTMLOptionElement.prototype, 'value');
const optionLabel = getterOf(HTMLOptionElement.prototype, 'label');
const buttonType = getterOf(HTMLButtonElement.prototype, 'type');
const buttonForm = getterOf(HTMLButtonElement.prototype, 'form');
const formElements = getterOf(HTMLFormElement.prototype, 'elements');
const listenTo = methodOf(EventTarget.prototype, 'addEventListener');
const labelControl = getterOf(HTMLLabelElement.prototype, 'control');
const htmlEditable = getterOf(HTMLElement.prototype, 'isContentEditable');
/** Of pictures and formulas the browser does not say whether they can be edited. */
const editable = element => element instanceof HTMLElement && htmlEditable(element);

const HTML_NAMESPACE = 'http://www.w3.org/1999/xhtml';
const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';

const isElement = node => nodeType(node) === 1;
const isText = node => nodeType(node) === 3 || nodeType(node) === 4;

/** Lower-case local name; the name with `svg:` before it in other namespaces than HTML. */
const tagOf = element => {
  const space = namespaceURI(element);
  if (space === HTML_NAMESPACE) return localName(element);
  return space === SVG_NAMESPACE ? 'svg:' + localName(element).toLowerCase() : 'xml:' + localName(element);
};

/** The parent as it is drawn: slot, shadow host or plain parent. */
const composedParent = node => {
  const slot = isElement(node) ? assignedSlot(node) : null;
  if (slot) return slot;
  const parent = parentNode(node);
  if (!parent) return null;
  if (nodeType(parent) === 11) return parent instanceof ShadowRoot ? parent.host : null;
  return nodeType(parent) === 1 ? parent : null;
};

/** Children as they are drawn: those of the open shadow root, what a slot was given, or the plain ones. */
const composedChildren = element => {
  const root = shadowRoot(element);
  const out = [];
  if (!root && element instanceof HTMLSlotElement) {
    const given = assignedNodes(element);
    if (given.length) return given;
  }
  for (let child = firstChild(root || element); child; child = nextSibling(child)) out.push(child);
  return out;
};

const queryIn = (scope, css) => {
  switch (nodeType(scope)) {
    case 1: return queryElement(scope, css);
    case 9: return queryDocument(scope, css);
    default: return queryFragment(scope, css);
  }
};

const rootOf = node => getRootNode(node);
const elementById = (node, id) => {
  const root = rootOf(node);
  if (nodeType(root) === 9) return idInDocument(root, id);
  return nodeType(root) === 11 ? idInFragment(root, id) : null;
};
const idList = (element, name) => {
  const value = attribute(element, name);
  if (!value) return [];
  const out = [];
  for (const id of value.trim().split(/\s+/).slice(0, 100)) {
    const found = id && elementById(element, id);
    if (found) out.push(found);
  }
  return out;
};

/** The focused element of this document; for focus inside a shadow tree its outermost host, as Playwright MCP says it. */
const focusedElement = () => documentActive(document);

/** Collapses white space and drops the characters nobody sees, as a person would read it. */
const flat = text => (!UNTIDY.test(text) ? text : text.replace(/[\u200b\u00ad]/g, '').replace(/\s+/g, ' ').trim());
// Most texts are in that form already; nothing here is looked at twice.
const UNTIDY = /[^!-~ ]|^ | $|  /;
const cut = (text, length = 80) => {
  const line = flat(String(text));
  return line.length > length ? line.slice(0, length - 1) + '…' : line;
};

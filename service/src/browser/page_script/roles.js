// ARIA roles: what the page says (WAI-ARIA 1.2) and what HTML says by itself (HTML-AAM).

const ROLES = new Set(('alert alertdialog application article banner blockquote button caption cell checkbox code columnheader combobox complementary '
  + 'contentinfo definition deletion dialog directory document emphasis feed figure form generic grid gridcell group heading img insertion link list '
  + 'listbox listitem log main mark marquee math meter menu menubar menuitem menuitemcheckbox menuitemradio navigation none note option paragraph '
  + 'presentation progressbar radio radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton status strong '
  + 'subscript superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree treegrid treeitem').split(' '));

const GLOBAL_ATTRIBUTES = ['aria-atomic', 'aria-busy', 'aria-controls', 'aria-current', 'aria-describedby', 'aria-details', 'aria-dropeffect', 'aria-flowto',
  'aria-grabbed', 'aria-hidden', 'aria-keyshortcuts', 'aria-label', 'aria-labelledby', 'aria-live', 'aria-owns', 'aria-relevant', 'aria-roledescription'];

const SIMPLE = {
  article: 'article', aside: 'complementary', blockquote: 'blockquote', button: 'button', caption: 'caption', code: 'code', datalist: 'listbox',
  dd: 'definition', del: 'deletion', details: 'group', dfn: 'term', dialog: 'dialog', dt: 'term', em: 'emphasis', fieldset: 'group', figure: 'figure',
  h1: 'heading', h2: 'heading', h3: 'heading', h4: 'heading', h5: 'heading', h6: 'heading', hr: 'separator', html: 'document', iframe: 'iframe',
  frame: 'iframe', ins: 'insertion', li: 'listitem', main: 'main', mark: 'mark', menu: 'list', meter: 'meter', nav: 'navigation', ol: 'list',
  optgroup: 'group', option: 'option', output: 'status', p: 'paragraph', progress: 'progressbar', search: 'search', strong: 'strong', sub: 'subscript',
  sup: 'superscript', 'svg:svg': 'img', table: 'table', tbody: 'rowgroup', textarea: 'textbox', tfoot: 'rowgroup', thead: 'rowgroup', time: 'time',
  tr: 'row', ul: 'list', 'xml:math': 'math',
};

const INPUT_ROLES = {
  button: 'button', checkbox: 'checkbox', file: 'button', image: 'button', number: 'spinbutton', radio: 'radio', range: 'slider', reset: 'button',
  submit: 'button', search: 'searchbox', hidden: null,
};

const SECTIONING = 'article,aside,main,nav,section,[role=article],[role=complementary],[role=main],[role=navigation],[role=region]';

/** For a role that can be told by tag or attribute: a selector of all elements that may have it, and of some that have not. Made when the
    first selector asks. */
let canHaveRole = null;
const rolesBySelector = () => {
  const tags = new Map();
  const add = (role, css) => tags.set(role, [...(tags.get(role) || []), css]);
  for (const [tag, role] of Object.entries(SIMPLE)) if (!tag.includes(':')) add(role, tag);
  for (const role of new Set(Object.values(INPUT_ROLES))) if (role) add(role, 'input');
  for (const [role, css] of [['textbox', 'input'], ['combobox', 'input,select'], ['listbox', 'select'], ['link', 'a,area'], ['banner', 'header'],
    ['contentinfo', 'footer'], ['form', 'form'], ['region', 'section'], ['img', 'img,svg'], ['cell', 'td'], ['gridcell', 'td'],
    ['columnheader', 'th'], ['rowheader', 'th'], ['math', 'math']]) add(role, css);
  const known = {};
  // Anything may state its role; a role that no tag has by itself is always stated.
  for (const role of ROLES) known[role] = [...(tags.get(role) || []), '[role]'].join(',');
  // What has no other role is generic.
  delete known.generic;
  return known;
};

// Parts of a table or list that stop being parts when the whole is presentational.
const PARTS_OF = {
  li: ['ul', 'ol', 'menu'], tr: ['table', 'thead', 'tbody', 'tfoot'], td: ['tr'], th: ['tr'], tbody: ['table'], thead: ['table'], tfoot: ['table'],
  dt: ['dl'], dd: ['dl'],
};

const hasGlobalAria = element => hasAttributes(element) && GLOBAL_ATTRIBUTES.some(name => attribute(element, name));
const isLabelled = element => Boolean((attribute(element, 'aria-label') || '').trim()) || idList(element, 'aria-labelledby').length > 0;

const isFocusable = (element, tag) => {
  if (hasAttribute(element, 'tabindex') && !Number.isNaN(parseInt(attribute(element, 'tabindex'), 10))) return true;
  if (tag === 'a' || tag === 'area') return hasAttribute(element, 'href');
  if (tag === 'button' || tag === 'select' || tag === 'textarea') return !hasAttribute(element, 'disabled');
  if (tag === 'input') return !hasAttribute(element, 'disabled') && inputType(element) !== 'hidden';
  return tag === 'details' || tag === 'iframe' || attribute(element, 'contenteditable') === 'true';
};

const statedRole = element => {
  const stated = attribute(element, 'role');
  if (!stated) return null;
  for (const word of stated.toLowerCase().split(/\s+/)) if (ROLES.has(word)) return word;
  return null;
};

const headerCellRole = element => {
  const scope = (attribute(element, 'scope') || '').toLowerCase();
  if (scope === 'col' || scope === 'colgroup') return 'columnheader';
  if (scope === 'row' || scope === 'rowgroup') return 'rowheader';
  const before = previousElement(element);
  const after = nextElement(element);
  if ((before && tagOf(before) === 'td') || (after && tagOf(after) === 'td')) return 'rowheader';
  if (!before && !after) {
    // A header that heads nothing: the only cell of its table.
    const table = closest(element, 'table');
    if (table && tagOf(table) === 'table' && tableRows(table).length === 1) return 'generic';
  }
  return 'columnheader';
};

const implicitRole = (element, tag) => {
  switch (tag) {
    case 'a': case 'area': return hasAttribute(element, 'href') ? 'link' : 'generic';
    case 'svg:a': return hasAttribute(element, 'href') || hasAttribute(element, 'xlink:href') ? 'link' : 'generic';
    case 'header': return closest(element, SECTIONING) ? 'generic' : 'banner';
    case 'footer': return closest(element, SECTIONING) ? 'generic' : 'contentinfo';
    case 'form': return isLabelled(element) || hasAttribute(element, 'title') ? 'form' : 'generic';
    case 'section': return isLabelled(element) || hasAttribute(element, 'title') ? 'region' : 'generic';
    case 'img': return attribute(element, 'alt') === '' && !hasAttribute(element, 'title') && !hasGlobalAria(element) && !isFocusable(element, tag) ? 'presentation' : 'img';
    case 'select': return selectMultiple(element) || selectSize(element) > 1 ? 'listbox' : 'combobox';
    case 'td': {
      const table = closest(element, 'table');
      return table && hasAttribute(table, 'role') && /^(grid|treegrid)$/.test(statedRole(table) || '') ? 'gridcell' : 'cell';
    }
    case 'th': return headerCellRole(element);
    case 'input': {
      const type = inputType(element);
      if (type in INPUT_ROLES) return INPUT_ROLES[type];
      const list = hasAttribute(element, 'list') ? elementById(element, attribute(element, 'list')) : null;
      return list && tagOf(list) === 'datalist' ? 'combobox' : 'textbox';
    }
    default: return SIMPLE[tag] || 'generic';
  }
};

// A presentational table or list takes its rows, cells and items with it.
const inheritsPresentation = (element, tag) => {
  let wanted = PARTS_OF[tag];
  for (let parent = composedParent(element), steps = 0; wanted && parent && steps < 5; parent = composedParent(parent), steps++) {
    const parentTag = tagOf(parent);
    if (!wanted.includes(parentTag)) return parentTag === 'div' && (tag === 'dt' || tag === 'dd');
    const stated = statedRole(parent);
    if (stated === 'none' || stated === 'presentation') return !hasGlobalAria(parent) && !isFocusable(parent, parentTag);
    if (stated) return false;
    wanted = PARTS_OF[parentTag];
  }
  return false;
};

/** The role a person's assistive tool would be told, `null` for one that is only presentation. */
const roleOf = (element, tag = tagOf(element)) => {
  const stated = statedRole(element);
  if (!stated) {
    const implicit = implicitRole(element, tag);
    if (implicit === 'presentation') return null;
    if (PARTS_OF[tag] && tag !== 'dt' && tag !== 'dd' && !hasGlobalAria(element) && inheritsPresentation(element, tag)) return null;
    return implicit;
  }
  if (stated === 'none' || stated === 'presentation') {
    // Roles conflict resolution: an element a person can reach or hear about is never mere presentation.
    if (hasGlobalAria(element) || isFocusable(element, tag)) {
      const implicit = implicitRole(element, tag);
      return implicit === 'presentation' ? null : implicit;
    }
    return null;
  }
  return stated;
};

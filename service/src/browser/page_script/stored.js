// What the document keeps under its origin. The page is told of a change as of any other document's: other tabs hear `storage`.

const areaOf = name => {
  let area = null;
  try {
    area = name === 'sessionStorage' ? window.sessionStorage : window.localStorage;
  } catch {
    // Opaque origins and sandboxed documents have none.
  }
  if (!area) throw fail('no_storage', `This document has no ${name === 'sessionStorage' ? name : 'localStorage'}; go to a page of a site first (browser_navigate)`);
  return area;
};

const storeIn = (area, name, key, value) => {
  try {
    area.setItem(key, value);
  } catch (error) {
    if (error?.name !== 'QuotaExceededError') throw error;
    throw fail('storage_full', `The origin's ${name} is full: a value of ${value.length} characters does not fit; remove items first, or store less`);
  }
};

const stored = ({ area: name, act, key = '', value = '', items: given = [], items_max: itemsMax = 0, chars_max: charsMax = 0 }) => {
  const area = areaOf(name);
  switch (act) {
    case 'get': return { value: area.getItem(key) };
    case 'set':
      storeIn(area, name, key, value);
      return {};
    case 'fill':
      for (const item of given) storeIn(area, name, item.name, item.value);
      return {};
    case 'remove':
      area.removeItem(key);
      return {};
    case 'clear':
      area.clear();
      return {};
    default: {
      const keys = [];
      for (let at = 0; at < area.length; at++) keys.push(area.key(at));
      keys.sort();
      const short = text => (text.length > charsMax ? `${text.slice(0, charsMax)}… (${text.length} characters)` : text);
      const items = keys.slice(0, itemsMax).map(one => ({ name: short(one), value: short(area.getItem(one) ?? '') }));
      return { items, total: keys.length, origin: window.origin };
    }
  }
};

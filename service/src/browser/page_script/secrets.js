// What a person types into a secret field while they drive: told to the service alone, and out of sight afterwards.

const SECRET_TELL = '__helmwatchSecret';
const SECRET_KINDS = new Set(['password', 'card', 'one_time_code']);
/** Fields kept in mind in one document; the oldest are forgotten. */
const SECRET_FIELDS_MAX = 64;
/** Longest value told. */
const SECRET_CHARS_MAX = 256;
/** What is shown in place of any secret: not even its length. */
const SECRET_SHOWN = '••••••••';

/** Fields by the number they are told under. */
const secretFields = new Map();
/** Documents count from places of their own, so that no two fields share a number. */
let secretsTyped = Math.floor(Math.random() * 2 ** 40);
let guarding = null;

/** What a field is shown to hold. */
const shownValue = element => {
  const value = tagOf(element) === 'textarea' ? textareaValue(element) : inputValue(element);
  return value !== '' && secretFields.has(element) ? SECRET_SHOWN : value;
};

const secretTyped = event => {
  const element = event.composedPath()[0];
  if (!event.isTrusted || !element || nodeType(element) !== 1 || !/^(input|textarea)$/.test(tagOf(element))) return;
  try {
    if (!secretFields.has(element)) {
      if (!SECRET_KINDS.has(fieldKind(newPass(), element))) return;
      if (secretFields.size >= SECRET_FIELDS_MAX) secretFields.delete(secretFields.keys().next().value);
      secretFields.set(element, ++secretsTyped);
    }
    const value = tagOf(element) === 'textarea' ? textareaValue(element) : inputValue(element);
    globalThis[SECRET_TELL]?.(JSON.stringify({ field: secretFields.get(element), value: value.slice(0, SECRET_CHARS_MAX) }));
  } catch {
    // A page that is strange enough to trip this has no field that we could tell of.
  }
};

/** Something else is put into the field: it is a secret no more. */
const forgetSecret = element => {
  if (secretFields.delete(element)) element.style.removeProperty('-webkit-text-security');
};

/** A person drives from now on, or no longer: what they typed is drawn as dots then, also in pictures. */
const guard = ({ on }) => {
  if (on && !guarding) {
    guarding = new AbortController();
    for (const type of ['input', 'change']) addEventListener(type, secretTyped, { capture: true, passive: true, signal: guarding.signal });
  } else if (!on && guarding) {
    guarding.abort();
    guarding = null;
    for (const element of secretFields.keys()) element.style.setProperty('-webkit-text-security', 'disc', 'important');
  }
  return {};
};

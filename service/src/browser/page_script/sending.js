// What the page's forms say of something it is about to send: which form it is, whose button would have sent it, and whether what a
// secret field holds is in it. What goes in came from this page; values of fields never leave it, only which of those it is.

const SENT_FORMS_MAX = 8;
const SENT_BUTTONS_MAX = 16;
const SENT_FIELDS_MAX = 200;
/** Shorter values are in every other text by chance. */
const FOUND_WITHIN_MIN = 6;

const SENT_SECRETS = new Set(['password', 'card', 'one_time_code']);

/** Where a form leads, without the part that stays here; a GET form writes its fields in the place of the query. */
const destination = (address, method) => {
  const bare = address.split('#')[0];
  return method === 'GET' ? bare.split('?')[0] : bare;
};

const sending = ({ url, method, values }) => {
  const pass = newPass();
  const scopes = [document, ...shadowRootsUnder(document)];
  const forms = [];
  for (const form of scopes.flatMap(scope => [...queryIn(scope, 'form')])) {
    if (forms.length >= SENT_FORMS_MAX) break;
    const buttons = [];
    const fits = submitter => {
      const facts = formFacts(pass, form, submitter);
      return facts.method === method && destination(facts.action, method) === destination(url, method) ? facts : null;
    };
    let found = null;
    for (const control of formElements(form)) {
      if (buttons.length >= SENT_BUTTONS_MAX || !isElement(control) || !isSubmitter(control)) continue;
      const facts = fits(control);
      if (!facts) continue;
      found = facts;
      const tag = tagOf(control);
      const role = roleOf(control, tag) || 'button';
      buttons.push({ role, name: cut(nameOf(pass, control, role, tag).name, FACT_MAX) });
    }
    found ??= fits(null);
    if (found) forms.push({ ...found, buttons });
  }
  const secrets = [];
  let seen = 0;
  for (const field of scopes.flatMap(scope => [...queryIn(scope, 'input, textarea')])) {
    const held = tagOf(field) === 'input' ? inputValue(field) : textareaValue(field);
    if (held.length < 3) continue;
    if (++seen > SENT_FIELDS_MAX) break;
    const kind = fieldKind(pass, field);
    if (!SENT_SECRETS.has(kind)) continue;
    const plain = kind === 'card' ? held.replace(/[\s-]/g, '') : held;
    const at = values.findIndex(value => value === held || value === plain || (held.length >= FOUND_WITHIN_MIN && (value.includes(held) || value.includes(plain))));
    if (at >= 0) secrets.push({ kind, at });
  }
  return { forms, secrets };
};

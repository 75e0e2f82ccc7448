// Errors that leave the page: a code for the program, one line for the reader.

class PageError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
const fail = (code, message) => new PageError(code, message);

/** Runs a function of the interface; whatever it throws becomes `{error: {code, message}}`. */
const answer = run => {
  const failed = error => ({ error: { code: error instanceof PageError ? error.code : 'internal', message: cut(error?.message ?? error, 400) } });
  try {
    const result = run();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
};

/** An element in words, for an error: `<div role=dialog> "Cookies"`. Page text: cut and quoted. */
const describe = element => {
  const tag = localName(element);
  let inside = tag;
  for (const name of ['id', 'role', 'class']) {
    const value = attribute(element, name);
    if (value) {
      inside += ` ${name}=${/[\s"'>]/.test(value) ? JSON.stringify(cut(value, 30)) : cut(value, 30)}`;
      if (name !== 'id') break;
    }
  }
  const pass = newPass();
  let name = nameOf(pass, element, roleOf(element)).name;
  if (!name) name = flat(contentName(pass, element, {}, NAME_DEPTH_MAX - 20));
  return name ? `<${inside}> "${cut(name)}"` : `<${inside}>`;
};

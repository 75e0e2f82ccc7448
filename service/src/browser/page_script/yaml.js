// Writes YAML 1.2 scalars with as few quotes as reading them back allows.

const YAML_WORDS = /^(?:null|true|false|yes|no|on|off|y|n)$/i;
// Control characters and the C1 block; white space was folded before.
// eslint-disable-next-line no-control-regex
const YAML_CONTROL = /[\x00-\x08\x0e-\x1f\x7f-\x9f]/;
// eslint-disable-next-line no-control-regex
const YAML_ESCAPED = /[\\"\x00-\x1f\x7f-\x9f]/g;

const needsQuotes = text => text === '' || YAML_CONTROL.test(text) || /^[\s\-"'&*,>|!%@#[\]?`]|[{}`]|\s$|:(?:\s|$)|^:$|\s#|[\n\r]/.test(text)
  || YAML_WORDS.test(text) || !Number.isNaN(Number(text));

const ESCAPES = { '\\': '\\\\', '"': '\\"', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const yamlValue = text => (needsQuotes(text)
  ? '"' + text.replace(YAML_ESCAPED, char => ESCAPES[char] || '\\x' + char.charCodeAt(0).toString(16).padStart(2, '0')) + '"'
  : text);
const yamlKey = text => (needsQuotes(text) ? "'" + text.replaceAll("'", "''") + "'" : text);

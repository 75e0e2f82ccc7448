// The files are one function when they run, so they are linted as one, and each finding is said for its own file.
import { readFileSync } from 'node:fs';
import { Linter } from 'eslint';

const here = new URL('.', import.meta.url);
const facade = readFileSync(new URL('../page_script.rs', here), 'utf8');
// Some files are part of two scripts; each is linted once.
const names = [...new Set([...facade.matchAll(/include_str!\("page_script\/(\w+\.js)"\)/g)].map(match => match[1]))];

const starts = [];
let source = "(() => {\n'use strict';\n";
for (const name of names) {
  starts.push({ name, line: source.split('\n').length });
  source += readFileSync(new URL(name, here), 'utf8');
}
source += '})()';

const browser = ('AbortController CSS DocumentFragment Document Element Event EventTarget HTMLAnchorElement HTMLButtonElement HTMLElement HTMLFormElement HTMLInputElement '
  + 'HTMLLabelElement HTMLOptionElement HTMLSelectElement HTMLSlotElement HTMLTableElement HTMLTextAreaElement InputEvent MutationObserver Node ResizeObserver ShadowRoot TextEncoder URL '
  + 'XPathResult addEventListener cancelAnimationFrame clearInterval clearTimeout devicePixelRatio document getComputedStyle getSelection innerHeight innerWidth parent '
  + 'performance requestAnimationFrame scrollX scrollY setInterval setTimeout window').split(' ');
const findings = new Linter().verify(source, {
  languageOptions: { ecmaVersion: 2024, sourceType: 'script', globals: Object.fromEntries(browser.map(name => [name, 'readonly'])) },
  linterOptions: { reportUnusedDisableDirectives: true },
  rules: {
    'array-callback-return': 'error', 'consistent-return': 'off', curly: ['error', 'multi-line'], eqeqeq: 'error', 'no-const-assign': 'error', 'no-control-regex': 'error',
    'no-dupe-keys': 'error', 'no-duplicate-case': 'error', 'no-eval': 'error', 'no-fallthrough': 'error', 'no-implied-eval': 'error', 'no-redeclare': 'error',
    'no-self-assign': 'error', 'no-shadow-restricted-names': 'error', 'no-undef': 'error', 'no-unreachable': 'error', 'no-unused-vars': 'error', 'no-var': 'error',
    'no-useless-escape': 'error', 'prefer-const': 'error', 'use-isnan': 'error', 'valid-typeof': 'error',
    // A page can hide any property of a form or document behind a field's name: see dom.js.
    'no-restricted-syntax': ['error', { selector: "MemberExpression[object.name='document'][property.type='Identifier']", message: 'read documents through the getters of dom.js' }],
  },
});
for (const { line, column, message, ruleId } of findings) {
  const file = starts.findLast(start => start.line <= line) ?? { name: '(head)', line: 1 };
  process.stdout.write(`${file.name}:${line - file.line + 1}:${column}: ${message} (${ruleId})\n`);
}
process.stdout.write(`${names.length} files, ${findings.length} findings\n`);
process.exitCode = findings.length ? 1 : 0;

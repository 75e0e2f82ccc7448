//! Pages that mean harm, or do it: each is a small document with a script that builds what is too large or never ends.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// Name, and the body of the page.
const PAGES: [(&str, &str); 21] = [
    ("nodes", "<main></main><script>document.querySelector('main').innerHTML = '<p>x</p>'.repeat(1e6);</script>"),
    (
        "depth",
        "<main></main><script>let at = document.querySelector('main'); for (let n = 0; n < 1e5; n++) { const inner = document.createElement('div'); at.append(inner); at = inner; } at.append('bottom');</script>",
    ),
    ("title", "<p>Title</p><script>document.title = 'x'.repeat(1e8);</script>"),
    (
        "attribute",
        "<button>Press</button><script>const large = 'x'.repeat(1e8); document.querySelector('button').setAttribute('aria-label', large); document.body.setAttribute('data-x', large);</script>",
    ),
    (
        "text",
        "<p></p><button>Press</button><script>document.querySelector('p').style.display = 'inline-block'; document.querySelector('p').textContent = 'x'.repeat(1e7);</script>",
    ),
    (
        "memory",
        "<p>Takes all there is</p><script>const held = []; const take = () => { held.push(new Uint8Array(16 << 20).fill(held.length + 1)); setTimeout(take, 5); }; onload = take;</script>",
    ),
    ("endless", "<p>Begun</p><script>for (;;);</script>"),
    ("endless-later", "<p>Begun</p><script>onload = () => setTimeout(() => { for (;;); }, 50);</script>"),
    (
        "endless-promises",
        "<p>Begun</p><script>const again = () => Promise.resolve().then(again); onload = () => setTimeout(again, 50);</script>",
    ),
    (
        "console",
        "<p>Talks</p><script>const talk = () => { for (let n = 0; n < 100; n++) console.log('x'.repeat(500), n, { n }); setTimeout(talk, 20); }; talk();</script>",
    ),
    (
        "changing",
        "<main></main><script>const main = document.querySelector('main'); let count = 0; const change = () => { for (let n = 0; n < 50; n++) { const button = document.createElement('button'); button.textContent = `Button ${count++}`; main.prepend(button); if (main.children.length > 300) main.lastChild.remove(); } setTimeout(change, 10); }; change();</script>",
    ),
    ("alerts", "<p>Alerts</p><script>onload = () => { for (;;) alert('again'); };</script>"),
    ("confirms", "<button onclick=\"while (!confirm('Stay for ever?'));\">Press</button>"),
    (
        "leaving",
        "<button>Press</button><script>onbeforeunload = event => { event.preventDefault(); return 'stay'; };</script>",
    ),
    ("popups", "<button onclick=\"for (let n = 0; n < 300; n++) window.open('about:blank', `w${n}`);\">Press</button>"),
    (
        "popups-that-load",
        "<script>let opened = 0;</script><button onclick=\"for (const count = Number(location.search.slice(1)); opened < count; opened++) window.open(`/inner?who=${opened}`, `w${opened}`);\">Press</button>",
    ),
    ("popups-again", "<button onclick=\"setInterval(() => window.open('about:blank'), 0)\">Press</button>"),
    (
        "frames",
        "<main></main><script>document.querySelector('main').innerHTML = '<iframe srcdoc=x width=10 height=10></iframe>'.repeat(1e5);</script>",
    ),
    (
        "frames-in-frames",
        "<p>Frames</p><iframe src='/hostile/frames-in-frames'></iframe><iframe src='/hostile/frames-in-frames?b'></iframe>",
    ),
    ("reloads", "<p>Reloads</p><script>setTimeout(() => location.replace(`?${Math.random()}`), 100);</script>"),
    (
        "history",
        "<p>History</p><script>setInterval(() => history.pushState(null, '', `#${Math.random()}`), 20);</script>",
    ),
];

/// Redefines what scripts stand on before the page begins: whoever shares its world is lied to.
const LIES: &str = r#"<script>
const boom = () => { throw new Error('boom'); };
for (const name of ['querySelector', 'querySelectorAll', 'elementFromPoint', 'createRange', 'createElement', 'getElementById', 'createTreeWalker'])
  Document.prototype[name] = boom;
for (const [proto, names] of [
  [Element.prototype, ['tagName', 'localName', 'attributes', 'shadowRoot', 'children', 'childNodes', 'classList', 'id', 'innerHTML', 'getAttribute', 'hasAttribute', 'matches', 'closest', 'getBoundingClientRect', 'getClientRects', 'checkVisibility']],
  [Node.prototype, ['nodeType', 'nodeName', 'childNodes', 'firstChild', 'nextSibling', 'parentNode', 'parentElement', 'textContent', 'ownerDocument', 'contains', 'getRootNode', 'isConnected']],
  [HTMLElement.prototype, ['innerText', 'offsetWidth', 'hidden', 'focus', 'click']],
  [HTMLInputElement.prototype, ['value', 'type', 'checked', 'select']],
  [EventTarget.prototype, ['dispatchEvent']],
]) for (const name of names) Object.defineProperty(proto, name, { get: boom, set: boom, configurable: true });
for (const name of ['map', 'filter', 'push', 'join', 'slice', 'forEach', 'find', 'some', 'includes', 'concat']) Array.prototype[name] = boom;
for (const name of ['get', 'set', 'has']) { Map.prototype[name] = boom; WeakMap.prototype[name] = boom; }
for (const name of ['replace', 'split', 'trim', 'slice', 'includes', 'match']) String.prototype[name] = boom;
Promise.prototype.then = boom;
Object.defineProperty(Object.prototype, 'error', { get: boom, set: boom, configurable: true });
Object.keys = Object.entries = Object.assign = Object.freeze = Object.getOwnPropertyDescriptor = boom;
JSON.stringify = JSON.parse = () => 'lies';
globalThis.getComputedStyle = globalThis.setTimeout = globalThis.requestAnimationFrame = globalThis.MutationObserver = boom;
globalThis.__helmwatch = { snapshot: () => 'lies' };
performance.now = () => NaN;
Array.prototype[Symbol.iterator] = boom;
</script>"#;

const LIED_TO: &str = "<h1>Honest words</h1><form action=/search><label>Search words <input name=q></label><button>Search</button></form>";

pub(super) async fn page(Path(name): Path<String>) -> Response {
    let body = match name.as_str() {
        "lies" => format!("{LIES}{LIED_TO}"),
        name => match PAGES.iter().find(|(known, _)| *known == name) {
            Some((_, body)) => (*body).to_owned(),
            None => return StatusCode::NOT_FOUND.into_response(),
        },
    };
    Html(format!("<!doctype html><html lang=en><meta charset=utf-8><title>Hostile</title>{body}")).into_response()
}

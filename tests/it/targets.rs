//! What Chromium attaches besides tabs: kinds that nobody knows (FAULTS F20), and popups by the hundred (F15). None stays paused, and none
//! beyond the session's tabs is ever loaded.

use helmwatch_tests::relay::Relay;
use helmwatch_tests::wait::until;
use serde_json::{Value, json};

use crate::room::{Room, SOON, section};

/// F20: a target of an unknown kind is resumed, and let go when it says nothing, whoever was told of it.
#[tokio::test]
async fn a_target_of_an_unknown_kind_is_resumed_and_let_go_when_it_says_nothing() {
    // Chromium knows nothing of it, so what it is asked is lost: it hangs.
    let relay = Relay::start("stranger-").await.unwrap();
    relay.lose(true);
    let config = format!("[browser]\nconnect = \"{}\"\n", relay.url());
    let room = Room::with(|options| options.policy("open").config(&config)).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    let navigated = relay.commands_with("Page.navigate").pop().unwrap();
    let page = navigated["sessionId"].as_str().unwrap().to_owned();
    for (session, parent) in [("stranger-1", Value::Null), ("stranger-2", page.clone().into())] {
        let info = json!({ "targetId": "T", "type": "hologram", "title": "", "url": "", "attached": true, "canAccessOpener": false });
        let params = json!({ "sessionId": session, "targetInfo": info, "waitingForDebugger": true });
        let mut attached = json!({ "method": "Target.attachedToTarget", "params": params });
        if !parent.is_null() {
            attached["sessionId"] = parent.clone();
        }
        relay.tell(attached).await.unwrap();
        let let_go = until("its being let go", SOON, async || {
            let commands = relay.commands_with(session);
            commands.into_iter().find(|command| command["method"] == "Target.detachFromTarget")
        });
        let let_go = let_go.await.unwrap_or_else(|fault| panic!("{fault}\n{:#?}", relay.commands_with(session)));
        assert_eq!((&let_go["params"]["sessionId"], &let_go["sessionId"]), (&session.into(), &parent), "{let_go}");
        let first = &relay.commands_with(session)[0];
        assert_eq!(
            (&first["method"], &first["sessionId"]),
            (&"Runtime.runIfWaitingForDebugger".into(), &session.into())
        );
        assert_eq!(agent.evaluate("() => document.title").await, "\"Form\"");
    }
    room.close().await;
    relay.stop().await.unwrap();
}

/// Starts one of each kind of script that Chromium runs in a target of its own, and returns when all have run.
const KINDS: &str = r#"async () => {
    const script = text => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
    const said = port => new Promise(done => { port.onmessage = event => done(event.data); });
    const audio = new OfflineAudioContext(1, 128, 8000);
    await audio.audioWorklet.addModule(script('registerProcessor("p", class extends AudioWorkletProcessor { process() { return false } })'));
    new AudioWorkletNode(audio, 'p').connect(audio.destination);
    await audio.startRendering();
    await CSS.paintWorklet.addModule(script('registerPaint("p", class { paint() {} })'));
    await said(new Worker(script(`const inner = new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))); inner.onmessage = () => postMessage(1)`)));
    const shared = new SharedWorker('/network-worker.js').port;
    shared.postMessage('/fetch-target');
    await said(shared);
    await navigator.serviceWorker.register('/network-worker.js');
    const worker = (await navigator.serviceWorker.getRegistration()).installing ?? (await navigator.serviceWorker.ready).active;
    worker.postMessage('/fetch-target');
    await said(navigator.serviceWorker);
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts';
    frame.srcdoc = '<script>parent.postMessage("framed", "*")</' + 'script>';
    const framed = new Promise(done => addEventListener('message', done, { once: true }));
    document.body.append(frame);
    await framed;
    return 'all ran';
}"#;

/// F20: with real targets of every kind this Chromium makes.
#[tokio::test]
async fn every_kind_of_script_a_page_starts_runs() {
    let room = Room::with(|options| options.policy("open")).await;
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    assert_eq!(agent.evaluate(KINDS).await, "\"all ran\"");
    // A page that Chromium renders ahead, and goes to.
    agent.evaluate("() => { const rules = document.createElement('script'); rules.type = 'speculationrules'; rules.textContent = JSON.stringify({ prerender: [{ urls: ['/list'] }] }); document.head.append(rules); document.body.insertAdjacentHTML('beforeend', '<a href=/list>The list</a>'); return 1 }").await;
    agent.click(&["link", "The list"]).await;
    agent.find(&["Item 12"]).await;
    room.close().await;
}

/// Popups that are opened; each takes Chromium some tens of milliseconds. (Five hundred were tried by hand.)
const POPUPS: usize = 100;

/// F15: of many popups as many load as the session may have tabs; the others are closed before their first request, and the page that
/// opened them goes on.
#[tokio::test]
async fn of_many_popups_none_beyond_the_sessions_tabs_is_loaded() {
    let room = Room::with(|options| options.policy("open").config("[session]\ntabs_max = 4\n")).await;
    let agent = room.agent().await;
    let other = room.agent_named("other").await;
    other.goto(&room.site.url("/form")).await;
    agent.goto(&room.site.url(&format!("/hostile/popups-that-load?{POPUPS}"))).await;
    // The page is busy for as long as it opens; how long that is, is this machine's business, and what the press is told, too.
    agent.call("browser_click", json!({ "target": "button", "snapshot": "none" })).await;
    let done = until("the page to be done", 8 * SOON, async || {
        let opened = agent.call("browser_evaluate", json!({ "function": "() => opened" })).await;
        (section(&opened.text, "Result") == POPUPS.to_string()).then_some(())
    });
    done.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    let tabs = until("the last popup's end", SOON, async || {
        let tabs = section(&agent.ok("browser_tabs", json!({ "action": "list" })).await.text, "Result");
        (tabs.lines().count() == 4 && tabs.matches("/inner").count() == 3).then_some(tabs)
    });
    tabs.await.unwrap_or_else(|fault| panic!("{fault}\n{}", room.service.log()));
    let mut loaded: Vec<_> = room.site.seen("GET", "/inner").into_iter().map(|seen| seen.query).collect();
    loaded.sort();
    loaded.dedup();
    assert_eq!(loaded.len(), 3, "{loaded:?}");
    assert_eq!(other.evaluate("() => document.title").await, "\"Form\"");
    room.close().await;
}

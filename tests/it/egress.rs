//! Where pages may not go, whatever way they try.

use helmwatch_tests::service::{Options, Service};
use helmwatch_tests::site::Site;
use serde_json::json;

use crate::room::{Hand, Room, SOON};

#[tokio::test]
async fn the_inside_network_is_refused_by_every_name_it_has() {
    let room = Room::open().await;
    let agent = room.agent().await;
    // A second site on loopback that nobody allowed: what must stay unseen.
    let inside = Site::start().await.unwrap();
    let port = inside.port();
    let mut wrong = Vec::new();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://x.localhost:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        "http://10.0.0.1/".to_owned(),
        "http://192.168.1.1/".to_owned(),
        "http://172.16.0.1/".to_owned(),
        "http://100.64.0.1/".to_owned(),
        "http://[fd00::1]/".to_owned(),
        "http://printer.local/".to_owned(),
        room.service.base(),
        room.site.url(&format!("/redirect?to=http://127.0.0.1:{port}/")),
    ] {
        let call = agent.call("browser_navigate", json!({ "url": url }));
        match tokio::time::timeout(SOON, call).await {
            Err(_) => wrong.push(format!("{url}: hangs")),
            Ok(answer) if !answer.is_error => wrong.push(format!("{url}: reached\n{}", answer.text)),
            Ok(answer) => {
                let error = crate::room::section(&answer.text, "Error");
                if error.lines().filter(|line| !line.trim().is_empty()).count() != 2 {
                    wrong.push(format!("{url}: not two lines\n{}", answer.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
    assert_eq!(inside.total(), 0, "the inside site saw a request");
    agent.goto(&room.site.url("/form")).await;
    room.close().await;
}

#[tokio::test]
async fn a_page_cannot_reach_inside_either() {
    let room = Room::open().await;
    let agent = room.agent().await;
    let inside = Site::start().await.unwrap();
    for way in ["http", "ws"] {
        let to = format!("{way}://127.0.0.1:{}/fetch-target", inside.port());
        agent.goto(&room.site.url(&format!("/probe?to=http://127.0.0.1:{}/fetch-target", inside.port()))).await;
        let said = if way == "ws" { socket(&agent, &to).await } else { probe(&agent).await };
        assert!(said.contains("stopped") || said.contains("reached"), "{said}");
    }
    assert_eq!(inside.total(), 0, "the inside site saw a request");
    room.close().await;
}

/// What the probe page wrote once its fetch ended.
async fn probe(agent: &Hand) -> String {
    agent.evaluate("() => new Promise((done) => { const look = () => { const text = document.getElementById('out').textContent; text === 'waiting' ? requestAnimationFrame(look) : done(text); }; look(); })").await
}

async fn socket(agent: &Hand, to: &str) -> String {
    let function = format!(
        "() => new Promise((done) => {{ const socket = new globalThis['Web' + 'Socket']('{to}'); socket.onopen = () => done('reached'); socket.onerror = () => done('stopped'); }})"
    );
    agent.evaluate(&function).await
}

#[tokio::test]
async fn an_allowed_address_is_allowed_on_its_port_only() {
    let (allowed, other) = (Site::start().await.unwrap(), Site::start().await.unwrap());
    let service = Service::start(Options::allowing([allowed.address()])).await.unwrap();
    let room = Room { site: allowed, service };
    let agent = room.agent().await;
    agent.goto(&room.site.url("/form")).await;
    agent.refused("browser_navigate", json!({ "url": other.url("/form") })).await;
    assert_eq!(other.total(), 0);
    room.close().await;
}

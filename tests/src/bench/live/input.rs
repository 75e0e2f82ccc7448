//! How long a key takes from a person's socket to the page, while the page paints and its picture is sent.

use std::time::Duration;

use helmwatch_protocol::{LiveEvent, ViewerMessage};
use serde::Serialize;
use serde_json::json;
use tokio::time::MissedTickBehavior;

use super::house::{House, STAGE};
use super::raw::Raw;
use super::sample::quantile_of;
use crate::site::Site;
use crate::viewer::{Live, now_us};
use crate::{Fault, Outcome};

/// Keys pressed in a round, and the time between two.
const KEYS: usize = 80;
const EACH: Duration = Duration::from_millis(25);

/// The page notes when a key came.
const LISTEN: &str = "() => { window.came = []; addEventListener('keydown', () => window.came.push(performance.timeOrigin + performance.now()), true); }";
const TOLD: &str = "() => window.came.map(at => at.toFixed(2)).join(' ')";

/// One side in one round, from sending to the page's listener.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Way {
    pub p50_ms: f64,
    pub p95_ms: f64,
}

/// Both, one after the other.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Input {
    pub raw: Way,
    pub ours: Way,
}

pub(super) async fn round(house: &House, raw: &Raw, site: &Site) -> Outcome<Input> {
    let url = site.url("/animation");
    raw.goto(1, &url).await?;
    let floor = by_raw(raw).await?;
    raw.goto(1, &site.url("/")).await?;
    house.goto(1, &url).await?;
    let ours = by_ours(house).await?;
    house.goto(1, &site.url("/")).await?;
    Ok(Input { raw: floor, ours })
}

async fn by_raw(raw: &Raw) -> Outcome<Way> {
    let page = &raw.pages[0];
    page.evaluate(&format!("({LISTEN})()")).await?;
    // The picture is taken meanwhile, as on our side.
    let pressing = async {
        let mut sent = Vec::new();
        let mut each = tokio::time::interval(EACH);
        each.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while sent.len() < KEYS {
            each.tick().await;
            sent.push(now_us());
            let key = json!({ "type": "keyDown", "key": "x", "code": "KeyX" });
            page.call("Input.dispatchKeyEvent", key).await?;
            page.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": "x", "code": "KeyX" })).await?;
        }
        Ok::<_, Fault>(sent)
    };
    let long = Duration::from_secs(600);
    let sent = tokio::select! {
        sent = pressing => sent?,
        looked = raw.watch(1, long) => return Err(Fault::of("raw CDP", format!("the picture ended: {:?}", looked.err()))),
    };
    page.call("Page.stopScreencast", json!({})).await?;
    let told = page.evaluate(&format!("({TOLD})()")).await?;
    way(&sent, told.as_str().unwrap_or_default())
}

async fn by_ours(house: &House) -> Outcome<Way> {
    house.evaluate(0, LISTEN).await?;
    let mut viewer = house.viewer(0, STAGE).await?;
    viewer.send(&ViewerMessage::TakeControl).await?;
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: true, .. })).await?;
    // The first frame says that the tab is looked at: input goes to that one.
    viewer.frame().await?;
    let mut sent = Vec::new();
    let mut each = tokio::time::interval(EACH);
    each.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while sent.len() < KEYS {
        tokio::select! {
            _ = each.tick() => {
                sent.push(now_us());
                for down in [true, false] {
                    viewer.send(&ViewerMessage::Key { down, key: "x".to_owned(), code: "KeyX".to_owned(), modifiers: 0 }).await?;
                }
            }
            next = viewer.next() => match next? {
                Some(Live::Frame(header, _)) => viewer.send(&ViewerMessage::Ack { seq: header.sequence }).await?,
                Some(Live::Event(_)) => {}
                None => return Err(Fault::of("a viewer", "its socket was closed")),
            },
        }
    }
    viewer.send(&ViewerMessage::HandBack).await?;
    viewer.event(|event| matches!(event, LiveEvent::Control { you_control: false, .. })).await?;
    way(&sent, &house.evaluate(0, TOLD).await?)
}

fn way(sent: &[u64], told: &str) -> Outcome<Way> {
    let came = told.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|word| {
        // Milliseconds since the epoch; whatever else the answer says is smaller.
        word.parse::<f64>().ok().filter(|at| *at > 1e12)
    });
    #[allow(clippy::cast_precision_loss, reason = "microseconds since the epoch are below 2^53")]
    let took: Vec<f64> = came.zip(sent).map(|(came, sent)| came - *sent as f64 / 1_000.0).collect();
    if took.len() < sent.len() {
        return Err(Fault::of("input", format!("{} of {} keys came", took.len(), sent.len())));
    }
    Ok(Way { p50_ms: quantile_of(took.clone(), 0.50), p95_ms: quantile_of(took, 0.95) })
}

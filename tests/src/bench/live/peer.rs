//! agent-browser's stream, as it comes when nothing is set: JSON with base64, pushed.

use std::time::Duration;

use base64::Engine as _;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::WARM;
use super::house::{House, STAGE};
use super::sample::Sample;
use super::streams::Stream;
use crate::bench::agent_browser::AgentBrowser;
use crate::site::Site;
use crate::viewer::now_us;
use crate::{Fault, Outcome};

/// A running agent-browser with its stream on a port we chose.
pub(super) struct Peer {
    running: AgentBrowser,
    port: u16,
}

/// Both in one round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Beside {
    pub peer: Stream,
    /// What comes over its wire for a frame, base64 and JSON.
    pub peer_wire_kib: f64,
    pub ours: Stream,
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    data: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<f64>,
}

impl Peer {
    pub async fn start(site: &Site) -> Outcome<Self> {
        let port = free_port()?;
        let running = AgentBrowser::start(&[], &[("AGENT_BROWSER_STREAM_PORT", port.to_string())]).await?;
        let peer = Self { running, port };
        peer.goto(&site.url("/")).await?;
        Ok(peer)
    }

    async fn goto(&self, url: &str) -> Outcome<()> {
        let opened = self.running.client.call("agent_browser_open", json!({ "url": url })).await;
        let answer = opened.map_err(|refused| Fault::of("agent-browser", refused))?;
        if answer.is_error {
            return Err(Fault::of("agent-browser", answer.text));
        }
        Ok(())
    }

    /// Its stream, then ours, on the page that never stops painting.
    pub async fn round(&self, house: &House, site: &Site, look: Duration) -> Outcome<Beside> {
        let url = site.url("/animation");
        self.goto(&url).await?;
        let (theirs, wire) = self.watch(look).await?;
        self.goto(&site.url("/")).await?;
        house.goto(1, &url).await?;
        let ours = house.watch(1, STAGE, look).await?;
        house.goto(1, &site.url("/")).await?;
        #[allow(clippy::cast_precision_loss, reason = "a few million bytes")]
        let peer_wire_kib = wire as f64 / 1_024.0 / theirs.frames.max(1) as f64;
        Ok(Beside { peer: Stream::of(&theirs, 1), peer_wire_kib, ours: Stream::of(&ours, 1) })
    }

    async fn watch(&self, look: Duration) -> Outcome<(Sample, usize)> {
        let (mut socket, _) = connect_async(format!("ws://127.0.0.1:{}", self.port))
            .await
            .map_err(|error| Fault::of("agent-browser's stream", error))?;
        let begins = Instant::now() + WARM;
        let ends = begins + look;
        let (mut sample, mut wire) = (Sample { took: look, ..Sample::default() }, 0);
        while let Ok(next) = tokio::time::timeout_at(ends, socket.next()).await {
            let Some(Ok(message)) = next else { return Err(Fault::of("agent-browser's stream", "ended")) };
            let Message::Text(text) = message else { continue };
            let Ok(Told { kind, data: Some(data), metadata }) = serde_json::from_str::<Told>(&text) else { continue };
            if kind != "frame" {
                continue;
            }
            let picture = base64::engine::general_purpose::STANDARD.decode(&data).unwrap_or_default();
            let millis = metadata.and_then(|metadata| metadata.timestamp).unwrap_or_default();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are positive")]
            let captured_at_us = (millis * 1e3) as u64;
            if Instant::now() >= begins {
                sample.add(captured_at_us, now_us(), picture.len());
                wire += text.len();
            }
        }
        Ok((sample, wire))
    }

    pub async fn stop(self) -> Outcome<()> {
        self.running.stop().await
    }
}

fn free_port() -> Outcome<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| Fault::of("a port", error))?;
    Ok(listener.local_addr().map_err(|error| Fault::of("a port", error))?.port())
}

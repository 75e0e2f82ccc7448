//! Our side: a service with sessions open, and viewers over its sockets.

use std::collections::HashMap;
use std::time::Duration;

use helmwatch_protocol::{SessionList, ViewerMessage};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::WARM;
use super::sample::Sample;
use crate::mcp::{Era, McpClient, ToolAnswer};
use crate::processes::Process;
use crate::service::{Options, Service};
use crate::site::Site;
use crate::viewer::{Live, Viewer, now_us};
use crate::{Fault, Outcome};

/// What a viewer asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub fps: u8,
    pub width: u32,
}

/// As the session page asks, and as a tile of the grid does.
pub(super) const STAGE: Wish = Wish { fps: 60, width: 1_920 };
pub(super) const TILE: Wish = Wish { fps: 2, width: 480 };

/// A service with open sessions.
pub(super) struct House {
    service: Service,
    client: McpClient,
    /// Paths of the sessions' sockets.
    paths: Vec<String>,
}

impl House {
    /// Starts it with so many sessions, all in one Chromium as on the raw side.
    pub async fn start(site: &Site, sessions: usize) -> Outcome<Self> {
        let config = format!(
            "[pool]\nmax_sessions = {sessions}\nmax_sessions_per_browser = {sessions}\nwarm_sessions = 0\n[session]\nidle_ms_max = 3600000\n"
        );
        let service = Service::start(Options::allowing([site.address()]).config(&config)).await?;
        let client = McpClient::connect(&service.mcp_url(), Some(service.admin_key()), Era::Modern).await?;
        let mut house = Self { service, client, paths: Vec::new() };
        for number in 0..sessions {
            house.call("session_open", json!({ "name": name(number) })).await?;
        }
        let key = house.service.admin_key().to_owned();
        let (_, list) = house.service.api("GET", "/v1/sessions", Some(&key), None).await?;
        let list: SessionList = serde_json::from_value(list).map_err(|error| Fault::of("the sessions", error))?;
        let ids: HashMap<String, String> =
            list.sessions.into_iter().map(|session| (session.name, session.id.to_string())).collect();
        for number in 0..sessions {
            let id = ids.get(&name(number)).ok_or_else(|| Fault::of("the sessions", "one is missing"))?;
            house.paths.push(format!("/v1/sessions/{id}/live"));
        }
        Ok(house)
    }

    pub fn process(&self) -> Process {
        self.service.process()
    }

    /// How many people look at a session.
    pub async fn viewers(&self) -> Outcome<u64> {
        let (_, list) = self.service.api("GET", "/v1/sessions", Some(self.service.admin_key()), None).await?;
        let sessions = list["sessions"].as_array().cloned().unwrap_or_default();
        Ok(sessions.iter().filter_map(|session| session["viewers"].as_u64()).sum())
    }

    /// A tool that must go well.
    pub async fn call(&self, tool: &str, arguments: serde_json::Value) -> Outcome<ToolAnswer> {
        let answer = self.client.call(tool, arguments).await.map_err(|refused| Fault::of(tool, refused))?;
        if answer.is_error {
            return Err(Fault::new(format!("{tool}: {}", answer.text), "a benchmark of failures is none"));
        }
        Ok(answer)
    }

    /// Sends the first so many sessions to an address.
    pub async fn goto(&self, sessions: usize, url: &str) -> Outcome<()> {
        for number in 0..sessions {
            self.call("browser_navigate", json!({ "session": name(number), "url": url, "snapshot": "none" })).await?;
        }
        Ok(())
    }

    /// What a function says in a session's page.
    pub async fn evaluate(&self, session: usize, function: &str) -> Outcome<String> {
        Ok(self.call("browser_evaluate", json!({ "session": name(session), "function": function })).await?.text)
    }

    /// A viewer of a session.
    pub async fn viewer(&self, session: usize, wish: Wish) -> Outcome<Viewer> {
        let path = format!("{}?fps={}&width={}", self.paths[session], wish.fps, wish.width);
        let viewer = Viewer::connect(&self.service.base(), &path, Some(self.service.admin_key())).await;
        viewer.map_err(|error| Fault::of("a viewer", error))
    }

    /// Looks at the first so many sessions at once, acknowledging each frame as soon as it is here.
    pub async fn watch(&self, sessions: usize, wish: Wish, look: Duration) -> Outcome<Sample> {
        let mut looking = JoinSet::new();
        for session in 0..sessions {
            let mut viewer = self.viewer(session, wish).await?;
            looking.spawn(async move { watch(&mut viewer, look).await });
        }
        let mut all = Sample::default();
        while let Some(one) = looking.join_next().await {
            all = all.and(one.map_err(|error| Fault::of("a viewer", error))??);
        }
        Ok(all)
    }

    pub async fn stop(self) -> Outcome<()> {
        let ended = self.service.stop().await?;
        if ended.left.is_empty() {
            return Ok(());
        }
        Err(Fault::new(format!("the service left {:?}", ended.left), "a leak: look at pool and shutdown"))
    }
}

pub(super) fn name(session: usize) -> String {
    format!("live-{session}")
}

async fn watch(viewer: &mut Viewer, look: Duration) -> Outcome<Sample> {
    let begins = Instant::now() + WARM;
    let ends = begins + look;
    let mut sample = Sample { took: look, ..Sample::default() };
    loop {
        // A page may stand still for longer than a test would wait.
        let Ok(next) = tokio::time::timeout_at(ends, viewer.next()).await else { return Ok(sample) };
        match next? {
            Some(Live::Frame(header, picture)) => {
                let now = now_us();
                viewer.send(&ViewerMessage::Ack { seq: header.sequence }).await?;
                if Instant::now() >= begins {
                    sample.add(header.captured_at_us, now, picture.len());
                }
            }
            Some(Live::Event(_)) => {}
            None => return Err(Fault::of("a viewer", "its socket was closed")),
        }
    }
}

//! The service, with room for them all and else its own defaults.

use std::time::Duration;

use helmwatch_protocol::PoolView;
use serde_json::{Value, json};

use super::home::{Home, Room, Shape, Used, Weight, times, weight_of};
use crate::mcp::{Era, McpClient, ToolAnswer};
use crate::service::{Options, Service};
use crate::site::Site;
use crate::wait::until;
use crate::{Fault, Outcome};

/// The time for the pool to have its goal of contexts ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Flags that the other side cannot use: its own pipe and folder, and the way out through the service's proxy.
const NOT_COPIED: [&str; 5] =
    ["--remote-debugging", "--user-data-dir", "--proxy-server", "--proxy-bypass-list", "--host-resolver-rules"];

pub(super) struct Ours {
    service: Service,
    client: McpClient,
}

impl Ours {
    pub async fn start(site: &Site, sessions: u32) -> Outcome<Self> {
        let config = format!(
            "[pool]\nmax_sessions = {sessions}\nceiling = {}\n[session]\nidle_ms_max = 3600000\n",
            sessions.max(256)
        );
        let service = Service::start(Options::allowing([site.address()]).config(&config)).await?;
        let client = McpClient::connect(&service.mcp_url(), Some(service.admin_key()), Era::Modern).await?;
        Ok(Self { service, client })
    }

    /// How it spread its sessions.
    pub async fn shape(&self) -> Outcome<Shape> {
        let pool = self.pool().await?;
        let browser = self.service.process().tree().into_iter().find(|process| process.is_browser());
        let browser = browser.ok_or_else(|| Fault::of("the service", "no browser runs"))?;
        let flags = browser.arguments().into_iter().filter(|flag| !NOT_COPIED.iter().any(|not| flag.starts_with(not)));
        Ok(Shape {
            browsers: pool.browsers,
            sessions_per_browser: pool.max_sessions_per_browser,
            warm: pool.warm,
            flags: flags.collect(),
        })
    }

    async fn pool(&self) -> Outcome<PoolView> {
        let (_, pool) = self.service.api("GET", "/v1/pool", Some(self.service.admin_key()), None).await?;
        serde_json::from_value(pool).map_err(|error| Fault::of("the pool", error))
    }

    pub async fn stop(self) -> Outcome<()> {
        let ended = self.service.stop().await?;
        if ended.left.is_empty() {
            return Ok(());
        }
        Err(Fault::new(format!("the service left {:?}", ended.left), "a leak: look at pool and shutdown"))
    }

    async fn call(&self, tool: &str, arguments: Value) -> Outcome<ToolAnswer> {
        let answer = self.client.call(tool, arguments).await.map_err(|refused| Fault::of(tool, refused))?;
        if answer.is_error {
            let line = crate::steps::first_line(&answer.text);
            return Err(Fault::new(format!("{tool}: {line}"), "look at the service's log"));
        }
        Ok(answer)
    }
}

fn parts(room: &Room) -> Outcome<(&str, &str)> {
    match room {
        Room::Named { name, button } => Ok((name, button)),
        Room::Page(_) => Err(Fault::of("benchmark", "a page of the other side")),
    }
}

impl Home for Ours {
    async fn prepare(&self, url: &str) -> Outcome<()> {
        let mut room = self.open(u32::MAX).await?;
        self.goto(&mut room, url).await?;
        self.call("session_close", json!({ "session": parts(&room)?.0 })).await?;
        until("contexts ready", READY_WITHIN, async || {
            let pool = self.pool().await.ok()?;
            (pool.in_use == 0 && pool.warm >= pool.warm_sessions).then_some(())
        })
        .await
    }

    async fn open(&self, number: u32) -> Outcome<Room> {
        let name = format!("curve-{number}");
        self.call("session_open", json!({ "name": name })).await?;
        Ok(Room::Named { name, button: String::new() })
    }

    async fn goto(&self, room: &mut Room, url: &str) -> Outcome<()> {
        let (name, _) = parts(room)?;
        let answer = self.call("browser_navigate", json!({ "session": name, "url": url })).await?;
        let found = answer.find_ref(&["button", "Greet"]);
        let button = found.ok_or_else(|| Fault::of("browser_navigate", "no button in its snapshot"))?;
        *room = Room::Named { name: name.to_owned(), button };
        Ok(())
    }

    async fn click(&self, room: &Room) -> Outcome<()> {
        let (name, button) = parts(room)?;
        self.call("browser_click", json!({ "session": name, "target": button, "element": "Greet" })).await.map(drop)
    }

    async fn snapshot(&self, room: &Room) -> Outcome<()> {
        let answer = self.call("browser_snapshot", json!({ "session": parts(room)?.0 })).await?;
        if answer.text.contains(" seconds") {
            return Ok(());
        }
        Err(Fault::of("browser_snapshot", "the page is not in it"))
    }

    async fn greeted(&self, room: &Room) -> Outcome<u32> {
        let function = "() => document.getElementById('answer').textContent";
        let answer = self.call("browser_evaluate", json!({ "session": parts(room)?.0, "function": function })).await?;
        Ok(times(&answer.text))
    }

    async fn weigh(&self) -> Weight {
        let process = self.service.process();
        let whole = weight_of(vec![process]).await;
        let own = process.memory().pss;
        Weight { own: Some(own), chromium: whole.saturating_sub(own) }
    }

    fn used(&self) -> Used {
        let process = self.service.process();
        let service = process.cpu();
        Used { service, browsers: process.tree_cpu().saturating_sub(service) }
    }
}

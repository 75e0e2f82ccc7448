//! Chromium alone: as many browsers as the service had, each page in a context of its own, driven by the least that does the job.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;

use super::home::{Home, Room, Shape, Used, Weight, times, weight_of};
use crate::bench::side::raw_click;
use crate::browser::Page;
use crate::cdp::Chromium;
use crate::processes::Process;
use crate::{Fault, Outcome};

pub(super) struct Raw {
    browsers: Vec<Chromium>,
    per_browser: u32,
    /// Blank pages, as many as the service keeps warm.
    _warm: Vec<Page>,
    /// The next seat: browsers are filled one after another, as the service fills them.
    next: AtomicU32,
}

impl Raw {
    pub async fn start(shape: &Shape) -> Outcome<Self> {
        let flags: Vec<&str> = shape.flags.iter().map(String::as_str).collect();
        let mut browsers = Vec::new();
        for _ in 0..shape.browsers.max(1) {
            browsers.push(Chromium::launch_with(&flags).await?);
        }
        let mut home = Self {
            browsers,
            per_browser: shape.sessions_per_browser.max(1),
            _warm: Vec::new(),
            next: AtomicU32::new(0),
        };
        for _ in 0..shape.warm {
            let page = home.page().await?;
            home._warm.push(page);
        }
        Ok(home)
    }

    pub async fn stop(self) -> Outcome<()> {
        for browser in self.browsers {
            browser.close().await?;
        }
        Ok(())
    }

    async fn page(&self) -> Outcome<Page> {
        let seat = self.next.fetch_add(1, Ordering::Relaxed) / self.per_browser;
        let last = self.browsers.len() - 1;
        Page::open(&self.browsers[(seat as usize).min(last)].connection()).await
    }

    fn processes(&self) -> Vec<Process> {
        self.browsers.iter().filter_map(|browser| Process::of(browser.pid()?)).collect()
    }
}

fn page(room: &Room) -> Outcome<&Page> {
    match room {
        Room::Page(page) => Ok(page),
        Room::Named { .. } => Err(Fault::of("benchmark", "a session of the other side")),
    }
}

impl Home for Raw {
    async fn prepare(&self, url: &str) -> Outcome<()> {
        for browser in &self.browsers {
            let page = Page::open(&browser.connection()).await?;
            page.goto(url).await?;
            page.close().await?;
        }
        Ok(())
    }

    async fn open(&self, _: u32) -> Outcome<Room> {
        self.page().await.map(Room::Page)
    }

    async fn goto(&self, room: &mut Room, url: &str) -> Outcome<()> {
        page(room)?.goto(url).await
    }

    async fn click(&self, room: &Room) -> Outcome<()> {
        raw_click(page(room)?).await
    }

    async fn snapshot(&self, room: &Room) -> Outcome<()> {
        let tree = page(room)?.call("Accessibility.getFullAXTree", json!({})).await?;
        if tree["nodes"].is_array() { Ok(()) } else { Err(Fault::of("raw CDP", "no accessibility tree")) }
    }

    async fn greeted(&self, room: &Room) -> Outcome<u32> {
        let said = page(room)?.evaluate("document.getElementById('answer').textContent").await?;
        Ok(times(said.as_str().unwrap_or_default()))
    }

    async fn weigh(&self) -> Weight {
        Weight { own: None, chromium: weight_of(self.processes()).await }
    }

    fn used(&self) -> Used {
        Used { service: Duration::ZERO, browsers: self.processes().into_iter().map(Process::tree_cpu).sum() }
    }
}

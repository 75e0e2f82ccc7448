//! What a session's pages are made to believe: media features, no network, answers in the server's place.
//!
//! Kept by the context, so that tabs, frames and workers that come later have it before their first request. Each CDP session of a
//! target is dressed by [`dress`]; one that comes while it changes is dressed twice rather than not at all.

use std::sync::Arc;

use chromiumoxide::cdp::browser_protocol::emulation::{MediaFeature, SetEmulatedMediaParams};
use chromiumoxide::cdp::browser_protocol::fetch::{self, RequestPattern, RequestStage};
use chromiumoxide::cdp::browser_protocol::network::{
    EmulateNetworkConditionsByRuleParams, NetworkConditions, OverrideNetworkStateParams, SetCacheDisabledParams,
};

use super::Context;
use super::route::Route;
use super::route::Routes;
use crate::browser::BrowserError;
use crate::browser::cdp::CdpSession;
use crate::browser::lock::lock;

/// Media features; `None` leaves one to the browser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Media {
    pub color_scheme: Option<&'static str>,
    pub reduced_motion: Option<&'static str>,
    pub forced_colors: Option<&'static str>,
    pub contrast: Option<&'static str>,
    /// `screen` or `print`.
    pub medium: Option<&'static str>,
}

/// All of it. A new value takes the place of the old one whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::browser) struct Emulation {
    pub media: Media,
    pub network: NetworkState,
    pub routes: Routes,
}

/// Is there a network?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NetworkState {
    #[default]
    Online,
    Offline,
}

/// What kind of target a CDP session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::browser) enum Attire {
    /// A tab or a frame in a process of its own.
    Document,
    /// A worker of a page: its requests are stopped where its page's are.
    Worker,
    /// A worker that belongs to no page.
    Alone,
}

impl Emulation {
    /// Sends a target what is different from `was`; all commands leave at once.
    async fn apply(&self, session: &CdpSession, attire: Attire, was: &Self) -> Result<(), BrowserError> {
        let media = async {
            if self.media == was.media || attire != Attire::Document {
                return Ok(());
            }
            session.execute(self.media.command()).await.map(drop)
        };
        let network = async {
            if self.network == was.network {
                return Ok(());
            }
            // Nothing but the connection: no delay, no limit.
            let offline = self.network == NetworkState::Offline;
            let all = NetworkConditions::new(String::new(), 0.0, -1.0, -1.0);
            let (set, told) = futures_util::join!(
                session.execute(EmulateNetworkConditionsByRuleParams::new(offline, vec![all])),
                session.execute(OverrideNetworkStateParams::new(offline, 0.0, -1.0, -1.0)),
            );
            set?;
            told.map(drop)
        };
        let routes = async {
            if self.routes == was.routes || attire == Attire::Worker {
                return Ok(());
            }
            let patterns = self
                .routes
                .wider()
                .map(|wider| RequestPattern::builder().url_pattern(wider).request_stage(RequestStage::Request).build());
            let patterns: Vec<_> = patterns.collect();
            // What a renderer has in memory it does not ask for, and so no route would meet it.
            let fresh = SetCacheDisabledParams::new(!patterns.is_empty());
            if patterns.is_empty() {
                let (disabled, fresh) =
                    futures_util::join!(session.execute(fetch::DisableParams::default()), session.execute(fresh));
                fresh?;
                return disabled.map(drop);
            }
            let enable = fetch::EnableParams::builder().patterns(patterns).build();
            let (enabled, fresh) = futures_util::join!(session.execute(enable), session.execute(fresh));
            fresh?;
            enabled.map(drop)
        };
        let (media, network, routes) = futures_util::join!(media, network, routes);
        for made in [media, network, routes] {
            match made {
                // Not every kind of worker knows every command.
                Err(BrowserError::Refused { method, message, .. }) if attire != Attire::Document => {
                    tracing::debug!(method, message, "a worker was not made as its session wants it");
                }
                made => made?,
            }
        }
        Ok(())
    }
}

impl Media {
    fn command(self) -> SetEmulatedMediaParams {
        // An empty word takes an override back.
        let feature = |name: &str, value: Option<&str>| MediaFeature {
            name: name.to_owned(),
            value: value.unwrap_or_default().to_owned(),
        };
        SetEmulatedMediaParams {
            media: Some(self.medium.unwrap_or_default().to_owned()),
            features: Some(vec![
                feature("prefers-color-scheme", self.color_scheme),
                feature("prefers-reduced-motion", self.reduced_motion),
                feature("forced-colors", self.forced_colors),
                feature("prefers-contrast", self.contrast),
            ]),
        }
    }
}

/// Makes a target as its context wants it now, given how it `was` made before.
///
/// # Errors
/// As the connection.
pub(in crate::browser) async fn dress(
    context: &Context,
    session: &CdpSession,
    attire: Attire,
    mut was: Arc<Emulation>,
) -> Result<(), BrowserError> {
    loop {
        let wanted = context.emulation();
        if Arc::ptr_eq(&wanted, &was) || wanted == was {
            return Ok(());
        }
        wanted.apply(session, attire, &was).await?;
        was = wanted;
    }
}

impl Context {
    /// Changes the media features its pages see, also of tabs that open later.
    ///
    /// # Errors
    /// As the connection.
    pub async fn emulate_media(&self, change: impl FnOnce(&mut Media) + Send) -> Result<(), BrowserError> {
        self.emulate(|emulation| change(&mut emulation.media)).await
    }

    /// Takes the network away from its pages, or gives it back; also for tabs that open later.
    ///
    /// # Errors
    /// As the connection.
    pub async fn set_network(&self, network: NetworkState) -> Result<(), BrowserError> {
        self.emulate(|emulation| emulation.network = network).await
    }

    /// Its routes, in the order they were made.
    #[must_use]
    pub fn routes(&self) -> Vec<Arc<Route>> {
        self.emulation().routes.list().to_vec()
    }

    /// Adds a route for all its pages; the newest that fits a request counts.
    ///
    /// # Errors
    /// `Page` when it has as many as it may; else as the connection.
    pub async fn add_route(&self, route: Route) -> Result<(), BrowserError> {
        let mut full = None;
        self.emulate(|emulation| match emulation.routes.with(route) {
            Ok(routes) => emulation.routes = routes,
            Err(what) => full = Some(what),
        })
        .await?;
        match full {
            None => Ok(()),
            Some(what) => Err(BrowserError::Page {
                code: "too_many_routes".to_owned(),
                message: format!("{what}; remove some first (browser_unroute)"),
            }),
        }
    }

    /// Removes the routes of a pattern, or all, and answers how many there were.
    ///
    /// # Errors
    /// As the connection.
    pub async fn remove_routes(&self, pattern: Option<&str>) -> Result<usize, BrowserError> {
        let mut removed = 0;
        self.emulate(|emulation| (emulation.routes, removed) = emulation.routes.without(pattern)).await?;
        Ok(removed)
    }

    /// Changes what its pages are made to believe, and returns when all that are there do.
    async fn emulate(&self, change: impl FnOnce(&mut Emulation) + Send) -> Result<(), BrowserError> {
        let was = {
            let mut kept = lock(&self.emulation);
            let mut wanted = Emulation::clone(&kept);
            change(&mut wanted);
            std::mem::replace(&mut *kept, Arc::new(wanted))
        };
        self.dress_workers(&was).await?;
        // A tab that attaches meanwhile reads the new wish itself: it is in the list before it starts.
        for page in self.pages() {
            match page.dress(&was).await {
                // A tab that goes needs nothing any more.
                Ok(()) | Err(BrowserError::Closed | BrowserError::Crashed) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(in crate::browser) fn emulation(&self) -> Arc<Emulation> {
        Arc::clone(&lock(&self.emulation))
    }
}

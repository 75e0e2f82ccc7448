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

use super::BrowserError;
use super::cdp::CdpSession;
use super::context::Context;
use super::route::Routes;

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
pub(super) struct Emulation {
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
pub(super) enum Attire {
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
pub(super) async fn dress(
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

//! `browser_network_state_set`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::NetworkState;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, WithModal};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum State {
    Online,
    Offline,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Network,
        "browser_network_state_set",
        "Network on or off",
        "Take the network away from all pages of the session, or give it back.",
        Hints::ACT,
        |a: Arguments| {
            let prepared = Prepared::page(Effect::Act, "Switch the network", move |turn| async move {
                let (state, word, offline) = match a.state {
                    State::Online => (NetworkState::Online, "online", false),
                    State::Offline => (NetworkState::Offline, "offline", true),
                };
                turn.session.set_network(state).await?;
                let code = vec![format!("await page.context().setOffline({offline});")];
                Ok(Answer { code, ..Answer::result(format!("Network is now {word}")) })
            });
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

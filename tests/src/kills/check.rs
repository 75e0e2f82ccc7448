//! What must be so after a restart.

use serde_json::{Value, json};

use super::{Held, Tally, Word};
use crate::service::Service;
use crate::site::Site;
use crate::{Fault, Outcome};

/// States a life ends in.
const ENDS: [&str; 6] = ["denied", "expired", "withdrawn", "stale", "executed", "outcome_unknown"];

/// Looks at the cards of the killed service.
pub(super) async fn after(service: &Service, site: &Site, before: &[Held], tally: &mut Tally) -> Outcome<()> {
    let key = service.admin_key();
    for held in before {
        let (status, card) = service.api("GET", &format!("/v1/approvals/{}", held.id), Some(key), None).await?;
        let state = card["state"].as_str().unwrap_or("gone").to_owned();
        *tally.states.entry(state.clone()).or_default() += 1;
        if status != 200 {
            tally.lost += 1;
            tally.tell(format!("{} is gone: HTTP {status}", held.id));
            continue;
        }
        let seen =
            site.seen("POST", "/buy").iter().filter(|one| one.body.ends_with(&format!("item={}", held.mark))).count();
        judge(held, &card, &state, seen, tally);
        // A late yes, to whatever is left of it.
        let yes = json!({ "decision": "approve" });
        let (status, late) = service.api("POST", &format!("/v1/approvals/{}", held.id), Some(key), Some(yes)).await?;
        if status != 409 || late["state"] != card["state"] {
            tally.wrong += 1;
            tally.tell(format!("{} took a yes after the restart: HTTP {status} {late}", held.id));
        }
    }
    let (_, grants) = service.api("GET", "/v1/grants", Some(key), None).await?;
    if grants["grants"].as_array().is_none_or(|grants| !grants.is_empty()) {
        tally.wrong += 1;
        tally.tell(format!("a grant outlived its service: {grants}"));
    }
    Ok(())
}

/// One call: what was said, what the store says, how often the site saw it.
fn judge(held: &Held, card: &Value, state: &str, seen: usize, tally: &mut Tally) {
    let ran = matches!(state, "executed" | "outcome_unknown");
    let mut wrong = Vec::new();
    if !ENDS.contains(&state) {
        wrong.push("it is open after a restart");
    }
    if seen > 1 || (seen == 1 && !ran) {
        tally.twice += 1;
        tally.tell(format!("{held:?} was seen {seen} times by the site and is {state}"));
    }
    if state == "executed" && seen == 0 {
        wrong.push("it is told as executed, and the site saw nothing");
    }
    if held.answered == Some(false) && state != "executed" {
        wrong.push("the agent was told that it ran");
    }
    let decided = !card["decided_at"].is_null() && card["decided_by"] == "admin";
    let kept = match held.word {
        _ if !held.acknowledged => true,
        Word::Deny => state == "denied" && decided,
        Word::Nothing => true,
        Word::Approve | Word::Grant => decided && matches!(state, "executed" | "outcome_unknown" | "stale"),
    };
    if !kept {
        tally.lost += 1;
        tally.tell(format!("the answered decision of {held:?} is lost: {card}"));
    }
    if held.word == Word::Nothing && state != "withdrawn" {
        wrong.push("nobody decided it");
    }
    for what in wrong {
        tally.wrong += 1;
        tally.tell(format!("{held:?} is {state}, seen {seen} times: {what}"));
    }
}

/// The whole chain, with the program's own command.
pub(super) async fn audit(service: &Service, tally: &mut Tally) -> Outcome<()> {
    let output = service.command(&["audit", "verify"]).await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    tally.wrong += 1;
    tally.tell(format!("the audit chain does not hold: {said}"));
    Err(Fault::new("the audit chain does not hold", said))
}

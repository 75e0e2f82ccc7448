//! `helmwatch webhook test`, and the webhooks a service starts with.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::auth::WallClock;
use crate::config::Config;
use crate::notify::{About, Answer, Client, Hook, HookError, News, Occasion};
use crate::telemetry::Tasks;

/// How long connections may take to end after the last answer.
const END_WAIT: Duration = Duration::from_secs(1);

/// All webhooks of the settings, with what they keep in the environment.
///
/// # Errors
/// [`HookError`] of the first that cannot be used.
pub(super) fn hooks(config: &Config) -> Result<Vec<Hook>, HookError> {
    config.webhook.iter().map(|hook| Hook::of(hook, |name| std::env::var(name).ok())).collect()
}

/// Sends one message to each webhook, or to the one that is named, once; prints a line for each and says whether all took it.
///
/// # Errors
/// Two lines, what and how, when there is nothing that could be sent to.
pub(super) async fn test(config: &Config, name: Option<&str>) -> Result<bool, String> {
    let all = hooks(config).map_err(|error| error.to_string())?;
    let hooks: Vec<Hook> = all.into_iter().filter(|hook| name.is_none_or(|name| name == hook.name())).collect();
    if hooks.is_empty() {
        return Err(match name {
            Some(name) => format!("there is no webhook \"{name}\"\nName one of the settings' [[webhook]] sections."),
            None => {
                "there are no webhooks\nAdd a [[webhook]] section to the settings file and name the file with --config."
                    .to_owned()
            }
        });
    }
    let tasks = Tasks::new();
    let client = Client::new(&hooks, &tasks).map_err(|error| error.to_string())?;
    let mut good = true;
    for hook in &hooks {
        let began = Instant::now();
        let answer = client.try_once(hook, &news(config)).await;
        let took = began.elapsed().as_millis();
        match trouble(&answer) {
            None => println!("ok    {}: taken in {took} ms", hook.name()),
            Some((what, how)) => {
                good = false;
                println!("FIX   {}: {what} ({took} ms)\n      {how}", hook.name());
            }
        }
    }
    tasks.end(END_WAIT).await;
    Ok(good)
}

fn news(config: &Config) -> News {
    let listen = SocketAddr::new(config.listen.ip(), config.listen.port());
    News {
        occasion: Occasion::Test,
        at: WallClock::system().now_ms(),
        tenant: String::new(),
        link: format!("{}/", config.public_url(listen)),
        about: About::Nothing,
    }
}

/// What is wrong with an answer, and what to do.
fn trouble(answer: &Answer) -> Option<(String, &'static str)> {
    Some(match answer {
        Answer::Taken(_) => return None,
        Answer::Refused { status, said, .. } => {
            let how = match status {
                300..=399 => "Redirects are not followed: give the address it leads to.",
                401 | 403 => "Give both sides the same secret.",
                404 | 410 => "Look at the address again; perhaps it was taken back.",
                _ => "Look at what the receiver says.",
            };
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            (format!("answered {status}{said}"), how)
        }
        Answer::Unreachable(what) => {
            (what.clone(), "Can this machine reach the receiver, and does it trust its certificate?")
        }
        Answer::TimedOut => {
            ("there was no answer in time".to_owned(), "See that the receiver runs; else raise webhook.deadline_ms.")
        }
    })
}

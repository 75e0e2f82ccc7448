//! `helmwatch doctor`: is this machine fit? Each line is `ok`, or what to do.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};

use super::chromium::{SHM_FREE_BYTES_MIN, launch_options, shm_free};
use super::{policy_command, webhook_command};
use crate::browser::{BrowserError, Chromium, Door, LaunchOptions, Sandbox, Source};
use crate::config::Config;
use crate::notify::Hook;
use crate::telemetry::Tasks;

/// Chromium takes some 40 descriptors for a session, each viewer and agent one.
const DESCRIPTORS_MIN: u64 = 4_096;

/// Folders looked into for a font; more than any ordinary machine has.
const FONT_FOLDERS_MAX: usize = 2_000;

/// What one check found.
struct Finding {
    what: &'static str,
    /// `Err`: what is wrong, and what to do.
    result: Result<String, (String, String)>,
}

/// Checks everything, prints a line for each, and says whether all are good.
pub async fn run(config: &Config) -> bool {
    let mut findings = vec![
        Finding { what: "data folder", result: data_folder(config) },
        Finding { what: "policy", result: policy(config) },
        Finding { what: "webhooks", result: webhooks(config) },
        Finding { what: "/dev/shm", result: shared_memory() },
        Finding { what: "fonts", result: fonts() },
        Finding { what: "descriptors", result: descriptors() },
    ];
    match launch_options(config, Door::new(|_, _| false)) {
        Err(error) => findings.push(Finding { what: "chromium", result: Err(browser_trouble(&error)) }),
        Ok(options) => {
            let found = match &options.source {
                Source::Start(executable) => format!("{} ({:?})", executable.path.display(), executable.build),
                #[cfg(test)]
                Source::Fake(_) => String::new(),
                Source::Elsewhere(url) => format!("elsewhere, at {url}"),
            };
            findings.push(Finding { what: "chromium", result: Ok(found) });
            findings.push(Finding { what: "sandbox", result: sandbox(options).await });
        }
    }
    for Finding { what, result } in &findings {
        match result {
            Ok(detail) => println!("ok    {what}: {detail}"),
            Err((wrong, how)) => println!("FIX   {what}: {wrong}\n      {how}"),
        }
    }
    findings.iter().all(|finding| finding.result.is_ok())
}

type Checked = Result<String, (String, String)>;

fn data_folder(config: &Config) -> Checked {
    let folder = &config.data_dir;
    let made = fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder).map(drop));
    match made {
        Ok(()) => Ok(folder.display().to_string()),
        Err(error) => Err((
            format!("{} cannot be written: {error}", folder.display()),
            "Make it writable for this user, or choose another with --data-dir.".to_owned(),
        )),
    }
}

fn policy(config: &Config) -> Checked {
    match policy_command::load(&config.policy) {
        Ok(policy) => Ok(format!("{} ({} rules)", policy.name(), policy.rule_names().count())),
        Err(text) => {
            let (what, how) = text.split_once('\n').unwrap_or((&text, "Correct the file."));
            Err((what.to_owned(), how.to_owned()))
        }
    }
}

/// Whether they can be used; what receivers say to them is `helmwatch webhook test`'s affair, which sends something.
fn webhooks(config: &Config) -> Checked {
    let hooks =
        webhook_command::hooks(config).map_err(|error| (format!("{}: {}", error.name, error.what), error.how))?;
    if hooks.is_empty() {
        return Ok("none".to_owned());
    }
    let names: Vec<&str> = hooks.iter().map(Hook::name).collect();
    Ok(format!("{}; try them with helmwatch webhook test", names.join(", ")))
}

fn shared_memory() -> Checked {
    match shm_free() {
        Some(free) if free >= SHM_FREE_BYTES_MIN => Ok(format!("{} MiB free", free >> 20)),
        Some(free) => Err((
            format!("only {} MiB are free", free >> 20),
            "Give it more (docker run --shm-size=1g, or mount a larger tmpfs); until then Chromium uses slower files."
                .to_owned(),
        )),
        None => Err(("there is none".to_owned(), "Mount a tmpfs at /dev/shm.".to_owned())),
    }
}

fn fonts() -> Checked {
    let mut folders: Vec<_> = ["/usr/share/fonts", "/usr/local/share/fonts"].map(Path::new).map(Path::to_owned).into();
    let mut looked = 0;
    while let Some(folder) = folders.pop() {
        looked += 1;
        if looked > FONT_FOLDERS_MAX {
            break;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
            if ending.is_some_and(|ending| ["ttf", "otf", "ttc", "pfb", "t1"].iter().any(|known| ending == *known)) {
                return Ok(format!("found in {}", folder.display()));
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            }
        }
    }
    Err((
        "there are none: pages show empty boxes for letters".to_owned(),
        "Install some: apt-get install fonts-dejavu-core fonts-noto-core".to_owned(),
    ))
}

fn descriptors() -> Checked {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        // The service raises its own limit to what it may.
        Ok((_, hard)) if hard >= DESCRIPTORS_MIN => Ok(format!("{hard} a process")),
        Ok((_, hard)) => Err((
            format!("only {hard} a process"),
            format!("Raise the limit to at least {DESCRIPTORS_MIN}: ulimit -Hn, or LimitNOFILE= of the unit."),
        )),
        Err(error) => Err((format!("the limit cannot be read: {error}"), "Look at ulimit -n.".to_owned())),
    }
}

/// Starts a Chromium and opens a page: only then is there a process that shows a site's content, and a sandbox around it.
async fn sandbox(options: LaunchOptions) -> Checked {
    if options.sandbox == Sandbox::Off {
        return Err((
            "it is switched off (browser.sandbox): a hostile page needs one bug less".to_owned(),
            "Set browser.sandbox to on.".to_owned(),
        ));
    }
    let tasks = Tasks::new();
    let checked = look(options, &tasks).await;
    tasks.end(Duration::from_secs(5)).await;
    checked.map_err(|error| browser_trouble(&error))
}

async fn look(options: LaunchOptions, tasks: &Tasks) -> Result<String, BrowserError> {
    let chromium = Chromium::open(Arc::new(options), tasks).await?;
    // Nothing listens there and nothing is asked of it: the page is about:blank.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let opened = async {
        let context = chromium.new_context(nowhere).await?;
        let page = context.new_page().await?;
        page.ready().await?;
        Ok::<_, BrowserError>(chromium.pid().map(confined))
    };
    let opened = opened.await;
    let version = chromium.version().to_owned();
    chromium.close().await;
    match opened? {
        Some((all, confined)) if all > 0 && confined == all => {
            Ok(format!("{version}: {all} page processes, each under seccomp"))
        }
        Some((all, confined)) => Err(BrowserError::Launch {
            what: format!("{version}: {confined} of {all} page processes are under seccomp"),
            hint: "Allow user namespaces and seccomp: in Docker use docker/seccomp.json; on Ubuntu see \
                   kernel.apparmor_restrict_unprivileged_userns."
                .to_owned(),
        }),
        None => Ok(version),
    }
}

/// Renderers below `browser`, and those of them with a seccomp filter (mode 2 in `/proc/PID/status`).
fn confined(browser: u32) -> (usize, usize) {
    let processes: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    let statuses: HashMap<u32, String> = processes
        .into_iter()
        .filter_map(|pid| Some((pid, fs::read_to_string(format!("/proc/{pid}/status")).ok()?)))
        .collect();
    let parent = |pid: u32| field(statuses.get(&pid)?, "PPid:")?.parse::<u32>().ok();
    // A process below another is at most this deep: browser, zygote, zygote, renderer.
    let below = |pid: u32| std::iter::successors(Some(pid), |pid| parent(*pid)).take(8).any(|above| above == browser);
    let renderer = |pid: u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("--type=renderer")
    };
    let renderers: Vec<u32> = statuses.keys().copied().filter(|pid| below(*pid) && renderer(*pid)).collect();
    let filtered =
        renderers.iter().filter(|pid| statuses.get(pid).and_then(|text| field(text, "Seccomp:")) == Some("2"));
    (renderers.len(), filtered.count())
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn browser_trouble(error: &BrowserError) -> (String, String) {
    let how = match error {
        BrowserError::Launch { hint, .. } => hint.clone(),
        _ => "Start it by hand as that user with --headless --remote-debugging-pipe and read what it says.".to_owned(),
    };
    (error.to_string(), how)
}

//! `helmwatch-load`: agents and viewers against a running service, or against one it starts.

use std::io::IsTerminal as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use helmwatch_tests::load::compare::Comparison;
use helmwatch_tests::load::{self, Open, Plan, Report, Scenario, Schedule, Until, Wish, settings_of_faults};
use helmwatch_tests::mcp::Era;
use helmwatch_tests::processes::Process;
use helmwatch_tests::service::{Options, Service};
use helmwatch_tests::site::Site;
use helmwatch_tests::{Fault, Outcome};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Port of the form page beside a service that already runs, so that it can be allowed once and for all.
const SITE_PORT: u16 = 7899;

/// Load test of Helmwatch: whole small browser sessions through MCP, watched through WebSocket.
///
/// Without --url it starts a service of its own, with room for all agents, and stops it at the end.
#[derive(Parser)]
#[command(name = "helmwatch-load", version)]
struct Arguments {
    /// A running service, as in http://127.0.0.1:7800
    #[arg(long, env = "HELMWATCH_URL")]
    url: Option<String>,
    /// A key of it with the scopes agent and view (admin for --set-limit)
    #[arg(long, env = "HELMWATCH_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Process id of it, to weigh it
    #[arg(long)]
    pid: Option<i32>,
    /// Agents at once
    #[arg(long, short, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    agents: u32,
    /// Viewers at once
    #[arg(long, short, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=1000))]
    viewers: u32,
    /// Whole sessions in all
    #[arg(long, short = 'n', default_value_t = 100, conflicts_with = "seconds")]
    sessions: u64,
    /// Run for so many seconds instead
    #[arg(long, short)]
    seconds: Option<u64>,
    /// Protocol era of the agents
    #[arg(long, value_enum, default_value_t = EraName::Modern)]
    era: EraName,
    /// Sessions at once of the service it starts (as many as agents when absent)
    #[arg(long, conflicts_with = "url")]
    limit: Option<u32>,
    /// Move the pool's limit while it runs, as in 10:2 (after ten seconds, to two); may be repeated
    #[arg(long, value_name = "AT_SECOND:N", value_parser = at_second)]
    set_limit: Vec<(Duration, u32)>,
    /// Port of the form page when --url is given; the service must allow 127.0.0.1 on it
    #[arg(long, default_value_t = SITE_PORT)]
    site_port: u16,
    /// Sessions come on a schedule, whatever the service does, instead of agents that come back when they were served
    #[arg(long, value_enum, conflicts_with = "agents")]
    scenario: Option<ScenarioName>,
    /// Sessions a second of --scenario, on average [default: 2, of noisy-tenant 1]
    #[arg(long, requires = "scenario")]
    rate: Option<f64>,
    /// Callers of the noisy tenant that wait all the time
    #[arg(long, default_value_t = 1_000, requires = "scenario")]
    crowd: u32,
    /// Sessions one tenant may have open in noisy-tenant [default: half of --limit]; 0 is the service's own default, no share
    #[arg(long, requires = "scenario", conflicts_with = "url")]
    share: Option<u32>,
    /// Of --scenario: the same seed makes the same schedule
    #[arg(long, default_value_t = 1, requires = "scenario")]
    seed: u64,
    /// Write the report as JSON there; - is standard output, which then holds nothing else
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as one HTML page with plots there
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Run nothing: print ratios of two reports that --json wrote (with --report, show the new one beside the old)
    #[arg(long, num_args = 2, value_names = ["OLD.json", "NEW.json"], conflicts_with_all = ["scenario", "json"])]
    compare: Option<Vec<PathBuf>>,
    /// No progress bar
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ScenarioName {
    /// One after another at random moments
    Steady,
    /// All sessions of five seconds at one moment
    Burst,
    /// From none a second to twice the rate
    Ramp,
    /// Steady; four in ten go wrong: errors, agents that vanish, pages that crash, calls that time out
    Soak,
    /// More of it wrong, scripts without an end, and a browser killed every five seconds (pages and browsers only of a service it starts)
    Chaos,
    /// The same sessions three times: alone, while a thousand callers of another tenant wait, and alone again (only a service it starts)
    NoisyTenant,
}

impl From<ScenarioName> for Scenario {
    fn from(name: ScenarioName) -> Self {
        match name {
            ScenarioName::Steady => Self::Steady,
            ScenarioName::Burst => Self::Burst,
            ScenarioName::Ramp => Self::Ramp,
            ScenarioName::Soak => Self::Soak,
            ScenarioName::Chaos => Self::Chaos,
            ScenarioName::NoisyTenant => Self::NoisyTenant,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum EraName {
    /// MCP 2026-07-28
    Modern,
    /// MCP 2025-11-25
    Legacy,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(files) = &arguments.compare {
        return match compare(files, arguments.report.as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => complain(&fault),
        };
    }
    match run(&arguments).await {
        Ok(report) => match tell(&arguments, &report) {
            Ok(()) if report.is_clean() => ExitCode::SUCCESS,
            Ok(()) => ExitCode::FAILURE,
            Err(fault) => complain(&fault),
        },
        Err(fault) => complain(&fault),
    }
}

async fn run(arguments: &Arguments) -> Outcome<Report> {
    let schedule = arguments.schedule()?;
    let site = Site::start_on(if arguments.url.is_some() { arguments.site_port } else { 0 }).await?;
    let profiles = temporary_folder()?;
    let mut own = None;
    let (base, key, process) = if let Some(url) = &arguments.url {
        (url.trim_end_matches('/').to_owned(), arguments.key.clone(), arguments.pid.and_then(Process::of))
    } else {
        let mut options = Options::allowing([site.address()]).config(&arguments.settings());
        // A folder for temporary files of its own: what is left in it is this service's.
        options.environment.push(("TMPDIR".to_owned(), profiles.path().display().to_string()));
        let service = own.insert(Service::start(options).await?);
        (service.base(), Some(service.admin_key().to_owned()), Some(service.process()))
    };
    let open = match schedule {
        Some(schedule) => {
            Some(Open { noisy_key: noisy_key(&schedule, own.as_ref()).await?, schedule, reaped: own.is_some() })
        }
        None => None,
    };
    let plan = Plan {
        base,
        key,
        era: match arguments.era {
            EraName::Modern => Era::Modern,
            EraName::Legacy => Era::Legacy,
        },
        agents: arguments.agents,
        viewers: arguments.viewers,
        until: arguments
            .seconds
            .map_or(Until::Sessions(arguments.sessions), |seconds| Until::Elapsed(Duration::from_secs(seconds))),
        form_url: site.url("/form"),
        process,
        set_limit: arguments.set_limit.clone(),
        open,
        profiles: own.as_ref().map(|_| profiles.path().to_owned()),
        settles_within: load::SETTLES_WITHIN,
    };
    let (progress, shown) = watch::channel(0);
    let mut shower = JoinSet::new();
    shower.spawn(show(bar(arguments), shown));
    let result = load::run(plan, progress).await;
    // The bar ends when the run drops its end of the channel.
    while shower.join_next().await.is_some() {}
    let mut report = result.map_err(|fault| explain(fault, own.as_ref()))?;
    if report.sessions == 0 && arguments.url.is_some() {
        eprintln!("not one session ended well: was the service started with --egress-allow {}?", site.address());
    }
    if let Some(service) = own {
        report.processes_left = Some(service.stop().await?.left);
    }
    Ok(report)
}

impl Arguments {
    /// The schedule of --scenario; with --seconds, as many sessions as come in that time.
    fn schedule(&self) -> Outcome<Option<Schedule>> {
        let Some(name) = self.scenario else { return Ok(None) };
        let scenario = Scenario::from(name);
        let rate = self.rate.unwrap_or(if scenario == Scenario::NoisyTenant { 1.0 } else { 2.0 });
        if scenario == Scenario::NoisyTenant && self.url.is_some() {
            return Err(Fault::new(
                "noisy-tenant needs keys of two tenants",
                "leave --url out: the service it starts gets them",
            ));
        }
        #[allow(clippy::cast_precision_loss, reason = "any --seconds that is no mistake fits a double")]
        let sessions = self.seconds.map_or(self.sessions as f64, |seconds| (seconds as f64 * rate).ceil());
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` keeps it within the type; a schedule has a limit"
        )]
        let sessions = sessions as u32;
        // Those that hold a session do not wait.
        let crowd = self.crowd.saturating_add(self.places());
        let may_break = self.url.is_none();
        Schedule::of(&Wish { scenario, sessions, rate, seed: self.seed, crowd, may_break }).map(Some)
    }

    /// Sessions at once of the service it starts.
    fn places(&self) -> u32 {
        self.limit.unwrap_or(self.agents)
    }

    /// Configuration of the service it starts.
    fn settings(&self) -> String {
        let limit = self.places();
        let mut text = format!("[pool]\nmax_sessions = {limit}\n");
        if matches!(self.scenario, Some(ScenarioName::NoisyTenant)) {
            // Room for all of the crowd, and connections: what is measured is who waits, not who is refused.
            let (callers, share) = (self.crowd + limit, self.share.unwrap_or(limit / 2));
            let waiting = if share == 0 { 0 } else { callers };
            text += &format!(
                "max_waiting = {}\nmax_sessions_per_tenant = {share}\nmax_waiting_per_tenant = {waiting}\n\
                 [http]\nconnections_max = {}\n[session]\nidle_ms_max = 10000\n",
                2 * callers,
                2 * callers + 256
            );
        }
        if matches!(self.scenario, Some(ScenarioName::Soak | ScenarioName::Chaos)) {
            text += &settings_of_faults();
        }
        text
    }
}

/// A key of another tenant, when one is to come.
async fn noisy_key(schedule: &Schedule, service: Option<&Service>) -> Outcome<Option<String>> {
    match service {
        Some(service) if schedule.noise.is_some() => {
            service.create_key("noisy", &["agent"], Some("noisy")).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// A folder that Chromium's own user may pass through.
fn temporary_folder() -> Outcome<tempfile::TempDir> {
    tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o711))
        .tempdir()
        .map_err(|error| Fault::of("no temporary folder", error))
}

fn explain(fault: Fault, service: Option<&Service>) -> Fault {
    match service {
        Some(service) => Fault { hint: format!("{}\n{}", fault.hint, service.log()), ..fault },
        None => fault,
    }
}

fn bar(arguments: &Arguments) -> ProgressBar {
    let bar = match arguments.seconds {
        Some(_) => ProgressBar::new_spinner(),
        None => ProgressBar::new(arguments.sessions),
    };
    let template = match arguments.seconds {
        Some(_) => "{spinner} {pos} sessions, {per_sec}, {elapsed}",
        None => "{bar:40} {pos}/{len} sessions, {per_sec}, {eta} left",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if arguments.quiet || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}

async fn show(bar: ProgressBar, mut count: watch::Receiver<u64>) {
    while count.changed().await.is_ok() {
        bar.set_position(*count.borrow_and_update());
    }
    bar.finish_and_clear();
}

/// Two runs of before beside each other.
fn compare(files: &[PathBuf], page: Option<&Path>) -> Outcome<()> {
    let [old, new] = files else {
        return Err(Fault::new("--compare takes two files", "name the old report, then the new"));
    };
    let (old, new) = (load::compare::read(old)?, load::compare::read(new)?);
    print!("{}", Comparison::of(&old, &new));
    page.map_or(Ok(()), |file| write(file, &load::page(&new, Some(&old))))
}

fn write(file: &Path, text: &str) -> Outcome<()> {
    std::fs::write(file, text)
        .map_err(|error| Fault::new(format!("{}: {error}", file.display()), "name a file that can be written"))
}

fn tell(arguments: &Arguments, report: &Report) -> Outcome<()> {
    if let Some(file) = &arguments.report {
        let report = serde_json::to_value(report).map_err(|error| Fault::of("the report", error))?;
        write(file, &load::page(&report, None))?;
    }
    let json = || serde_json::to_string_pretty(report).map_err(|error| Fault::of("the report", error));
    match &arguments.json {
        Some(file) if file.as_os_str() == "-" => println!("{}", json()?),
        Some(file) => {
            write(file, &json()?)?;
            print!("{report}");
        }
        None => print!("{report}"),
    }
    Ok(())
}

fn complain(fault: &Fault) -> ExitCode {
    eprintln!("helmwatch-load: {fault}");
    ExitCode::FAILURE
}

fn at_second(text: &str) -> Result<(Duration, u32), String> {
    let (at, limit) = text.split_once(':').ok_or("write it as SECOND:N, as in 10:2")?;
    let at: f64 = at.parse().map_err(|_| format!("\"{at}\" is no number of seconds"))?;
    let limit = limit.parse().map_err(|_| format!("\"{limit}\" is no number of sessions"))?;
    let at = Duration::try_from_secs_f64(at).map_err(|_| format!("{at} is no time from now"))?;
    Ok((at, limit))
}

//! The real `helmwatch`, started as a child, stopped like an operator stops it, and searched for leftovers.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::processes::{self, Process};
use crate::wait::until;
use crate::{Fault, Outcome};

/// Log lines kept for the report of a failed test.
const LOG_LINES_MAX: usize = 400;

/// Start to ready: generous, because a debug build on a busy machine is no figure.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// SIGTERM to the end of the process: above the service's own grace of 30 s.
const STOP_WITHIN: Duration = Duration::from_secs(40);

/// The end of the service to the end of its last Chromium (FAULTS F29, F30: 2 s; doubled for a busy machine).
const CLEAN_WITHIN: Duration = Duration::from_secs(4);

/// Looks for a key that was made beside the running service, and the time between them.
const KNOWN_LOOKS: u32 = 20;
const KNOWN_EVERY: Duration = Duration::from_millis(100);

/// Name of the settings file in the data folder.
const CONFIG_FILE: &str = "test.toml";

/// In the environment of every process a service starts, so that orphans are found whoever adopted them.
const MARK: &str = "FIXTURE_MARK";

/// How to start it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--policy`; the program's own default when absent.
    pub policy: Option<String>,
    /// `--egress-allow`, each `HOST_OR_CIDR[:PORT]`.
    pub egress_allow: Vec<String>,
    /// A configuration file's text, written to the data folder and passed as `--config`.
    pub config: Option<String>,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
    /// Further environment.
    pub environment: Vec<(String, String)>,
    /// A data folder kept from an earlier start (for restarts).
    pub data: Option<Arc<TempDir>>,
    /// A program and its arguments that starts the service, whose own command follows: `unshare --pid --fork`.
    pub under: Vec<String>,
}

impl Options {
    /// The defaults, with these addresses allowed.
    pub fn allowing<I: IntoIterator<Item = String>>(addresses: I) -> Self {
        Self { egress_allow: addresses.into_iter().collect(), ..Self::default() }
    }

    /// Lets pages reach one more private address, `HOST:PORT`.
    #[must_use]
    pub fn and_allow(mut self, address: &str) -> Self {
        self.egress_allow.push(address.to_owned());
        self
    }

    /// The same with another policy.
    #[must_use]
    pub fn policy(mut self, policy: &str) -> Self {
        self.policy = Some(policy.to_owned());
        self
    }

    /// The same started by another program, which is given the service's command.
    #[must_use]
    pub fn under(mut self, words: &[&str]) -> Self {
        self.under = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// The same with a configuration file of this text.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }
}

/// A service that answered `/readyz`.
pub struct Service {
    child: Child,
    process: Process,
    port: u16,
    admin_key: String,
    mark: String,
    data: Arc<TempDir>,
    log: Arc<Mutex<VecDeque<String>>>,
    _readers: JoinSet<()>,
    ready_after: Duration,
    http: reqwest::Client,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit status of the service itself.
    pub status: ExitStatus,
    /// From the signal to its end.
    pub took: Duration,
    /// Command lines of processes it left behind, still alive when the time for cleaning up was over.
    pub left: Vec<String>,
}

/// What a start that was to fail said.
#[derive(Debug)]
pub struct Refusal {
    /// Exit status.
    pub status: ExitStatus,
    /// Standard output and standard error, lines in the order they came.
    pub text: String,
}

impl Service {
    /// Starts `helmwatch serve` on a free port with its own data folder and waits until it is ready.
    ///
    /// # Errors
    /// When the program is not built, ends early or is not ready in time; the fault holds its last lines.
    pub async fn start(options: Options) -> Outcome<Self> {
        let data = match options.data.clone() {
            Some(data) => data,
            None => Arc::new(TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?),
        };
        let mark = random_word();
        let admin_key = format!("hw_test_{}", random_word());
        let mut command = serve_command(&options, data.path())?;
        command.env("HELMWATCH_ADMIN_KEY", &admin_key).env(MARK, &mark).stdin(Stdio::null());
        let began = Instant::now();
        let mut child = command.spawn().map_err(|error| Fault::of("helmwatch does not start", error))?;
        let pid = child.id().ok_or_else(|| Fault::new("helmwatch ended at once", "run it by hand"))?.cast_signed();
        let mut process = Process::of(pid).ok_or_else(|| Fault::new("helmwatch ended at once", "run it by hand"))?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let mut readers = JoinSet::new();
        let (found, mut port) = watch::channel(None);
        if let Some(out) = child.stdout.take() {
            readers.spawn(read_lines(out, Arc::clone(&log), found.clone()));
        }
        if let Some(err) = child.stderr.take() {
            readers.spawn(read_lines(err, Arc::clone(&log), found));
        }
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(60))
            .build()
            .map_err(|error| Fault::of("no HTTP client", error))?;
        let ready = async {
            let port = tokio::select! {
                named = port.wait_for(Option::is_some) => named.ok().and_then(|port| *port),
                _ = child.wait() => None,
            };
            let port = port.ok_or_else(|| Fault::new("helmwatch named no address", "see its lines below"))?;
            let url = format!("http://127.0.0.1:{port}/readyz");
            until("/readyz", READY_WITHIN, async || {
                http.get(&url).send().await.ok().filter(|answer| answer.status().is_success())
            })
            .await?;
            Ok::<u16, Fault>(port)
        };
        let port = match tokio::time::timeout(READY_WITHIN, ready).await {
            Ok(Ok(port)) => port,
            Ok(Err(fault)) => return Err(with_log(fault, &log)),
            Err(_) => {
                let fault = Fault::new("helmwatch was not ready in time", "see its lines below");
                return Err(with_log(fault, &log));
            }
        };
        let ready_after = began.elapsed();
        if !options.under.is_empty() {
            // Whoever started it may still be there, as its parent.
            process = process.tree().into_iter().find(|one| one.role() == "helmwatch").unwrap_or(process);
        }
        Ok(Self { child, process, port, admin_key, mark, data, log, _readers: readers, ready_after, http })
    }

    /// Starts a service that is expected to refuse, and returns what it said.
    ///
    /// # Errors
    /// When it has not ended within `limit`: it started, or it hangs.
    pub async fn refuse(options: &Options, limit: Duration) -> Outcome<Refusal> {
        let data = TempDir::new().map_err(|error| Fault::of("no temporary folder", error))?;
        let mut command = serve_command(options, data.path())?;
        command.env("HELMWATCH_ADMIN_KEY", "hw_test_refused_by_this_service").stdin(Stdio::null());
        let child = command.spawn().map_err(|error| Fault::of("helmwatch does not start", error))?;
        let output = tokio::time::timeout(limit, child.wait_with_output())
            .await
            .map_err(|_| Fault::new("helmwatch did not refuse: it still runs", "it should have said what is wrong"))?
            .map_err(|error| Fault::of("helmwatch's output", error))?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Refusal { status: output.status, text: String::from_utf8_lossy(&text).into_owned() })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Address of `/mcp`.
    #[must_use]
    pub fn mcp_url(&self) -> String {
        format!("{}/mcp", self.base())
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The key with every scope.
    #[must_use]
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// From `fork` to the first 200 of `/readyz`.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// The service's own process.
    #[must_use]
    pub fn process(&self) -> Process {
        self.process
    }

    /// The settings file it was started with, when it was given one: to be changed while it runs.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.data.path().join(CONFIG_FILE)
    }

    /// Its data folder; hold it to start another service on it.
    #[must_use]
    pub fn data(&self) -> Arc<TempDir> {
        Arc::clone(&self.data)
    }

    /// The processes it started that run now, itself not among them.
    #[must_use]
    pub fn children(&self) -> Vec<Process> {
        let mut all = self.process.tree();
        for orphan in processes::marked(MARK, &self.mark) {
            if !all.contains(&orphan) {
                all.push(orphan);
            }
        }
        all.retain(|one| *one != self.process && one.alive());
        all
    }

    /// Its last lines, for a report.
    #[must_use]
    pub fn log(&self) -> String {
        let lines = self.log.lock().expect("no holder of this lock panics");
        lines.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Everything it said so far that holds `word`.
    #[must_use]
    pub fn log_lines_with(&self, word: &str) -> Vec<String> {
        let lines = self.log.lock().expect("no holder of this lock panics");
        lines.iter().filter(|line| line.contains(word)).cloned().collect()
    }

    /// One request to a `/v1` route with a key; the answer's status and JSON (`null` when it is none).
    ///
    /// # Errors
    /// When no answer came.
    pub async fn api(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<serde_json::Value>,
    ) -> Outcome<(u16, serde_json::Value)> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|error| Fault::of("method", error))?;
        let mut request = self.http.request(method, format!("{}{path}", self.base()));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|error| Fault::of(path, error))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| Fault::of(path, error))?;
        Ok((status, serde_json::from_str(&text).unwrap_or(serde_json::Value::Null)))
    }

    /// The bytes at an address of the service (absolute or a path), with a key.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn bytes(&self, address: &str, key: Option<&str>) -> Outcome<Vec<u8>> {
        let url = if address.starts_with("http") { address.to_owned() } else { format!("{}{address}", self.base()) };
        let mut request = self.http.get(&url);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| Fault::of(&url, error))?;
        Ok(answer.bytes().await.map_err(|error| Fault::of(&url, error))?.to_vec())
    }

    /// Status, headers and bytes at an address of the service (absolute or a path), whatever the status is.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn fetch(&self, address: &str, key: Option<&str>) -> Outcome<(u16, HashMap<String, String>, Vec<u8>)> {
        let url = if address.starts_with("http") { address.to_owned() } else { format!("{}{address}", self.base()) };
        let mut request = self.http.get(&url);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.map_err(|error| Fault::of(&url, error))?;
        let status = answer.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok((status, headers, answer.bytes().await.map_err(|error| Fault::of(&url, error))?.to_vec()))
    }

    /// Sends a body as it is; status, headers and bytes of the answer.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post(
        &self,
        path: &str,
        key: &str,
        mime: &str,
        body: Vec<u8>,
    ) -> Outcome<(u16, HashMap<String, String>, Vec<u8>)> {
        let request = self.http.post(format!("{}{path}", self.base())).bearer_auth(key).header("content-type", mime);
        let answer = request.body(body).send().await.map_err(|error| Fault::of(path, error))?;
        let status = answer.status().as_u16();
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok((status, headers, answer.bytes().await.map_err(|error| Fault::of(path, error))?.to_vec()))
    }

    /// Sends a body as it is to a `/v1` route; the answer's status and JSON.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn upload(&self, path: &str, key: &str, mime: &str, body: Vec<u8>) -> Outcome<(u16, serde_json::Value)> {
        let request = self.http.post(format!("{}{path}", self.base())).bearer_auth(key).header("content-type", mime);
        let answer = request.body(body).send().await.map_err(|error| Fault::of(path, error))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| Fault::of(path, error))?;
        Ok((status, serde_json::from_str(&text).unwrap_or(serde_json::Value::Null)))
    }

    /// Makes a key with the program's own command, as an operator does while the service runs.
    ///
    /// # Errors
    /// When the command fails or prints no key.
    pub async fn create_key(&self, name: &str, scopes: &[&str], tenant: Option<&str>) -> Outcome<String> {
        let further: Vec<&str> = tenant.into_iter().flat_map(|tenant| ["--tenant", tenant]).collect();
        self.create_key_with(name, scopes, &further).await
    }

    /// The same with further arguments of the command.
    ///
    /// # Errors
    /// As [`Self::create_key`].
    pub async fn create_key_with(&self, name: &str, scopes: &[&str], further: &[&str]) -> Outcome<String> {
        let mut command = Command::new(executable()?);
        clean_environment(&mut command);
        command.args(["keys", "create", "--name", name, "--scope", &scopes.join(",")]);
        command.args(further);
        command.arg("--data-dir").arg(self.data.path());
        let output = command.output().await.map_err(|error| Fault::of("helmwatch keys create", error))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Fault::new(format!("helmwatch keys create: {error}{text}"), "run it by hand"));
        }
        let key = text.split_whitespace().find(|word| word.starts_with("hw_")).map(str::to_owned);
        let key =
            key.ok_or_else(|| Fault::new(format!("helmwatch keys create printed no key: {text}"), "run it by hand"))?;
        self.known(&key).await?;
        Ok(key)
    }

    /// Waits until the running service has heard of a key made beside it. It looks again every 200 ms; looking here more often
    /// would only use up its limit of refused keys.
    async fn known(&self, key: &str) -> Outcome<()> {
        for _ in 0..KNOWN_LOOKS {
            if self.api("GET", "/v1/login", Some(key), None).await?.0 != 401 {
                return Ok(());
            }
            tokio::time::sleep(KNOWN_EVERY).await;
        }
        Err(Fault::new("the running service never heard of the new key", "see how its keys are kept fresh"))
    }

    /// Revokes a key by its public id, with the program's own command.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn revoke_key(&self, id: &str) -> Outcome<()> {
        let mut command = Command::new(executable()?);
        clean_environment(&mut command);
        command.args(["keys", "revoke", id]).arg("--data-dir").arg(self.data.path());
        let output = command.output().await.map_err(|error| Fault::of("helmwatch keys revoke", error))?;
        if output.status.success() {
            return Ok(());
        }
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Fault::new(format!("helmwatch keys revoke: {error}"), "run it by hand"))
    }

    /// Runs a command of the program beside the running service, on its data folder.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub async fn command(&self, arguments: &[&str]) -> Outcome<std::process::Output> {
        run_command(arguments, self.data.path()).await
    }

    /// SIGTERM, as an operator stops it, and a search for what it left.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop(self) -> Outcome<Ended> {
        self.end(Signal::SIGTERM).await
    }

    /// SIGKILL, as the kernel ends it when memory is short, and a search for what it left.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn kill(self) -> Outcome<Ended> {
        self.end(Signal::SIGKILL).await
    }

    /// The end of one that was told already, and a search for what it left of `children`, which it had when it was told.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ends(self, children: Vec<Process>) -> Outcome<Ended> {
        self.ended(children, Instant::now()).await
    }

    async fn end(self, signal: Signal) -> Outcome<Ended> {
        let children = self.children();
        let began = Instant::now();
        kill(Pid::from_raw(self.process.pid), signal).map_err(|error| Fault::of("signal", error))?;
        self.ended(children, began).await
    }

    async fn ended(mut self, children: Vec<Process>, began: Instant) -> Outcome<Ended> {
        let status = match tokio::time::timeout(STOP_WITHIN, self.child.wait()).await {
            Ok(status) => status.map_err(|error| Fault::of("wait", error))?,
            Err(_) => return Err(with_log(Fault::new("helmwatch ignores SIGTERM", "see its lines below"), &self.log)),
        };
        let took = began.elapsed();
        let left = || {
            let mut left: Vec<Process> = children.iter().copied().filter(|one| one.alive()).collect();
            left.extend(processes::marked(MARK, &self.mark).into_iter().filter(|one| !children.contains(one)));
            left
        };
        let clean = until("the last Chromium's end", CLEAN_WITHIN, async || left().is_empty().then_some(())).await;
        let left = if clean.is_ok() { Vec::new() } else { left().into_iter().map(Process::command).collect() };
        Ok(Ended { status, took, left })
    }
}

/// Runs a command of the program on a data folder.
///
/// # Errors
/// When it cannot be started at all.
pub async fn run_command(arguments: &[&str], data: &std::path::Path) -> Outcome<std::process::Output> {
    let mut command = Command::new(executable()?);
    clean_environment(&mut command);
    // The setting by environment: not every command has flags for settings.
    command.args(arguments).env("HELMWATCH_DATA_DIR", data);
    command.output().await.map_err(|error| Fault::of("helmwatch, run as a command", error))
}

/// Where the program is: `HELMWATCH_BIN`, or beside the running program in the target folder.
///
/// # Errors
/// When it is not built.
pub fn executable() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os("HELMWATCH_BIN") {
        return Ok(path.into());
    }
    let me = std::env::current_exe().map_err(|error| Fault::of("own path", error))?;
    me.ancestors().skip(1).take(2).map(|folder| folder.join("helmwatch")).find(|path| path.is_file()).ok_or_else(|| {
        Fault::new(
            "the helmwatch program is not beside this one",
            "build it (cargo build -p helmwatch), or name it in HELMWATCH_BIN",
        )
    })
}

fn serve_command(options: &Options, data: &Path) -> Outcome<Command> {
    let mut command = match options.under.split_first() {
        Some((starter, words)) => {
            let mut command = Command::new(starter);
            command.args(words).arg(executable()?);
            command
        }
        None => Command::new(executable()?),
    };
    clean_environment(&mut command);
    command.args(["serve", "--data-dir"]).arg(data);
    if !options.arguments.iter().any(|argument| argument == "--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    if let Some(policy) = &options.policy {
        command.args(["--policy", policy]);
    }
    for address in &options.egress_allow {
        command.args(["--egress-allow", address]);
    }
    if let Some(text) = &options.config {
        let file = data.join(CONFIG_FILE);
        std::fs::write(&file, text).map_err(|error| Fault::of("the configuration file", error))?;
        command.arg("--config").arg(file);
    }
    command.args(&options.arguments);
    for (name, value) in &options.environment {
        command.env(name, value);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

/// Takes every setting of the caller's shell away: a test sees only what it set itself.
pub fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("HELMWATCH_")) {
            command.env_remove(name);
        }
    }
}

/// Reads a stream to its end: keeps the last lines, and the port of the first loopback address named.
async fn read_lines<R: AsyncRead + Unpin>(
    stream: R,
    log: Arc<Mutex<VecDeque<String>>>,
    port: watch::Sender<Option<u16>>,
) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(found) = port_in(&line) {
            port.send_if_modified(|port| port.replace(found).is_none());
        }
        let mut log = log.lock().expect("no holder of this lock panics");
        if log.len() == LOG_LINES_MAX {
            log.pop_front();
        }
        log.push_back(line);
    }
}

/// The port in `http://127.0.0.1:PORT`, when the line names one.
fn port_in(line: &str) -> Option<u16> {
    let after = line.split("http://127.0.0.1:").nth(1)?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|port| *port != 0)
}

fn with_log(fault: Fault, log: &Mutex<VecDeque<String>>) -> Fault {
    let lines = log.lock().expect("no holder of this lock panics");
    let lines = lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    Fault { hint: format!("{}\n{lines}", fault.hint), ..fault }
}

/// Thirty-two random hexadecimal digits, from the kernel.
fn random_word() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default().trim().replace('-', "")
}

#[cfg(test)]
mod tests {
    use super::port_in;

    #[test]
    fn a_port_is_read_from_an_address_and_from_nothing_else() {
        assert_eq!(port_in("MCP:    http://127.0.0.1:41233/mcp"), Some(41233));
        assert_eq!(port_in("listening on http://127.0.0.1:0"), None);
        assert_eq!(port_in("no address here"), None);
    }
}

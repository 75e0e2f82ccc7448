//! Pages nobody here wrote, served on loopback: HTML documentation from Debian packages, and `tests/pages`: what npm packages
//! ship as pages, and small pages of ours that load the bundles of others.
//!
//! `/echo/…` answers with the request it got, for forms and fetches; every request is remembered, up to [`ASKED_MAX`].

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Fault, Outcome, node};

/// Requests remembered at most; the oldest are forgotten.
const ASKED_MAX: usize = 2_000;

/// Largest body that `/echo/` repeats, bytes.
const ECHO_BYTES_MAX: usize = 64 * 1024;

/// Where the packages put their pages, and the name each is served under.
const PLACES: [(&str, &str, &str); 3] = [
    ("sqlite", "/usr/share/doc/sqlite3", "sqlite3-doc"),
    ("python", "/usr/share/doc/python3-doc/html", "python3-doc"),
    ("handbook", "/usr/share/doc/debian-handbook/html", "debian-handbook"),
];

/// What files of Debian packages must lie below once links are followed.
const ROOT: &str = "/usr/share";

/// A folder of pages: the name it is served under, where it is, and what its files must lie below once links are followed.
#[derive(Debug, Clone)]
pub struct Place {
    pub name: &'static str,
    pub folder: PathBuf,
    pub root: PathBuf,
}

/// What the handler shares.
struct Shelf {
    places: Vec<Place>,
    asked: Mutex<VecDeque<String>>,
}

/// A running server of documentation.
pub struct Docs {
    port: u16,
    shelf: Arc<Shelf>,
    stop: CancellationToken,
    /// The server; ends with this.
    _server: JoinSet<()>,
}

impl Docs {
    /// Serves the installed packages on a free loopback port.
    ///
    /// # Errors
    /// When a package is missing (with the command that installs it) or no port is free.
    pub async fn start() -> Outcome<Self> {
        let mut places = Vec::new();
        for (name, folder, package) in PLACES {
            let folder = std::fs::canonicalize(folder).map_err(|error| {
                Fault::new(format!("{folder}: {error}"), format!("install its pages: apt-get install {package}"))
            })?;
            places.push(Place { name, folder, root: ROOT.into() });
        }
        let pages = node::source("pages")?;
        places.push(Place { name: "pages", root: pages.clone(), folder: pages });
        Self::serving(places).await
    }

    /// Serves these folders on a free loopback port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn serving(places: Vec<Place>) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| Fault::of("no loopback port", error))?;
        let port = listener.local_addr().map_err(|error| Fault::of("no local address", error))?.port();
        let stop = CancellationToken::new();
        let shelf = Arc::new(Shelf { places, asked: Mutex::default() });
        let app = Router::new().fallback(page).with_state(Arc::clone(&shelf));
        let stopped = stop.clone();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(stopped.cancelled_owned()).await;
            if let Err(error) = served {
                eprintln!("documentation server: {error}");
            }
        });
        Ok(Self { port, shelf, stop, _server: server })
    }

    /// The same with the pages of the npm packages of `tests/pages`.
    ///
    /// # Errors
    /// As [`Self::start`], and when nobody installed the packages.
    pub async fn with_packages() -> Outcome<Self> {
        node::source("pages/node_modules")?;
        Self::start().await
    }

    /// Address of a page, as in `url("/sqlite/lang.html")`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// `HOST:PORT`, for `--egress-allow`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The same by its other name: to a browser another *site*.
    #[must_use]
    pub fn other_address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The requests whose line (`GET /path?query`, and after a space the body of one to `/echo/`) begins with this, oldest
    /// first.
    #[must_use]
    pub fn asked(&self, start: &str) -> Vec<String> {
        let asked = self.shelf.asked.lock().expect("no holder of this lock panics");
        asked.iter().filter(|line| line.starts_with(start)).cloned().collect()
    }
}

impl Drop for Docs {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn page(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let missing = || StatusCode::NOT_FOUND.into_response();
    let (parts, body) = request.into_parts();
    let mut line = format!("{} {}", parts.method, parts.uri);
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    let Some((name, rest)) = path.split_once('/') else { return missing() };
    if name == "echo" {
        let Ok(body) = to_bytes(body, ECHO_BYTES_MAX).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let body = String::from_utf8_lossy(&body);
        let said = json!({
            "method": parts.method.as_str(),
            "path": parts.uri.path(),
            "query": parts.uri.query().unwrap_or_default(),
            "body": body,
        });
        if !body.is_empty() {
            line.push(' ');
            line.push_str(&body);
        }
        shelf.remember(line);
        return axum::Json(said).into_response();
    }
    shelf.remember(line);
    let Some(place) = shelf.places.iter().find(|place| place.name == name) else { return missing() };
    let Ok(file) = tokio::fs::canonicalize(place.folder.join(rest)).await else { return missing() };
    if !file.starts_with(&place.root) {
        return missing();
    }
    match tokio::fs::read(&file).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, mime(&file))], bytes).into_response(),
        Err(_) => missing(),
    }
}

impl Shelf {
    fn remember(&self, line: String) {
        let mut asked = self.asked.lock().expect("no holder of this lock panics");
        if asked.len() == ASKED_MAX {
            asked.pop_front();
        }
        asked.push_back(line);
    }
}

fn mime(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js" | "mjs" | "jsx") => "text/javascript",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    }
}

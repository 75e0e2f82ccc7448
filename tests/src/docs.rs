//! Pages nobody here wrote: HTML documentation from Debian packages, served on loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Fault, Outcome};

/// Where the packages put their pages, and the name each is served under.
const PLACES: [(&str, &str, &str); 3] = [
    ("sqlite", "/usr/share/doc/sqlite3", "sqlite3-doc"),
    ("python", "/usr/share/doc/python3-doc/html", "python3-doc"),
    ("handbook", "/usr/share/doc/debian-handbook/html", "debian-handbook"),
];

/// What all served files must lie below once links are followed.
const ROOT: &str = "/usr/share";

/// A running server of documentation.
pub struct Docs {
    port: u16,
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
            places.push((name, folder));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| Fault::of("no loopback port", error))?;
        let port = listener.local_addr().map_err(|error| Fault::of("no local address", error))?.port();
        let stop = CancellationToken::new();
        let app = Router::new().fallback(page).with_state(Arc::new(places));
        let stopped = stop.clone();
        let mut server = JoinSet::new();
        server.spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(stopped.cancelled_owned()).await;
            if let Err(error) = served {
                eprintln!("documentation server: {error}");
            }
        });
        Ok(Self { port, stop, _server: server })
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
}

impl Drop for Docs {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn page(State(places): State<Arc<Vec<(&'static str, PathBuf)>>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let Some((name, rest)) = path.split_once('/') else { return StatusCode::NOT_FOUND.into_response() };
    let Some((_, folder)) = places.iter().find(|(known, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(file) = tokio::fs::canonicalize(folder.join(rest)).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !file.starts_with(ROOT) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match tokio::fs::read(&file).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, mime(&file))], bytes).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

fn mime(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    }
}

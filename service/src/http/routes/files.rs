//! `/v1/sessions/{id}/files`: what a session made, downloaded or was given.

use std::sync::Arc;

use axum::Json as Answer;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use helmwatch_protocol::{FileList, FileView, GivenFile, SessionId};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use super::sessions::{parse, unknown};
use crate::auth::Scope;
use crate::files::{FileError, Folder, StoredFile};
use crate::http::door::{self, Asking};
use crate::http::{Edge, Refusal};

/// Kinds a browser may show by itself; everything else is saved, so that nothing a page made runs under our origin.
const SHOWN: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "video/webm"];
/// Kind of an upload that names none.
const ANY_KIND: &str = "application/octet-stream";
/// Longest kind taken from a client, bytes.
const KIND_BYTES_MAX: usize = 100;

/// What an upload says of itself in its address.
#[derive(Deserialize)]
pub(in crate::http) struct Upload {
    /// Name of the file.
    name: String,
}

/// What a sealed link carries.
#[derive(Deserialize)]
pub(in crate::http) struct Link {
    /// Milliseconds since the Unix epoch.
    until: Option<u64>,
    seal: Option<String>,
}

pub(in crate::http) async fn list(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
) -> Result<Answer<FileList>, Refusal> {
    let caller = asking.with_any(&[Scope::View, Scope::Agent])?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    let folder = session.files();
    let files = folder.list().iter().map(|file| view(&edge, folder, file)).collect();
    Ok(Answer(FileList { files }))
}

/// Takes the body as the file.
pub(in crate::http) async fn upload(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    upload: Result<Query<Upload>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::Agent, Scope::Control])?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    if !session.owner().ended_by(&caller) {
        return Err(Refusal::not_found("session"));
    }
    let Ok(Query(upload)) = upload else { return Err(no_name()) };
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.filter(|kind| kind.len() <= KIND_BYTES_MAX).unwrap_or(ANY_KIND).to_owned();
    session.touch();
    let folder = session.files();
    let file = folder.receive(&upload.name, &kind, request.into_body().into_data_stream()).await?;
    Ok((StatusCode::CREATED, Answer(view(&edge, folder, &file))).into_response())
}

/// Takes a file from a person who drives, for a page that asks for one. Only the browser gets it; the name answered is good for
/// the message `choose` of the live socket.
pub(in crate::http) async fn give(
    State(edge): State<Arc<Edge>>,
    asking: Asking,
    Path(id): Path<String>,
    upload: Result<Query<Upload>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let caller = asking.with_any(&[Scope::Control])?;
    let session = edge.sessions.get(&caller, &parse(&id)?).map_err(unknown)?;
    let Ok(Query(upload)) = upload else { return Err(no_name()) };
    if session.controller().is_none_or(|who| who.name != caller.name()) {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "not_driving",
            "You do not drive this session.",
            "Take control first; a page gets files only from who drives.",
        ));
    }
    session.touch();
    let file = session.files().receive_given(&upload.name, request.into_body().into_data_stream()).await?;
    Ok((StatusCode::CREATED, Answer(GivenFile { file })).into_response())
}

/// Gives one file, to whoever has a sealed link to it or may see its session.
pub(in crate::http) async fn get(
    State(edge): State<Arc<Edge>>,
    Path((id, name)): Path<(String, String)>,
    Query(link): Query<Link>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = parse(&id)?;
    let folder = match (link.until, link.seal) {
        (Some(until), Some(seal)) => {
            edge.shelf.check(&id, &name, until, &seal)?;
            edge.shelf.folder(&id)?
        }
        _ => seen_folder(&edge, &id, &method, &headers).await?,
    };
    let (file, path) = folder.find(&name)?;
    let opened = tokio::fs::File::open(path).await.map_err(|_| FileError::Gone)?;
    let mut response = Body::from_stream(ReaderStream::new(opened)).into_response();
    let headers = response.headers_mut();
    let shown = SHOWN.contains(&file.mime.as_str());
    let kind = HeaderValue::from_str(&file.mime).unwrap_or(HeaderValue::from_static(ANY_KIND));
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(file.bytes));
    let saved = format!("attachment; filename*=UTF-8''{}", encoded(&file.name));
    let how = if shown { Some(HeaderValue::from_static("inline")) } else { HeaderValue::from_str(&saved).ok() };
    headers.insert(CONTENT_DISPOSITION, how.unwrap_or(HeaderValue::from_static("attachment")));
    Ok(response)
}

fn no_name() -> Refusal {
    Refusal::bad_request(
        "no_name",
        "The address does not name the file.",
        "Add ?name=report.pdf, and send the file as the body.",
    )
}

/// The folder of a session the caller may see.
async fn seen_folder(
    edge: &Edge,
    id: &SessionId,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Arc<Folder>, Refusal> {
    let caller = door::caller(edge, method, headers, None).await?;
    Asking(caller.clone()).with_any(&[Scope::View, Scope::Agent])?;
    // Only while it lives: afterwards nobody can say any more whose it was, and a link is needed.
    edge.sessions.get(&caller, id).map_err(unknown)?;
    Ok(edge.shelf.folder(id)?)
}

fn view(edge: &Edge, folder: &Folder, file: &StoredFile) -> FileView {
    FileView {
        name: file.name.clone(),
        mime: file.mime.clone(),
        bytes: file.bytes,
        url: format!("{}{}", edge.public_url, folder.link(file)),
    }
}

/// RFC 8187: everything but plain letters and digits as percent signs.
fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

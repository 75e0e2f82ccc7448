//! Claims about the HTTP edge, over real sockets, with the real store, desk, registry, pool and Chromium.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use helmwatch_protocol::{FrameHeader, SessionId};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::chromium::launch_options;
use crate::approval::{Asking, Card, Desk, DeskLimits};
use crate::audit::Log;
use crate::auth::{
    Authenticator, Caller, KeyTerms, Keyring, LinkLimits, Links, NewKey, Scope, Scopes, Tenant, WallClock,
};
use crate::browser::Door;
use crate::config::Config;
use crate::files::{Shelf, ShelfLimits};
use crate::http::{Edge, Visit, bind, router, start};
use crate::live::{Hub, Witness};
use crate::pool::{Denial, Lane, Lanes, Pool};
use crate::session::Registry;
use crate::store::{Purpose, Store};
use crate::telemetry::{Metrics, Tasks};

/// Nothing is reached in these tests: pages stay at `about:blank`.
struct NoWayOut;

impl Lanes for NoWayOut {
    fn open(&self) -> BoxFuture<'_, std::io::Result<Box<dyn Lane>>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn Lane>) })
    }
}

impl Lane for NoWayOut {
    fn proxy(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 9))
    }
    fn assign(&self, _: &str, _: &str) {}
    fn denials(&self) -> Vec<Denial> {
        Vec::new()
    }
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn link_limits() -> LinkLimits {
    LinkLimits { per_session_max: 2, ttl_max: Duration::from_secs(60) }
}

struct NoVisit;

impl Visit for NoVisit {
    fn visit<'a>(&'a self, _: &'a Caller, _: &'a SessionId, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        async { Err("this address may not be opened".to_owned()) }.boxed()
    }
}

struct House {
    address: SocketAddr,
    tasks: Tasks,
    auth: Authenticator,
    desk: Desk,
    pool: Arc<Pool>,
    sessions: Arc<Registry>,
    desk_stop: tokio_util::sync::CancellationToken,
    _data: tempfile::TempDir,
}

impl House {
    async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.pool.warm_sessions = 0;
        config.http.header_ms_max = 400;
        change(&mut config);
        let data = tempfile::tempdir().unwrap();
        let tasks = Tasks::new();
        let store = Arc::new(Store::open(data.path(), Purpose::Service).await.unwrap());
        let ring = Keyring::open(store.clone(), None, WallClock::system()).await.unwrap();
        let auth = Authenticator::new(ring);
        let desk_stop = tokio_util::sync::CancellationToken::new();
        let tracker = tokio_util::task::TaskTracker::new();
        let desk =
            Desk::open(store, DeskLimits::default(), WallClock::system(), tracker, desk_stop.clone()).await.unwrap();
        let options = Arc::new(
            launch_options(&config, Door::new(|_, _| false))
                .expect("Chromium is needed: apt-get install chromium-headless-shell"),
        );
        let pool = Pool::new(config.pool.clone(), options, Arc::new(NoWayOut), tasks.clone());
        std::fs::create_dir(data.path().join("files")).unwrap();
        let shelf =
            Shelf::new(&data.path().join("files"), None, ShelfLimits::of_tests(), crate::files::Roots::default());
        let sessions = Registry::new(Arc::clone(&pool), Arc::clone(&shelf), config.session.clone(), tasks.clone());
        let hub = Hub::new(
            config.live.clone(),
            Arc::new(desk.clone()),
            Witness::new(Log::to_nowhere(), WallClock::system()),
            tasks.clone(),
        );
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let edge = Edge {
            auth: auth.clone(),
            links: Links::new(auth.keyring().clone(), link_limits(), WallClock::system()),
            sessions: Arc::clone(&sessions),
            shelf,
            desk: desk.clone(),
            pool: Arc::clone(&pool),
            hub,
            metrics: Metrics::install().unwrap(),
            readiness: Arc::new(Vec::new),
            audit: Log::to_nowhere(),
            visit: Arc::new(NoVisit),
            public_url: config.public_url(address),
            http: config.http.clone(),
            live: config.live.clone(),
            share: config.share.clone(),
            tasks: tasks.clone(),
        };
        let agents = tower::service_fn(|request: Request<_>| async move {
            let who = request.extensions().get::<Caller>().map_or_else(String::new, |caller| caller.name().to_owned());
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(who)))
        });
        start(listener, router(edge, agents), &config.http, &tasks);
        Self { address, tasks, auth, desk, pool, sessions, desk_stop, _data: data }
    }

    async fn key(&self, name: &str, tenant: &str, scopes: &[Scope]) -> String {
        let new = NewKey {
            name: name.to_owned(),
            tenant: Tenant::new(tenant),
            scopes: scopes.iter().copied().collect::<Scopes>(),
            terms: KeyTerms::default(),
            expires_at: None,
        };
        self.auth.keyring().create(new).await.unwrap().1.expose().to_owned()
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        self.tasks.spawn("test client", connection);
        let mut request = Request::builder().method(method).uri(path).header("host", self.address.to_string());
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Bytes::new, |body| match body {
            Value::String(raw) => raw.into(),
            json => json.to_string().into(),
        });
        let response = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    async fn with(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.ask(method, path, &[("authorization", &format!("Bearer {key}"))], body).await
    }

    async fn socket(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, StatusCode> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(WsError::Http(refused)) => Err(refused.status()),
            Err(other) => panic!("{other}"),
        }
    }

    async fn close(self) {
        self.sessions.close_all("the test is over").await;
        self.pool.close().await;
        self.desk_stop.cancel();
        assert_eq!(self.tasks.end(Duration::from_secs(10)).await, 0, "tasks are left");
    }
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}: {:?}", self.status, self.bytes))
    }

    /// A refusal has its status, its word, one line what and one line how.
    #[track_caller]
    fn refused(&self, status: u16, code: &str) {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["code"].as_str()), (status, Some(code)), "{body}");
        for line in ["error", "hint"] {
            let text = body[line].as_str().unwrap();
            assert!(!text.is_empty() && !text.contains('\n'), "{line}: {text}");
        }
    }
}

async fn text(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, kind: &str) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.expect("the socket is open").unwrap() {
            let event: Value = serde_json::from_str(&text).unwrap();
            if event["type"] == kind {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn every_route_asks_for_a_key_and_each_for_its_scope() {
    let house = House::open(|_| {}).await;
    let agent = house.key("agent", "default", &[Scope::Agent]).await;
    let viewer = house.key("viewer", "default", &[Scope::View]).await;
    let admin = house.key("admin", "default", &[Scope::Admin]).await;
    let doors = [
        ("GET", "/v1/login"),
        ("GET", "/v1/sessions"),
        ("POST", "/v1/sessions"),
        ("GET", "/v1/sessions/s_a"),
        ("DELETE", "/v1/sessions/s_a"),
        ("GET", "/v1/sessions/s_a/live"),
        ("GET", "/v1/feed"),
        ("GET", "/v1/approvals"),
        ("GET", "/v1/approvals/a_a"),
        ("POST", "/v1/approvals/a_a"),
        ("GET", "/v1/approvals/a_a/picture"),
        ("GET", "/v1/pool"),
        ("PATCH", "/v1/pool"),
        ("GET", "/metrics"),
        ("POST", "/mcp"),
        ("GET", "/mcp"),
        ("DELETE", "/mcp"),
    ];
    for (method, path) in doors {
        house.ask(method, path, &[], None).await.refused(401, "no_key");
        house.with("hw_wrong", method, path, None).await.refused(401, "unknown_key");
    }
    house.ask("GET", "/v1/sessions?key=hw_x", &[], None).await.refused(400, "key_in_address");
    house.ask("GET", "/healthz", &[("host", "elsewhere.example")], None).await.refused(400, "two_hosts");
    house
        .with(&agent, "POST", "/v1/approvals/a_a", Some(json!({"decision": "approve"})))
        .await
        .refused(403, "scope_missing");
    house.with(&agent, "GET", "/v1/approvals", None).await.refused(403, "scope_missing");
    house.with(&agent, "PATCH", "/v1/pool", Some(json!({"max_sessions": 1}))).await.refused(403, "scope_missing");
    house.with(&viewer, "POST", "/v1/sessions", None).await.refused(403, "scope_missing");
    house.with(&viewer, "GET", "/metrics", None).await.refused(403, "scope_missing");
    assert_eq!(house.with(&agent, "POST", "/mcp", None).await.bytes, "agent");
    assert!(house.with(&admin, "GET", "/metrics", None).await.bytes.starts_with(b"# HELP"));
    let changed = house.with(&admin, "PATCH", "/v1/pool", Some(json!({"max_sessions": 7}))).await;
    assert_eq!((changed.status, changed.json()["max_sessions"].as_u64()), (StatusCode::OK, Some(7)));
    house.with(&admin, "PATCH", "/v1/pool", Some(json!({"max_sessions": 70_000}))).await.refused(422, "bad_limit");
    for path in ["/healthz", "/readyz", "/openapi.json", "/"] {
        assert_eq!(house.ask("GET", path, &[], None).await.status, StatusCode::OK, "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn the_document_is_true_to_the_routes() {
    let house = House::open(|_| {}).await;
    let admin = house.key("admin", "default", &[Scope::Admin]).await;
    let document = house.ask("GET", "/openapi.json", &[], None).await.json();
    let schemas = &document["components"]["schemas"];
    for (path, operations) in document["paths"].as_object().unwrap() {
        let (mut described, real) = (Vec::new(), path.replace("{id}", "s_x").replace("{name}", "a.txt"));
        for method in operations.as_object().unwrap().keys().filter(|name| *name != "parameters") {
            described.push(method.to_uppercase());
            let open = operations[method]["security"] == json!([]);
            let asked = house.ask(&method.to_uppercase(), &real, &[], None).await.status;
            assert_eq!(asked == StatusCode::UNAUTHORIZED, !open, "{method} {path}: {asked}");
            assert_ne!(asked, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
        if path != "/mcp" {
            let other = house.with(&admin, "OPTIONS", &real, None).await;
            let known: Vec<_> =
                other.headers["allow"].to_str().unwrap().split(',').filter(|name| *name != "HEAD").collect();
            assert!(
                known.iter().all(|name| described.iter().any(|have| have == name)),
                "{path}: {known:?} {described:?}"
            );
        }
    }
    // Nothing is served that it leaves out.
    let routes = include_str!("../http/edge.rs").split('"').filter(|text| text.starts_with("/v1/"));
    for route in routes {
        assert!(document["paths"][route].is_object(), "{route} is not in the document");
    }
    // The shapes, held against what the service really answers.
    let same_keys = |value: &Value, schema: &str| {
        let mut have: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        let mut told: Vec<_> = schemas[schema]["properties"].as_object().unwrap().keys().cloned().collect();
        have.sort();
        told.sort();
        assert_eq!(have, told, "{schema}");
    };
    same_keys(&house.with(&admin, "GET", "/v1/pool", None).await.json(), "Pool");
    same_keys(&house.with(&admin, "GET", "/v1/login", None).await.json(), "Login");
    same_keys(&house.ask("GET", "/readyz", &[], None).await.json(), "Ready");
    same_keys(&house.ask("GET", "/v1/pool", &[], None).await.json(), "Error");
    let ticket = house.desk.ask(card()).await.unwrap();
    same_keys(&house.with(&admin, "GET", &format!("/v1/approvals/{}", ticket.id), None).await.json(), "Approval");
    house.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_status() {
    let house = House::open(|config| config.http.body_bytes_max = 2_000).await;
    let admin = house.key("admin", "default", &[Scope::Admin]).await;
    let post = |body: Value| house.with(&admin, "POST", "/v1/sessions", Some(body));
    house.with(&admin, "GET", "/v1/nothing", None).await.refused(404, "no_route");
    house.with(&admin, "GET", "/v1/sessions/s_none", None).await.refused(404, "not_found");
    house.with(&admin, "GET", "/v1/sessions/%2e%2e", None).await.refused(404, "not_found");
    let wrong = house.with(&admin, "PUT", "/v1/sessions", None).await;
    wrong.refused(405, "method");
    assert!(wrong.headers["allow"].to_str().unwrap().contains("POST"));
    post(json!("{")).await.refused(400, "bad_json");
    post(json!({"nmae": "x"})).await.refused(422, "wrong_shape");
    post(json!({"name": "x".repeat(3_000)})).await.refused(413, "body_too_large");
    post(json!({"width": 5, "height": 5})).await.refused(422, "bad_viewport");
    let bearer = format!("Bearer {admin}");
    let form = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
    house.ask("POST", "/v1/sessions", &form, Some(json!({}))).await.refused(415, "not_json");
    house.with(&admin, "GET", "/v1/approvals?state=odd", None).await.refused(400, "bad_query");
    house.with(&admin, "GET", "/v1/feed", None).await.refused(426, "not_a_websocket");
    house.close().await;
}

#[tokio::test]
async fn a_cookie_counts_only_on_our_own_page() {
    let house = House::open(|_| {}).await;
    let key = house.key("person", "default", &[Scope::View, Scope::Approve]).await;
    house.ask("POST", "/v1/login", &[], Some(json!({"key": "hw_wrong"}))).await.refused(401, "unknown_key");
    house.ask("POST", "/v1/login", &[], Some(json!({"key": "a", "code": "b"}))).await.refused(422, "wrong_shape");
    let login = house.ask("POST", "/v1/login", &[], Some(json!({"key": key}))).await;
    assert_eq!(login.json(), json!({"name": "person", "tenant": "default", "scopes": ["view", "approve"]}));
    let set = login.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains(&key), "{set}");
    let cookie = set.split(';').next().unwrap();
    let own = format!("http://{}", house.address);
    let answer = |origin: &str| json!({"decision": "deny", "reason": origin});
    assert_eq!(house.ask("GET", "/v1/login", &[("cookie", cookie)], None).await.status, StatusCode::OK);
    for (origin, status) in
        [(Some(own.as_str()), 404), (Some("http://evil.example"), 403), (Some("null"), 403), (None, 403)]
    {
        let mut headers = vec![("cookie", cookie)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let reply = house.ask("POST", "/v1/approvals/a_x", &headers, Some(answer("x"))).await;
        assert_eq!(reply.status.as_u16(), status, "{origin:?}");
        let socket = house.socket("/v1/feed", &headers).await.map(drop);
        let wanted = if status == 404 { Ok(()) } else { Err(StatusCode::FORBIDDEN) };
        assert_eq!(socket, wanted, "{origin:?}");
    }
    let bearer = format!("Bearer {key}");
    let foreign = [("authorization", bearer.as_str()), ("origin", "http://evil.example")];
    house.ask("GET", "/v1/sessions", &foreign, None).await.refused(403, "foreign_origin");
    let out = house.ask("POST", "/v1/logout", &[("cookie", cookie), ("origin", &own)], None).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    house.ask("GET", "/v1/login", &[("cookie", cookie)], None).await.refused(401, "unknown_key");
    house.close().await;
}

#[tokio::test]
async fn the_page_and_its_headers_are_strict() {
    let house = House::open(|_| {}).await;
    let page = house.ask("GET", "/", &[], None).await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("frame-ancestors 'none'")
            && !policy.contains("unsafe")
    );
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    let tag = page.headers["etag"].to_str().unwrap();
    assert_eq!(house.ask("GET", "/", &[("if-none-match", tag)], None).await.status, StatusCode::NOT_MODIFIED);
    assert_eq!(house.ask("GET", "/healthz", &[], None).await.headers["cache-control"], "no-store");
    house.ask("GET", "/../Cargo.toml", &[], None).await.refused(404, "no_route");
    house.close().await;
}

/// F41: no head, and one byte by byte.
#[tokio::test]
async fn one_who_says_nothing_or_says_it_slowly_is_hung_up_on() {
    let house = House::open(|_| {}).await;
    let mut silent = TcpStream::connect(house.address).await.unwrap();
    let mut slow = TcpStream::connect(house.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ").await.unwrap();
    for stream in [&mut silent, &mut slow] {
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest))
            .await
            .expect("hung up on")
            .unwrap();
    }
    house.close().await;
}

#[tokio::test]
async fn the_first_decision_wins_and_the_second_is_told_so() {
    let house = House::open(|_| {}).await;
    let person = house.key("person", "default", &[Scope::Approve]).await;
    let other = house.key("other", "others", &[Scope::Approve]).await;
    let ticket = house.desk.ask(card()).await.unwrap();
    let path = format!("/v1/approvals/{}", ticket.id);
    let pending = house.with(&person, "GET", "/v1/approvals?state=pending", None).await.json();
    assert_eq!(pending["approvals"][0]["id"], ticket.id.as_str());
    assert_eq!(house.with(&other, "GET", "/v1/approvals", None).await.json()["approvals"], json!([]));
    house.with(&other, "POST", &path, Some(json!({"decision": "approve"}))).await.refused(404, "not_found");
    let first = house.with(&person, "POST", &path, Some(json!({"decision": "deny", "reason": "no"}))).await;
    assert_eq!((first.status, &first.json()["state"]), (StatusCode::OK, &json!("denied")));
    let second = house.with(&person, "POST", &path, Some(json!({"decision": "approve"}))).await;
    assert_eq!((second.status, &second.json()["state"]), (StatusCode::CONFLICT, &json!("denied")));
    house.close().await;
}

#[tokio::test]
async fn a_person_sees_a_real_page_drives_it_and_is_shown_out() {
    let house = House::open(|_| {}).await;
    let agent = house.key("agent", "default", &[Scope::Agent]).await;
    let person = house.key("person", "default", &[Scope::View, Scope::Control]).await;
    let stranger = house.key("stranger", "others", &[Scope::View]).await;
    let refused = house.with(&agent, "POST", "/v1/sessions", Some(json!({"url": "http://10.0.0.1/"}))).await;
    refused.refused(422, "page_not_opened");
    let opened = house.with(&agent, "POST", "/v1/sessions", Some(json!({"name": "shop"}))).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{:?}", opened.bytes);
    let id = opened.json()["id"].as_str().unwrap().to_owned();
    let document = house.ask("GET", "/openapi.json", &[], None).await.json();
    let told = document["components"]["schemas"]["Session"]["properties"].as_object().unwrap().len();
    assert_eq!(
        opened.json().as_object().unwrap().len(),
        told,
        "the described session has other parts than the real one"
    );
    let (as_person, as_stranger) = (format!("Bearer {person}"), format!("Bearer {stranger}"));
    let path = format!("/v1/sessions/{id}/live");
    assert_eq!(house.socket(&path, &[("authorization", &as_stranger)]).await.map(drop), Err(StatusCode::NOT_FOUND));

    let mut feed = house.socket("/v1/feed", &[("authorization", &as_person)]).await.unwrap();
    assert_eq!(text(&mut feed, "state").await["sessions"][0]["name"], "shop");
    let mut live = house.socket(&path, &[("authorization", &as_person)]).await.unwrap();
    assert_eq!(text(&mut live, "state").await["session"]["id"], id.as_str());
    let frame = loop {
        if let Message::Binary(frame) = live.next().await.unwrap().unwrap() {
            break frame;
        }
    };
    let (header, picture) = FrameHeader::decode(&frame).unwrap();
    assert!(picture.starts_with(b"\xff\xd8") && header.width == 1280, "{header:?}");
    let say = |message: Value| Message::text(message.to_string());
    live.send(say(json!({"type": "ack", "seq": header.sequence}))).await.unwrap();
    live.send(say(json!({"type": "take_control"}))).await.unwrap();
    assert_eq!(text(&mut live, "control").await["you_control"], true);
    live.send(say(json!({"type": "mouse", "kind": "move", "x": 5.0, "y": 5.0}))).await.unwrap();
    live.send(say(json!({"type": "nonsense"}))).await.unwrap();
    assert!(text(&mut live, "refused").await["error"].as_str().unwrap().contains("not understood"));

    let closed = house.with(&agent, "DELETE", &format!("/v1/sessions/{id}"), None).await;
    assert_eq!(closed.status, StatusCode::NO_CONTENT);
    text(&mut live, "closed").await;
    while let Some(Ok(message)) = live.next().await {
        assert!(!message.is_text() || message.to_text().unwrap().contains("session"), "{message}");
    }
    assert_eq!(text(&mut feed, "session_closed").await["id"], id.as_str());
    house.with(&agent, "GET", &format!("/v1/sessions/{id}"), None).await.refused(404, "not_found");
    house.close().await;
}

#[tokio::test]
async fn a_revoked_key_ends_its_sockets() {
    let house = House::open(|_| {}).await;
    let person = house.key("person", "default", &[Scope::View]).await;
    let mut feed = house.socket("/v1/feed", &[("authorization", &format!("Bearer {person}"))]).await.unwrap();
    text(&mut feed, "state").await;
    let id = house.auth.keyring().list()[0].id.clone();
    house.auth.keyring().revoke(&id).await.unwrap();
    let goodbye = loop {
        match feed.next().await {
            Some(Ok(Message::Close(frame))) => break frame,
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(u16::from(goodbye.unwrap().code), 1008);
    house.close().await;
}

fn card() -> Card {
    Card {
        session: "s_shop".parse().unwrap(),
        session_name: "shop".to_owned(),
        tenant: Tenant::new("default"),
        owner: crate::auth::KeyId::new("agent"),
        tool: "browser_click".to_owned(),
        summary: "Click button \"Buy now\"".to_owned(),
        origin: "https://shop.example".to_owned(),
        url: "https://shop.example/cart".to_owned(),
        rule: "buying".to_owned(),
        reason: "it buys something".to_owned(),
        asking: Asking { rules: Vec::new(), approvers: 1, by: Vec::new() },
        editable: Vec::new(),
        editing: None,
        fields: Vec::new(),
        outline: None,
        picture: None,
        fingerprint: "f".to_owned(),
        arguments_digest: [7; 32],
        ttl: Duration::from_secs(60),
    }
}

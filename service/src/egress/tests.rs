//! The proxy against real sockets: real servers on loopback, a client that says exactly the bytes it wants to say.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::hello::tests::client_hello;
use super::settings::Settings;
use super::{Egress, Lane, LaneOwner, Resolve, Rule, SystemResolver};
use crate::config::EgressConfig;
use crate::telemetry::Tasks;

const SOON: Duration = Duration::from_secs(10);

/// A site that keeps what it saw.
struct Site {
    addr: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Site {
    async fn start(body: impl Into<Bytes>) -> Self {
        Self::start_on("127.0.0.1:0", body).await
    }

    async fn start_on(at: &str, body: impl Into<Bytes>) -> Self {
        let listener = TcpListener::bind(at).await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let (seen, connections, body) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)), body.into());
        let mut tasks = JoinSet::new();
        let (log, count) = (Arc::clone(&seen), Arc::clone(&connections));
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (log, body) = (Arc::clone(&log), body.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (log, body) = (Arc::clone(&log), body.clone());
                    async move {
                        let (head, sent) = request.into_parts();
                        let sent = sent.collect().await.map(|sent| sent.to_bytes().len()).unwrap_or_default();
                        log.lock()
                            .expect("a log")
                            .push(format!("{} {} {:?} {sent}", head.method, head.uri, head.headers));
                        let response = Response::builder().header("x-helmwatch-egress", "a lie").body(Full::new(body));
                        Ok::<_, Infallible>(response.expect("a response"))
                    }
                });
                open.spawn(async move {
                    let served =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    served.await.ok();
                });
            }
        });
        Self { addr, seen, connections, _tasks: tasks }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("a log").clone()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A resolver that gives a new answer each time it is asked.
#[derive(Default)]
struct Lying {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Lying {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let answers =
            answers.iter().map(|answer| answer.iter().map(|text| text.parse().expect("an address")).collect());
        Arc::new(Self { answers: Mutex::new(answers.collect()), asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Lying {
    fn resolve<'a>(&'a self, _: &'a str, _: OwnedSemaphorePermit) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.lock().expect("answers").pop_front();
        Box::pin(async move { answer.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
    }
}

fn allowing(places: &[String]) -> Settings {
    Settings::try_from(&EgressConfig { allow: places.to_vec(), ..EgressConfig::default() }).expect("rules")
}

fn system(settings: Settings) -> Egress {
    Egress::with(settings, Arc::new(SystemResolver::new(4)), &Tasks::new())
}

async fn lane(settings: Settings) -> Lane {
    owned(&system(settings)).await
}

async fn owned(egress: &Egress) -> Lane {
    let lane = egress.open_lane().await.expect("a lane");
    lane.assign(LaneOwner { session: "s_1".into(), tenant: "t".into() }).expect("no owner yet");
    lane
}

/// Sends `request` and reads until the other end closes.
async fn exchange(at: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end").ok();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(at: SocketAddr, url: &str) -> String {
    exchange(at, &format!("GET {url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
}

/// A stream that has read its head, and the head.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match timeout(SOON, stream.read_u8()).await.expect("an answer") {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

async fn connect(at: SocketAddr, authority: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(at).await.expect("a connection");
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let head = head(&mut stream).await;
    (stream, head)
}

async fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(SOON, stream.read_to_end(&mut rest)).await.is_ok()
}

fn rules(lane: &Lane) -> Vec<Rule> {
    lane.denials().into_iter().map(|denial| denial.rule).collect()
}

#[tokio::test]
async fn a_private_address_is_refused_and_never_touched() {
    let site = Site::start("secret").await;
    let lane = lane(allowing(&[])).await;
    let port = site.addr.port();
    for host in ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0"] {
        let answer = get(lane.addr(), &format!("http://{host}:{port}/path?query")).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{host}: {answer}");
        assert!(answer.contains("x-helmwatch-egress: denied; rule="), "{answer}");
        assert!(answer.contains("--egress-allow"), "it says what to do: {answer}");
        assert!(!answer.contains("query"), "nothing of the URL comes back: {answer}");
        let (_, head) = connect(lane.addr(), &format!("{host}:{port}")).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    }
    assert_eq!(site.connections(), 0);
    assert_eq!(lane.stats().denied, 10);
    assert_eq!(lane.denials().len(), 10);
}

#[tokio::test]
async fn an_allowed_address_gets_the_request_cleaned_of_this_hop() {
    let site = Site::start("hello").await;
    let lane = lane(allowing(&[site.addr.to_string()])).await;
    let answer = exchange(
        lane.addr(),
        &format!(
            "POST http://{}/a?b=c HTTP/1.1\r\nHost: other.test\r\nX-Kept: 1\r\nX-Hop: 2\r\nProxy-Authorization: x\r\n\
             Proxy-Connection: keep-alive\r\nConnection: close, X-Hop\r\nContent-Length: 4\r\n\r\nbody",
            site.addr
        ),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello"), "{answer}");
    assert!(!answer.contains("x-helmwatch-egress"), "a server cannot speak for the proxy: {answer}");
    let seen = site.seen().pop().expect("one request");
    assert!(seen.starts_with("POST /a?b=c ") && seen.ends_with(" 4"), "{seen}");
    assert!(seen.contains(&format!("\"host\": \"{}\"", site.addr)), "{seen}");
    assert!(seen.contains("x-kept") && !seen.contains("x-hop") && !seen.contains("proxy-"), "{seen}");
    let stats = lane.stats();
    assert!(stats.up_bytes > 40 && stats.down_bytes > 40 && stats.requests == 1 && stats.denied == 0, "{stats:?}");
}

#[tokio::test]
async fn one_connection_serves_many_requests_of_one_origin() {
    let site = Site::start("hello").await;
    let lane = lane(allowing(&["127.0.0.1".into()])).await;
    let mut stream = TcpStream::connect(lane.addr()).await.expect("a connection");
    for _ in 0..3 {
        let request = format!("GET http://{}/ HTTP/1.1\r\nHost: x\r\n\r\n", site.addr);
        stream.write_all(request.as_bytes()).await.expect("sent");
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 "));
        let mut body = [0; 5];
        stream.read_exact(&mut body).await.expect("a body");
    }
    assert_eq!((site.seen().len(), site.connections()), (3, 1));
}

#[tokio::test]
async fn another_origin_on_the_same_connection_is_judged_anew() {
    let (allowed, secret) = (Site::start("hello").await, Site::start("secret").await);
    let lane = lane(allowing(&[allowed.addr.to_string()])).await;
    let answer = exchange(
        lane.addr(),
        &format!(
            "GET http://{}/ HTTP/1.1\r\nHost: x\r\n\r\nGET http://{}/ HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            allowed.addr, secret.addr, allowed.addr
        ),
    )
    .await;
    assert!(answer.contains("hello") && answer.contains("HTTP/1.1 403 ") && !answer.contains("secret"), "{answer}");
    assert_eq!(secret.connections(), 0);
}

#[tokio::test]
async fn a_name_is_resolved_once_and_what_was_judged_is_what_is_dialled() {
    let good = Site::start_on("127.0.0.2:0", "good").await;
    let port = good.addr.port();
    let victim = Site::start_on(&format!("127.0.0.1:{port}"), "victim").await;
    let resolver = Lying::new(&[&["127.0.0.2"], &["127.0.0.1"], &["127.0.0.2", "127.0.0.1"]]);
    let egress = Egress::with(
        allowing(&[format!("127.0.0.2:{port}")]),
        Arc::clone(&resolver) as Arc<dyn Resolve>,
        &Tasks::new(),
    );
    let lane = owned(&egress).await;
    let url = format!("http://rebind.example.com:{port}/");
    assert!(get(lane.addr(), &url).await.ends_with("good"));
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 1, "one look-up for one connection");
    assert!(get(lane.addr(), &url).await.contains("denied; rule=address"), "the new answer is judged anew");
    assert!(get(lane.addr(), &url).await.contains("denied; rule=address"), "one bad address among good ones");
    assert!(get(lane.addr(), &url).await.contains("failed; rule=unresolved"), "no answer is a no");
    assert_eq!((good.connections(), victim.connections()), (1, 0));
}

#[tokio::test]
async fn a_denied_name_causes_no_query() {
    let resolver = Lying::new(&[&["127.0.0.1"]]);
    let egress = Egress::with(allowing(&[]), Arc::clone(&resolver) as Arc<dyn Resolve>, &Tasks::new());
    let lane = owned(&egress).await;
    for url in
        ["http://metadata.google.internal/", "http://a.localhost/", "http://intranet/", "http://example.com:6379/"]
    {
        assert!(get(lane.addr(), url).await.starts_with("HTTP/1.1 403 "), "{url}");
    }
    assert_eq!(resolver.asked.load(Ordering::SeqCst), 0);
    assert_eq!(rules(&lane), [Rule::MetadataName, Rule::LocalName, Rule::LocalName, Rule::Port]);
}

/// F43: the resolver is down.
#[tokio::test]
async fn a_resolver_that_never_answers_is_not_waited_for() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(&'a self, _: &'a str, _: OwnedSemaphorePermit) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(std::future::pending())
        }
    }
    let egress = Egress::with(
        Settings { resolve_within: Duration::from_millis(50), ..allowing(&[]) },
        Arc::new(Silent),
        &Tasks::new(),
    );
    let lane = owned(&egress).await;
    assert!(get(lane.addr(), "http://example.com/").await.starts_with("HTTP/1.1 502 "));
    assert_eq!(rules(&lane), [Rule::Unresolved]);
}

/// F43: a page that asks for names that nobody answers, or that do not exist, holds up no other session.
#[tokio::test]
async fn a_storm_of_names_is_its_own_lanes_affair() {
    /// Names under `storm.example.com` wait for ever, those under `none.example.com` do not exist, others are the site's.
    #[derive(Default)]
    struct Stormy {
        waiting: Arc<Mutex<Vec<OwnedSemaphorePermit>>>,
    }
    impl Resolve for Stormy {
        fn resolve<'a>(&'a self, name: &'a str, share: OwnedSemaphorePermit) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(async move {
                if name.ends_with("storm.example.com") {
                    // As a thread in libc does: also after its caller has left.
                    self.waiting.lock().expect("waiting").push(share);
                    std::future::pending::<()>().await;
                }
                if name.ends_with("none.example.com") {
                    Err(io::ErrorKind::NotFound.into())
                } else {
                    Ok(vec![[127, 0, 0, 2].into()])
                }
            })
        }
    }
    let site = Site::start_on("127.0.0.2:0", "good").await;
    let port = site.addr.port();
    let resolver = Arc::new(Stormy::default());
    let settings = Settings {
        resolve_within: Duration::from_millis(300),
        resolving_per_lane_max: 3,
        ..allowing(&[format!("127.0.0.2:{port}")])
    };
    let egress = Egress::with(settings, Arc::clone(&resolver) as Arc<dyn Resolve>, &Tasks::new());
    let (stormy, calm) = (owned(&egress).await, owned(&egress).await);
    let storm: Vec<String> = (0..20).map(|n| format!("http://{n}.storm.example.com/")).collect();
    let answers = futures_util::future::join_all(storm.iter().map(|url| get(stormy.addr(), url))).await;
    assert!(answers.iter().all(|answer| answer.contains("failed; rule=unresolved")), "{answers:?}");
    assert_eq!(resolver.waiting.lock().expect("waiting").len(), 3, "the others never got that far");
    for n in 0..20 {
        assert!(get(calm.addr(), &format!("http://{n}.none.example.com/")).await.contains("failed; rule=unresolved"));
    }
    assert!(get(calm.addr(), &format!("http://good.example.com:{port}/")).await.ends_with("good"));
    let late = get(stormy.addr(), &format!("http://good.example.com:{port}/")).await;
    assert!(late.contains("failed; rule=unresolved"), "its own turn does not come: {late}");
    resolver.waiting.lock().expect("waiting").clear();
    assert!(
        get(stormy.addr(), &format!("http://good.example.com:{port}/")).await.ends_with("good"),
        "and then it does"
    );
}

#[tokio::test]
async fn a_lane_without_an_owner_reaches_nothing() {
    let site = Site::start("hello").await;
    let egress = system(allowing(&["127.0.0.1".into()]));
    let lane = egress.open_lane().await.expect("a lane");
    assert!(get(lane.addr(), &format!("http://{}/", site.addr)).await.contains("rule=unassigned"));
    assert_eq!(site.connections(), 0);
    let owner = LaneOwner { session: "s_1".into(), tenant: "t".into() };
    assert_eq!(lane.assign(owner.clone()), Ok(()));
    assert!(lane.assign(owner).is_err(), "a lane is never handed on");
    assert!(get(lane.addr(), &format!("http://{}/", site.addr)).await.ends_with("hello"));
}

#[tokio::test]
async fn no_rule_opens_the_services_own_ports() {
    let viewer = Site::start("viewer").await;
    let egress = system(allowing(&["127.0.0.0/8".into(), "localhost".into()]));
    egress.protect_port(viewer.addr.port());
    let (lane, other) = (owned(&egress).await, owned(&egress).await);
    for port in [viewer.addr.port(), lane.addr().port(), other.addr().port()] {
        for host in ["127.0.0.1", "localhost", "127.9.9.9"] {
            assert!(
                get(lane.addr(), &format!("http://{host}:{port}/")).await.contains("rule=own-service"),
                "{host}:{port}"
            );
        }
    }
    assert_eq!(viewer.connections(), 0);
    let port = other.addr().port();
    other.close().await;
    let later = Site::start_on(&format!("127.0.0.1:{port}"), "hello").await;
    assert!(
        get(lane.addr(), &format!("http://{}/", later.addr)).await.ends_with("hello"),
        "a port given back is free again"
    );
}

#[tokio::test]
async fn what_is_no_proxy_request_is_refused() {
    let lane = lane(allowing(&[])).await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET https://example.com/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 403),
        ("GET ftp://example.com/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 403),
        ("GET http://a:b@example.com/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET http://example.com/ HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n", 400),
        ("CONNECT example.com HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("nonsense\r\n\r\n", 400),
    ] {
        let answer = exchange(lane.addr(), request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
}

#[tokio::test]
async fn a_head_that_dawdles_or_swells_is_cut_off() {
    let lane = lane(Settings { header_within: Duration::from_millis(100), ..allowing(&[]) }).await;
    let mut slow = TcpStream::connect(lane.addr()).await.expect("a connection");
    slow.write_all(b"GET http://example.com/ HTTP/1.1\r\nX-Slow: ").await.expect("sent");
    assert!(ends(&mut slow).await, "a slow head ends the connection");
    let swollen = format!("GET http://example.com/ HTTP/1.1\r\nX-Large: {}\r\n\r\n", "x".repeat(40_000));
    let answer = exchange(lane.addr(), &swollen).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// A server that says what it was sent.
async fn echo() -> (SocketAddr, Arc<Mutex<Vec<u8>>>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, mut tasks) = (Arc::clone(&seen), JoinSet::new());
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            open.spawn(async move {
                let mut buf = [0; 4_096];
                while let Ok(bytes @ 1..) = stream.read(&mut buf).await {
                    log.lock().expect("a log").extend(&buf[..bytes]);
                    if stream.write_all(&buf[..bytes]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (addr, seen, tasks)
}

#[tokio::test]
async fn a_tunnel_carries_tls_for_its_own_host_only() {
    let (addr, seen, _tasks) = echo().await;
    let port = addr.port();
    let resolver = Lying::new(&[&["127.0.0.1"], &["127.0.0.1"], &["127.0.0.1"]]);
    let egress = Egress::with(allowing(&[format!("app.example.test:{port}")]), resolver, &Tasks::new());
    let lane = owned(&egress).await;
    let authority = format!("app.example.test:{port}");

    let hello = client_hello(Some("app.example.test"), 50);
    let (mut tunnel, head) = connect(lane.addr(), &authority).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    for piece in hello.chunks(7) {
        tunnel.write_all(piece).await.expect("sent");
    }
    let mut back = vec![0; hello.len()];
    timeout(SOON, tunnel.read_exact(&mut back)).await.expect("in time").expect("the echo");
    assert_eq!(back, hello);
    seen.lock().expect("a log").clear();

    for opening in [client_hello(Some("other.example.test"), 1_000), b"SSH-2.0-x\r\n".to_vec()] {
        let (mut tunnel, head) = connect(lane.addr(), &authority).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        tunnel.write_all(&opening).await.expect("sent");
        assert!(ends(&mut tunnel).await);
    }
    assert!(seen.lock().expect("a log").is_empty(), "not a byte reached the server");
    assert_eq!(rules(&lane), [Rule::ServerName, Rule::Protocol]);
}

#[tokio::test]
async fn closing_a_lane_ends_its_tunnels_and_its_listener() {
    for explicitly in [true, false] {
        let (addr, _, _tasks) = echo().await;
        let lane = lane(allowing(&[addr.to_string()])).await;
        let (mut tunnel, _) = connect(lane.addr(), &addr.to_string()).await;
        tunnel.write_all(&client_hello(None, 1_000)).await.expect("sent");
        timeout(SOON, tunnel.read_u8()).await.expect("in time").expect("the tunnel works");
        let at = lane.addr();
        if explicitly {
            lane.close().await;
            assert!(TcpStream::connect(at).await.is_err(), "nobody listens any more");
        } else {
            drop(lane);
        }
        assert!(ends(&mut tunnel).await, "the tunnel is gone");
    }
}

#[tokio::test]
async fn a_lane_has_so_many_tunnels_and_gets_them_back() {
    let (addr, _, _tasks) = echo().await;
    let lane = lane(Settings { tunnels_per_lane_max: 1, ..allowing(&[addr.to_string()]) }).await;
    let (mut first, head) = connect(lane.addr(), &addr.to_string()).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (_, head) = connect(lane.addr(), &addr.to_string()).await;
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("rule=tunnels"), "{head}");
    first.shutdown().await.expect("closed");
    assert!(ends(&mut first).await);
    let (_, head) = connect(lane.addr(), &addr.to_string()).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[tokio::test]
async fn a_lane_receives_so_many_bytes_and_no_more() {
    let site = Site::start(vec![b'x'; 1 << 20]).await;
    let lane = lane(Settings { down_bytes_max: 100_000, ..allowing(&[site.addr.to_string()]) }).await;
    let answer = get(lane.addr(), &format!("http://{}/", site.addr)).await;
    assert!(answer.len() < 101_000, "{}", answer.len());
    assert!(get(lane.addr(), &format!("http://{}/", site.addr)).await.contains("rule=bytes-down"));
    assert_eq!(rules(&lane), [Rule::BytesDown, Rule::BytesDown]);
}

#[tokio::test]
async fn a_lane_sends_so_many_bytes_and_not_one_more() {
    let (addr, seen, _tasks) = echo().await;
    let lane = lane(Settings { up_bytes_max: 10_000, ..allowing(&[addr.to_string()]) }).await;
    let (mut tunnel, _) = connect(lane.addr(), &addr.to_string()).await;
    tunnel.write_all(&client_hello(None, 1_000)).await.expect("sent");
    let (mut reading, mut writing) = tunnel.split();
    let load = vec![7; 100_000];
    let mut back = Vec::new();
    let both = async { tokio::join!(writing.write_all(&load), reading.read_to_end(&mut back)) };
    timeout(SOON, both).await.expect("an end").0.ok();
    assert!(seen.lock().expect("a log").len() <= 10_000);
    assert_eq!(lane.stats().up_bytes, 10_000);
    assert_eq!(rules(&lane), [Rule::BytesUp]);
}

#[tokio::test]
async fn silence_ends_a_tunnel_and_a_request() {
    let (addr, _, _tasks) = echo().await;
    let quiet = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let lane = lane(Settings { idle_max: Duration::from_millis(100), ..allowing(&["127.0.0.1".into()]) }).await;
    let (mut tunnel, _) = connect(lane.addr(), &addr.to_string()).await;
    tunnel.write_all(&client_hello(None, 1_000)).await.expect("sent");
    assert!(ends(&mut tunnel).await);
    let answer = get(lane.addr(), &format!("http://{}/", quiet.local_addr().expect("an address"))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 502 "), "{answer}");
}

/// F43: the page's error, in the proxy's own words.
#[tokio::test]
async fn a_server_that_refuses_is_a_failure_and_no_denial() {
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let lane = lane(allowing(&["127.0.0.1".into()])).await;
    let answer = get(lane.addr(), &format!("http://127.0.0.1:{port}/")).await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("failed; rule=unreachable"), "{answer}");
    assert_eq!((lane.stats().denied, lane.stats().failed), (0, 1));
}

#[tokio::test]
async fn a_websocket_works_through_a_tunnel_and_through_an_upgrade() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a handshake");
            while let Some(Ok(message)) = socket.next().await {
                if socket.send(message).await.is_err() {
                    break;
                }
            }
        }
    });
    let lane = lane(allowing(&[addr.to_string()])).await;
    let (tunnel, head) = connect(lane.addr(), &addr.to_string()).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{addr}/"), tunnel).await.expect("a WebSocket");
    socket.send("over a tunnel".into()).await.expect("sent");
    let back = timeout(SOON, socket.next()).await.expect("in time").expect("a message").expect("no error");
    assert_eq!(back.into_text().expect("text").as_str(), "over a tunnel");
    drop(socket);

    let mut stream = TcpStream::connect(lane.addr()).await.expect("a connection");
    let request = format!(
        "GET http://{addr}/ HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let switched = self::head(&mut stream).await;
    assert!(switched.starts_with("HTTP/1.1 101 "), "{switched}");
    let role = tokio_tungstenite::tungstenite::protocol::Role::Client;
    let mut socket = tokio_tungstenite::WebSocketStream::from_raw_socket(stream, role, None).await;
    socket.send("over an upgrade".into()).await.expect("sent");
    let back = timeout(SOON, socket.next()).await.expect("in time").expect("a message").expect("no error");
    assert_eq!(back.into_text().expect("text").as_str(), "over an upgrade");
}

#[tokio::test]
async fn a_body_comes_as_it_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let lane = lane(allowing(&[addr.to_string()])).await;
    let mut browser = TcpStream::connect(lane.addr()).await.expect("a connection");
    browser.write_all(format!("GET http://{addr}/ HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.expect("sent");
    let (mut server, _) = timeout(SOON, listener.accept()).await.expect("in time").expect("a connection");
    head(&mut server).await;
    server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst").await.expect("sent");
    assert!(head(&mut browser).await.starts_with("HTTP/1.1 200 "));
    let mut part = [0; 5];
    timeout(SOON, browser.read_exact(&mut part)).await.expect("before the rest is sent").expect("a part");
    assert_eq!(&part, b"first");
    server.write_all(b"later").await.expect("sent");
    timeout(SOON, browser.read_exact(&mut part)).await.expect("in time").expect("the rest");
    assert_eq!(&part, b"later");
}

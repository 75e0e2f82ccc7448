//! The first bytes of a tunnel: TLS for the host it was opened to, a WebSocket handshake, or something to refuse.
//!
//! Only as much of TLS is read as it takes to find the server name: record (RFC 8446 section 5.1), handshake and
//! ClientHello (section 4.1.2), the `server_name` extension (RFC 6066 section 3). Nothing is changed or answered.

use http::Uri;

use super::rule::Rule;
use super::target::{Target, TargetHost};

/// What the bytes so far amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Too few to tell.
    More,
    /// TLS, with the name it asks for.
    Tls(Option<String>),
    /// A WebSocket handshake in the clear, with its `Host`.
    WebSocket(String),
    /// Neither.
    Other,
}

/// Fields a handshake may have; Chromium sends about fifteen.
const FIELDS_MAX: usize = 100;
const RECORD_HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const EXTENSION_SERVER_NAME: u16 = 0;
const NAME_TYPE_HOST: u8 = 0;

/// Reads the first bytes of a tunnel.
pub fn read(bytes: &[u8]) -> Opening {
    match bytes.first() {
        None => Opening::More,
        Some(&RECORD_HANDSHAKE) => read_tls(bytes),
        Some(_) => read_websocket(bytes),
    }
}

/// Whether a tunnel to `target` may open this way; `More` has no answer yet.
pub fn judge(opening: &Opening, target: &Target) -> Result<(), (Rule, &'static str)> {
    match opening {
        Opening::Tls(Some(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            match &target.host {
                TargetHost::Name(host) if host.eq_ignore_ascii_case(name) => Ok(()),
                _ => Err((Rule::ServerName, "the TLS handshake asks for another host than the tunnel was opened to")),
            }
        }
        // A literal address is never sent as a server name (RFC 6066 section 3).
        Opening::Tls(None) if matches!(target.host, TargetHost::Address(_)) => Ok(()),
        Opening::Tls(None) => Err((Rule::ServerName, "the TLS handshake does not say which host it wants")),
        Opening::WebSocket(host) => {
            let asked = format!("ws://{host}/").parse::<Uri>().ok().and_then(|uri| Target::of_request(&uri).ok());
            // Without a port it means the scheme's own, which for this tunnel is the tunnel's.
            match asked {
                Some(asked) if asked.host == target.host && (asked.port == target.port || asked.port == 80) => Ok(()),
                _ => Err((
                    Rule::ServerName,
                    "the WebSocket handshake asks for another host than the tunnel was opened to",
                )),
            }
        }
        Opening::More | Opening::Other => {
            Err((Rule::Protocol, "the tunnel carries neither TLS nor a WebSocket handshake"))
        }
    }
}

fn read_tls(bytes: &[u8]) -> Opening {
    // A ClientHello may be cut into several records; put them together until it is whole. What follows it is not read.
    let mut hello = Vec::new();
    let mut rest = Reader(bytes);
    loop {
        let mut message = Reader(&hello);
        if message.u8().is_some_and(|kind| kind != CLIENT_HELLO) {
            return Opening::Other;
        }
        if let Some(body) = message.u24().and_then(|length| message.take(length)) {
            return server_name(body).map_or(Opening::Other, Opening::Tls);
        }
        let Some(kind) = rest.u8() else { return Opening::More };
        let Some(version) = rest.u16() else { return Opening::More };
        if kind != RECORD_HANDSHAKE || version >> 8 != 3 {
            return Opening::Other;
        }
        match rest.block16() {
            None => return Opening::More,
            // An empty record brings nothing and could go on for ever.
            Some([]) => return Opening::Other,
            Some(fragment) => hello.extend_from_slice(fragment),
        }
    }
}

/// `None` when it is no ClientHello.
fn server_name(body: &[u8]) -> Option<Option<String>> {
    let mut body = Reader(body);
    body.take(2 + 32)?; // legacy version, random
    body.block8()?; // legacy session id
    body.block16()?; // cipher suites
    body.block8()?; // legacy compression methods
    if body.0.is_empty() {
        return Some(None);
    }
    let mut extensions = Reader(body.block16()?);
    while !extensions.0.is_empty() {
        let kind = extensions.u16()?;
        let data = extensions.block16()?;
        if kind != EXTENSION_SERVER_NAME {
            continue;
        }
        let mut names = Reader(Reader(data).block16()?);
        let name_type = names.u8()?;
        let name = names.block16()?;
        // One name, of the one type there is: anything more is no browser.
        if name_type != NAME_TYPE_HOST || !names.0.is_empty() {
            return None;
        }
        return Some(Some(std::str::from_utf8(name).ok()?.to_owned()));
    }
    Some(None)
}

fn read_websocket(bytes: &[u8]) -> Opening {
    if !bytes.starts_with(&b"GET "[..bytes.len().min(4)]) {
        return Opening::Other;
    }
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Opening::More };
    let Ok(head) = std::str::from_utf8(&bytes[..end]) else { return Opening::Other };
    let fields: Vec<(&str, &str)> =
        head.split("\r\n").skip(1).take(FIELDS_MAX + 1).filter_map(|line| line.split_once(':')).collect();
    let all = |wanted: &str| -> Vec<&str> {
        fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).collect()
    };
    let upgrades = all("upgrade").iter().any(|value| value.eq_ignore_ascii_case("websocket"));
    match all("host").as_slice() {
        [host] if upgrades && fields.len() <= FIELDS_MAX => Opening::WebSocket((*host).to_owned()),
        _ => Opening::Other,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn u24(&mut self) -> Option<usize> {
        self.take(3).map(|bytes| usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2]))
    }

    fn block8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(length.into())
    }

    fn block16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length.into())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ClientHello with one cipher suite, for `name`, cut into records of `record` bytes.
    pub fn client_hello(name: Option<&str>, record: usize) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
        let mut extensions = vec![0, 10, 0, 4, 0, 2, 0, 29];
        if let Some(name) = name {
            let length = u16::try_from(name.len()).expect("a short name");
            extensions.extend([0, 0]);
            extensions.extend((length + 5).to_be_bytes());
            extensions.extend((length + 3).to_be_bytes());
            extensions.push(0);
            extensions.extend(length.to_be_bytes());
            extensions.extend(name.bytes());
        }
        body.extend(u16::try_from(extensions.len()).expect("few extensions").to_be_bytes());
        body.extend(extensions);
        let mut message = vec![1, 0];
        message.extend(u16::try_from(body.len()).expect("a short body").to_be_bytes());
        message.extend(body);
        let mut bytes = Vec::new();
        for fragment in message.chunks(record) {
            bytes.extend([22, 3, 1]);
            bytes.extend(u16::try_from(fragment.len()).expect("a short record").to_be_bytes());
            bytes.extend(fragment);
        }
        bytes
    }

    fn target(text: &str) -> Target {
        Target::of_tunnel(&text.parse().expect("an authority")).expect("a target")
    }

    #[test]
    fn the_name_must_be_the_tunnels() {
        let opening = read(&client_hello(Some("Example.test"), 1 << 14));
        assert_eq!(opening, Opening::Tls(Some("Example.test".into())));
        assert_eq!(judge(&opening, &target("example.test:443")), Ok(()));
        assert_eq!(judge(&opening, &target("other.test:443")).map_err(|(rule, _)| rule), Err(Rule::ServerName));
        assert_eq!(judge(&opening, &target("93.184.216.34:443")).map_err(|(rule, _)| rule), Err(Rule::ServerName));
        let mut more = client_hello(Some("example.test"), 100);
        more.extend([20, 3, 3, 0, 1, 1, 23, 3, 3]);
        assert_eq!(read(&more), Opening::Tls(Some("example.test".into())), "what follows the hello is not read");
        let nameless = read(&client_hello(None, 1 << 14));
        assert_eq!(judge(&nameless, &target("93.184.216.34:443")), Ok(()));
        assert_eq!(judge(&nameless, &target("example.test:443")).map_err(|(rule, _)| rule), Err(Rule::ServerName));
    }

    #[test]
    fn a_websocket_handshake_must_be_for_the_tunnels_host() {
        let opening =
            read(b"GET /chat HTTP/1.1\r\nHost: example.test:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        assert_eq!(judge(&opening, &target("example.test:8080")), Ok(()));
        assert!(judge(&opening, &target("example.test:80")).is_err());
        assert!(judge(&opening, &target("other.test:8080")).is_err());
    }

    #[test]
    fn what_is_neither_is_refused() {
        for bytes in [
            &b"SSH-2.0-OpenSSH\r\n"[..],
            b"*1\r\n$4\r\nPING\r\n",
            b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nUpgrade: websocket\r\n\r\n",
            &[0x80, 0x2e, 1, 3, 1],
            &[22, 2, 0, 0, 1, 1],
        ] {
            assert_eq!(read(bytes), Opening::Other, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600), tls in any::<bool>()) {
            let mut bytes = bytes;
            if tls && bytes.len() > 6 {
                bytes[..6].copy_from_slice(&[22, 3, 1, 0, 200, 1]);
            }
            let _opening = read(&bytes);
        }

        /// However the network and TLS cut it, nothing but the whole hello is an answer.
        #[test]
        fn a_part_is_never_taken_for_the_whole(record in 1usize..120, part in 0.0f64..1.0) {
            let whole = client_hello(Some("example.test"), record);
            prop_assert_eq!(read(&whole), Opening::Tls(Some("example.test".into())));
            let part = &whole[..(whole.len() as f64 * part) as usize];
            prop_assert_eq!(read(part), Opening::More);
        }
    }
}

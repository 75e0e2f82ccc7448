//! A raw MCP client over Streamable HTTP, of both protocol eras, small enough to measure with.
//!
//! Not the independent client of the tests (that is Python's `mcp`): this one can also send what no proper client would.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

use crate::{Fault, Outcome};

/// The stateless revision.
pub const MODERN: &str = "2026-07-28";

/// The last revision with a handshake.
pub const LEGACY: &str = "2025-11-25";

/// Longest answer to one request: above the service's own cap on silent calls.
const ANSWER_WITHIN: Duration = Duration::from_secs(90);

/// Which protocol a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// 2026-07-28: no handshake, everything in every request.
    Modern,
    /// 2025-11-25: `initialize`, then a session id.
    Legacy,
}

/// A connected client.
pub struct McpClient {
    http: reqwest::Client,
    url: String,
    key: Option<String>,
    era: Era,
    /// What it says it can do.
    capabilities: Value,
    session: Option<String>,
    /// `traceparent` of its requests: as a header, and in `_meta`.
    trace: Box<(Option<String>, Option<String>)>,
    next: AtomicU64,
}

/// What a tool answered.
#[derive(Debug, Clone, Default)]
pub struct ToolAnswer {
    /// All text parts.
    pub text: String,
    /// Pictures: type and bytes.
    pub images: Vec<(String, Vec<u8>)>,
    /// The tool's own error flag.
    pub is_error: bool,
    /// Progress messages that came before the answer.
    pub progress: Vec<String>,
}

/// What came back for one POST, as it is on the wire.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// Every JSON message of the body: one for JSON, all `data:` of a stream.
    pub messages: Vec<Value>,
    /// The body's text when it is neither.
    pub text: String,
}

/// A JSON-RPC error or an HTTP refusal.
#[derive(Debug, Clone)]
pub enum Refused {
    /// No answer came.
    Gone(String),
    /// HTTP said no; the body is what it said.
    Http(u16, String),
    /// JSON-RPC said no.
    Rpc(i64, String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone(what) => write!(f, "no answer: {what}"),
            Self::Http(status, body) => write!(f, "HTTP {status}: {body}"),
            Self::Rpc(code, message) => write!(f, "JSON-RPC error {code}: {message}"),
        }
    }
}

impl ToolAnswer {
    /// The answer in the result of `tools/call`.
    ///
    /// # Errors
    /// When a picture in it is no base64.
    pub fn of(result: &Value) -> Result<Self, Refused> {
        let mut answer = ToolAnswer { is_error: result["isError"] == true, ..ToolAnswer::default() };
        for part in result["content"].as_array().into_iter().flatten() {
            match part["type"].as_str() {
                Some("text") => answer.text.push_str(part["text"].as_str().unwrap_or_default()),
                Some("image") => {
                    let bytes = base64::engine::general_purpose::STANDARD
                        .decode(part["data"].as_str().unwrap_or_default())
                        .map_err(|error| Refused::Gone(format!("a picture that is no base64: {error}")))?;
                    answer.images.push((part["mimeType"].as_str().unwrap_or_default().to_owned(), bytes));
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    /// The ref of the first snapshot line that holds all of `words`.
    #[must_use]
    pub fn find_ref(&self, words: &[&str]) -> Option<String> {
        let line =
            self.text.lines().find(|line| line.contains("[ref=") && words.iter().all(|word| line.contains(word)))?;
        let after = line.split("[ref=").nth(1)?;
        Some(after.split(']').next()?.to_owned())
    }
}

impl McpClient {
    /// Connects: nothing to do for the modern era, the handshake for the older one.
    ///
    /// # Errors
    /// When the handshake is refused.
    pub async fn connect(url: &str, key: Option<&str>, era: Era) -> Outcome<Self> {
        Self::connect_able(url, key, era, json!({})).await
    }

    /// The same for a client that can do this: `ClientCapabilities` of the protocol.
    ///
    /// # Errors
    /// When the handshake is refused.
    pub async fn connect_able(url: &str, key: Option<&str>, era: Era, capabilities: Value) -> Outcome<Self> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| Fault::of("no HTTP client", error))?;
        let mut client = Self {
            http,
            url: url.to_owned(),
            key: key.map(str::to_owned),
            era,
            capabilities,
            session: None,
            trace: Box::default(),
            next: AtomicU64::new(1),
        };
        if era == Era::Legacy {
            client.handshake().await?;
        }
        Ok(client)
    }

    async fn handshake(&mut self) -> Outcome<()> {
        let params = json!({
            "protocolVersion": LEGACY,
            "capabilities": self.capabilities,
            "clientInfo": { "name": "helmwatch-tests", "version": "0" },
        });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let answer = self.post(&body, &[]).await.map_err(|refused| Fault::of("initialize", refused))?;
        if answer.status != 200 {
            return Err(Fault::of("initialize", format!("HTTP {}: {}", answer.status, answer.text)));
        }
        self.session = answer.headers.get("mcp-session-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let body = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.post(&body, &[]).await.map_err(|refused| Fault::of("initialized", refused))?;
        Ok(())
    }

    /// The same client within a trace: all further requests say so, in a header or in `_meta` (SEP-414).
    #[must_use]
    pub fn traced(mut self, header: Option<&str>, meta: Option<&str>) -> Self {
        self.trace = Box::new((header.map(str::to_owned), meta.map(str::to_owned)));
        self
    }

    /// The session id of the older era.
    #[must_use]
    pub fn legacy_session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// One tool call.
    ///
    /// # Errors
    /// What refused it before it became a tool's answer.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<ToolAnswer, Refused> {
        self.call_text(tool, &arguments.to_string()).await
    }

    /// One tool call whose arguments are this text, JSON or not.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn call_text(&self, tool: &str, arguments: &str) -> Result<ToolAnswer, Refused> {
        let (result, messages) = self.send("tools/call", json!({ "name": tool }), Some(arguments)).await?;
        let mut answer = ToolAnswer::of(&result)?;
        answer.progress = messages
            .iter()
            .filter(|message| message["method"] == "notifications/progress")
            .map(|message| message["params"]["message"].as_str().unwrap_or_default().to_owned())
            .collect();
        Ok(answer)
    }

    /// One request; its result.
    ///
    /// # Errors
    /// What refused it.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, Refused> {
        self.send(method, params, None).await.map(|(result, _)| result)
    }

    /// Sends a request, with `arguments` as they are among its parameters, and finds its result among the messages.
    async fn send(
        &self,
        method: &str,
        mut params: Value,
        arguments: Option<&str>,
    ) -> Result<(Value, Vec<Value>), Refused> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let mut meta = json!({ "progressToken": id });
        if self.era == Era::Modern {
            meta["io.modelcontextprotocol/protocolVersion"] = MODERN.into();
            meta["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
            meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "helmwatch-tests", "version": "0" });
        }
        if let Some(parent) = &self.trace.1 {
            meta["traceparent"] = parent.as_str().into();
        }
        params["_meta"] = meta;
        let mut params = params.to_string();
        if let Some(arguments) = arguments {
            params.insert_str(1, &format!("\"arguments\":{arguments},"));
        }
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}");
        let mut headers = vec![("mcp-method", method)];
        if !name.is_empty() {
            headers.push(("mcp-name", name.as_str()));
        }
        let answer = self.post_text(body, &headers).await?;
        let found = answer.messages.iter().find(|message| message["id"] == id);
        match found {
            Some(message) if message.get("error").is_some() => {
                let error = &message["error"];
                let text = error["message"].as_str().unwrap_or_default().to_owned();
                Err(Refused::Rpc(error["code"].as_i64().unwrap_or_default(), text))
            }
            Some(message) => Ok((message["result"].clone(), answer.messages)),
            None if answer.status >= 400 => Err(Refused::Http(answer.status, answer.text)),
            None => Err(Refused::Gone(format!("HTTP {} without an answer to the request", answer.status))),
        }
    }

    /// One POST as it is on the wire, with the client's usual headers and these.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn post(&self, body: &Value, headers: &[(&str, &str)]) -> Result<RawAnswer, Refused> {
        self.post_text(body.to_string(), headers).await
    }

    async fn post_text(&self, body: String, headers: &[(&str, &str)]) -> Result<RawAnswer, Refused> {
        let version = if self.era == Era::Modern { MODERN } else { LEGACY };
        let mut request = self
            .http
            .post(&self.url)
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if self.era == Era::Modern || self.session.is_some() {
            request = request.header("mcp-protocol-version", version);
        }
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        if let Some(parent) = &self.trace.0 {
            request = request.header("traceparent", parent);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.map_err(|error| Refused::Gone(error.to_string()))?;
        read(answer).await
    }

    /// Ends the session of the older era.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn close(self) -> Result<(), Refused> {
        let Some(session) = self.session else { return Ok(()) };
        let mut request = self.http.delete(&self.url).header("mcp-session-id", session);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        request.send().await.map(drop).map_err(|error| Refused::Gone(error.to_string()))
    }
}

async fn read(answer: reqwest::Response) -> Result<RawAnswer, Refused> {
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let text = answer.text().await.map_err(|error| Refused::Gone(error.to_string()))?;
    let messages = if kind.starts_with("text/event-stream") {
        text.lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .filter_map(|data| serde_json::from_str(data.trim()).ok())
            .collect()
    } else {
        serde_json::from_str(&text).ok().into_iter().collect()
    };
    Ok(RawAnswer { status, headers, messages, text })
}

#[cfg(test)]
mod tests {
    use super::ToolAnswer;

    #[test]
    fn a_ref_is_found_by_the_words_of_its_line() {
        let text = "- list [ref=e2]:\n  - link \"About\" [ref=e3] [cursor=pointer]:\n    - /url: /about";
        let answer = ToolAnswer { text: text.to_owned(), ..ToolAnswer::default() };
        assert_eq!(answer.find_ref(&["link", "About"]).as_deref(), Some("e3"));
        assert_eq!(answer.find_ref(&["button"]), None);
    }
}

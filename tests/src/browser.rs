//! A person's browser: pages driven by what a person can see and press.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cdp::{Connection, Event, event};
use crate::{Fault, Outcome};

/// Longest wait for something to appear on a page.
const APPEAR_WITHIN: Duration = Duration::from_secs(20);

/// One page in its own context.
pub struct Page {
    connection: Arc<Connection>,
    context: String,
    session: String,
}

impl Page {
    /// Opens a page in a fresh context.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn open(connection: &Arc<Connection>) -> Outcome<Self> {
        let context = connection.call("", "Target.createBrowserContext", json!({})).await?;
        let context = context["browserContextId"].as_str().unwrap_or_default().to_owned();
        let target = connection
            .call("", "Target.createTarget", json!({ "url": "about:blank", "browserContextId": context }))
            .await?;
        let attached = connection
            .call("", "Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }))
            .await?;
        let session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        let page = Self { connection: Arc::clone(connection), context, session };
        page.call("Page.enable", json!({})).await?;
        Ok(page)
    }

    /// One command to the page.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn call(&self, method: &str, params: Value) -> Outcome<Value> {
        self.connection.call(&self.session, method, params).await
    }

    /// Goes to an address and waits for its load event.
    ///
    /// # Errors
    /// When it cannot be reached or never loads.
    pub async fn goto(&self, url: &str) -> Outcome<()> {
        let mut events = self.connection.events();
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        if let Some(error) = answer["errorText"].as_str() {
            return Err(Fault::of(url, error));
        }
        event(&mut events, |event: &Event| event.session == self.session && event.method == "Page.loadEventFired")
            .await?;
        Ok(())
    }

    /// The value of an expression; a promise is awaited.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&self, expression: &str) -> Outcome<Value> {
        let wanted = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", wanted).await?;
        if let Some(details) = answer.get("exceptionDetails") {
            return Err(Fault::of("the page's script", details));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Waits until an expression is truthy and returns its value: looks at once, at every change of the page, and at every frame.
    ///
    /// # Errors
    /// When it never is.
    pub async fn when(&self, expression: &str) -> Outcome<Value> {
        let script = format!(
            "new Promise((done, fail) => {{
               const end = performance.now() + {limit};
               const look = () => {{
                 let value; try {{ value = ({expression}); }} catch (error) {{ value = undefined; }}
                 if (value) return done(value);
                 if (performance.now() > end) return fail(new Error('never: ' + {quoted} + ' on ' + document.body.innerText.slice(0, 800)));
                 requestAnimationFrame(look);
               }};
               look();
             }})",
            limit = APPEAR_WITHIN.as_millis(),
            quoted = Value::from(expression),
        );
        // A navigation takes the waiting script away with its page; the next page is looked at in its turn.
        let deadline = Instant::now() + APPEAR_WITHIN;
        loop {
            match self.evaluate(&script).await {
                Err(fault) if Instant::now() < deadline && left_with_its_page(&fault) => {}
                other => return other,
            }
        }
    }

    /// Waits for a control with this name (text or `aria-label`) that stays where it is from one look to the next, and clicks its middle
    /// with the mouse.
    ///
    /// # Errors
    /// When it never appears.
    pub async fn click_named(&self, name: &str) -> Outcome<()> {
        let name = Value::from(name);
        let place = self
            .when(&format!(
                "(() => {{
                   const named = (one) => (one.getAttribute('aria-label') || one.innerText || '').trim();
                   const all = [...document.querySelectorAll('button,a,[role=button],input[type=submit]')];
                   const one = all.find((one) => named(one) === {name} && !one.disabled)
                     || all.find((one) => named(one).startsWith({name}) && !one.disabled);
                   if (!one) return null;
                   one.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                   const box = one.getBoundingClientRect();
                   const x = box.x + box.width / 2, y = box.y + box.height / 2;
                   const hit = document.elementFromPoint(x, y);
                   const rests = window.clickedNext === `${{x}} ${{y}}`;
                   window.clickedNext = `${{x}} ${{y}}`;
                   return rests && hit && (one === hit || one.contains(hit)) && {{ x, y }};
                 }})()"
            ))
            .await?;
        self.click_at(place["x"].as_f64().unwrap_or_default(), place["y"].as_f64().unwrap_or_default()).await
    }

    /// Presses and lets go of the left button there, CSS pixels.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn click_at(&self, x: f64, y: f64) -> Outcome<()> {
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let count = i32::from(kind != "mouseMoved");
            let params =
                json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": count });
            self.call("Input.dispatchMouseEvent", params).await?;
        }
        Ok(())
    }

    /// Types into what has the focus, as a paste would.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn insert(&self, text: &str) -> Outcome<()> {
        self.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Presses and lets go of Enter.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn enter(&self) -> Outcome<()> {
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({ "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13 });
            if kind == "keyDown" {
                params["text"] = "\r".into();
            }
            self.call("Input.dispatchKeyEvent", params).await?;
        }
        Ok(())
    }

    /// The viewport as a picture, `png` or `jpeg`.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn picture(&self, format: &str) -> Outcome<Vec<u8>> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": format })).await?;
        base64::engine::general_purpose::STANDARD
            .decode(answer["data"].as_str().unwrap_or_default())
            .map_err(|error| Fault::of("picture", error))
    }

    /// Grants this page's context what a person would be asked for, as in `notifications`, for one origin.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn grant(&self, origin: &str, permissions: &[&str]) -> Outcome<()> {
        let params = json!({ "origin": origin, "permissions": permissions, "browserContextId": self.context });
        self.connection.call("", "Browser.grantPermissions", params).await.map(drop)
    }

    /// Shows the page as a window of this width would, CSS pixels, in dark or light; colours have come to rest when it returns.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn looks(&self, width: u32, scheme: &str) -> Outcome<()> {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await?;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media).await?;
        // `getAnimations` brings the styles up to date before it answers. What counts a time down never rests.
        let rests = "!document.getAnimations().some(one => /color|shadow/.test(one.transitionProperty ?? ''))";
        self.when(rests).await.map(drop)
    }

    /// Ends the page and its context.
    ///
    /// # Errors
    /// What Chromium said.
    pub async fn close(self) -> Outcome<()> {
        let params = json!({ "browserContextId": self.context });
        self.connection.call("", "Target.disposeBrowserContext", params).await.map(drop)
    }
}

/// Did the page that a script ran in go away under it?
fn left_with_its_page(fault: &Fault) -> bool {
    ["navigated or closed", "context was destroyed", "Cannot find context"].iter().any(|word| fault.what.contains(word))
}

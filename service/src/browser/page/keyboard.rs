//! The keyboard, as a person's.

use chromiumoxide::cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType, InsertTextParams};
use chromiumoxide::keys::get_key_definition;

use super::Page;
use crate::browser::BrowserError;
use crate::browser::error::impossible;

/// One raw key event: `key` and `code` as in DOM `KeyboardEvent`.
#[derive(Debug, Clone)]
pub struct KeyInput {
    pub down: bool,
    pub key: String,
    pub code: String,
    pub modifiers: i64,
}

impl Page {
    /// One raw key event.
    ///
    /// # Errors
    /// As the connection.
    pub async fn key(&self, input: &KeyInput) -> Result<(), BrowserError> {
        let plain = input.modifiers & !8 == 0;
        let known = get_key_definition(&input.key);
        let text = match known.and_then(|known| known.text) {
            Some(text) if plain => Some(text.to_owned()),
            None if plain && input.key.chars().count() == 1 => Some(input.key.clone()),
            _ => None,
        };
        let code = if input.code.is_empty() { known.map_or("", |known| known.code) } else { &input.code };
        let kind = match (input.down, &text) {
            (false, _) => DispatchKeyEventType::KeyUp,
            (true, Some(_)) => DispatchKeyEventType::KeyDown,
            (true, None) => DispatchKeyEventType::RawKeyDown,
        };
        let mut event = DispatchKeyEventParams::builder()
            .r#type(kind)
            .modifiers(input.modifiers)
            .key(known.map_or(input.key.as_str(), |known| known.key))
            .code(code)
            .windows_virtual_key_code(known.map_or(0, |known| known.key_code));
        if let Some(text) = text.filter(|_| input.down) {
            event = event.text(text.clone()).unmodified_text(text);
        }
        if input.down {
            event = event.commands(editing_commands(&input.key, input.modifiers));
        }
        self.heard(self.session.execute(event.build().map_err(impossible)?)).await.map(drop)
    }

    /// Presses a key or a combination: `Enter`, `a`, `Control+Shift+ArrowLeft`.
    ///
    /// # Errors
    /// `Page` (`unknown_key`) when there is no such key; `DialogOpen` when the key opened one.
    pub async fn press(&self, combination: &str) -> Result<(), BrowserError> {
        let (modifiers, key) = split_combination(combination)?;
        let mut bits = 0;
        for (name, bit) in &modifiers {
            bits |= bit;
            self.key(&KeyInput { down: true, key: (*name).to_owned(), code: String::new(), modifiers: bits }).await?;
        }
        let pressed = async {
            self.key(&KeyInput { down: true, key: key.clone(), code: String::new(), modifiers: bits }).await?;
            self.key(&KeyInput { down: false, key: key.clone(), code: String::new(), modifiers: bits }).await
        };
        let pressed = pressed.await;
        for (name, bit) in modifiers.iter().rev() {
            bits &= !bit;
            let up = KeyInput { down: false, key: (*name).to_owned(), code: String::new(), modifiers: bits };
            if pressed.is_ok() {
                self.key(&up).await?;
            }
        }
        pressed
    }

    /// Types text key by key, so that a page's key handlers see each.
    ///
    /// # Errors
    /// As [`Self::press`].
    pub async fn type_keys(&self, text: &str) -> Result<(), BrowserError> {
        let mut buffer = [0; 4];
        for character in text.chars() {
            let key = match character {
                '\n' | '\r' => "Enter",
                '\t' => "Tab",
                other => &*other.encode_utf8(&mut buffer),
            };
            if get_key_definition(key).is_some() {
                self.press_plain(key).await?;
            } else {
                self.insert_text(key).await?;
            }
        }
        Ok(())
    }

    async fn press_plain(&self, key: &str) -> Result<(), BrowserError> {
        for down in [true, false] {
            self.key(&KeyInput { down, key: key.to_owned(), code: String::new(), modifiers: 0 }).await?;
        }
        Ok(())
    }

    /// Puts text in at the caret, as an input method or a paste does (`Input.insertText`).
    ///
    /// # Errors
    /// As the connection.
    pub async fn insert_text(&self, text: &str) -> Result<(), BrowserError> {
        self.heard(self.session.execute(InsertTextParams::new(text))).await.map(drop)
    }

    /// Waits until the page has taken an input. A handler that never ends is interrupted, so that the page can be used again.
    pub(super) async fn heard<T>(
        &self,
        input: impl Future<Output = Result<T, BrowserError>> + Send,
    ) -> Result<T, BrowserError> {
        let heard = self.unless_dialog(input).await;
        if matches!(heard, Err(BrowserError::Timeout { .. })) {
            self.interrupt(&self.main_frame()).await;
        }
        heard
    }
}

/// A modifier key and its bit, as CDP counts them.
type Modifier = (&'static str, i64);

/// `Control+Shift+A` into its modifiers (with CDP's bits) and its key.
fn split_combination(combination: &str) -> Result<(Vec<Modifier>, String), BrowserError> {
    let unknown = |key: &str| BrowserError::Page {
        code: "unknown_key".to_owned(),
        message: format!(
            "there is no key \"{}\"; use a character or a name such as Enter, Tab, Escape, ArrowLeft, Control+A",
            super::state::cut(key, 40)
        ),
    };
    let mut modifiers = Vec::new();
    let mut rest = combination;
    // The last part is the key, also when it is "+" itself.
    while let Some((first, tail)) = rest.split_once('+').filter(|(first, tail)| !first.is_empty() && !tail.is_empty()) {
        modifiers.push(match first {
            "Alt" => ("Alt", 1),
            "Control" | "Ctrl" | "ControlOrMeta" => ("Control", 2),
            "Meta" => ("Meta", 4),
            "Shift" => ("Shift", 8),
            other => return Err(unknown(other)),
        });
        rest = tail;
    }
    let shifted = modifiers.iter().any(|(name, _)| *name == "Shift");
    let mut key = rest.to_owned();
    if shifted && key.chars().count() == 1 {
        key = key.to_uppercase();
    }
    if get_key_definition(&key).is_none() && key.chars().count() != 1 {
        return Err(unknown(rest));
    }
    Ok((modifiers, key))
}

/// Editing shortcuts the browser process, not the page, would carry out.
fn editing_commands(key: &str, modifiers: i64) -> Vec<String> {
    let command = match (modifiers, key.to_ascii_lowercase().as_str()) {
        (2, "a") => "selectAll",
        (2, "c") => "copy",
        (2, "x") => "cut",
        (2, "v") => "paste",
        (2, "z") => "undo",
        (2, "y") | (10, "z") => "redo",
        _ => return Vec::new(),
    };
    vec![command.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_come_apart() {
        let (modifiers, key) = split_combination("Control+Shift+a").expect("a combination");
        assert_eq!((modifiers.len(), key.as_str()), (2, "A"));
        assert_eq!(split_combination("+").expect("a key").1, "+");
        assert_eq!(split_combination("Control++").expect("a key").1, "+");
        assert!(split_combination("Hyper+a").is_err());
        assert!(split_combination("NoSuchKey").is_err());
    }
}

//! What a viewer sends is a message or none; a message is the same after it was written down again.

use helmwatch_protocol::ViewerMessage;

/// One text message.
pub fn message(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(message) = serde_json::from_str::<ViewerMessage>(text) else { return };
    let written = serde_json::to_string(&message).expect("a message can be written");
    let again: ViewerMessage = serde_json::from_str(&written).expect("and read");
    assert_eq!(again, message, "{written}");
}

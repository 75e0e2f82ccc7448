//! `[live]`: what people see, and how fast.

use serde::{Deserialize, Serialize};

/// Limits of the live view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveConfig {
    /// Frames a second taken from one page, and sent to one viewer.
    pub fps_max: u32,
    /// Frames sent to one viewer and not yet acknowledged.
    pub frames_in_flight_max: u32,
    /// Viewers of one session at once.
    pub viewers_max: usize,
    /// Viewers, feeds included, in the whole service at once.
    pub viewers_total_max: usize,
    /// Milliseconds a viewer may make no progress before its socket is closed; it reconnects when it is well again.
    pub viewer_stall_ms: u64,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Widest picture taken from a page, device pixels.
    pub width_max: u32,
    /// Highest picture taken from a page, device pixels.
    pub height_max: u32,
    /// Mouse, key and text messages taken from one viewer in a second; what is beyond is refused (moves are dropped).
    pub inputs_per_second_max: u32,
    /// Messages of any kind taken from one viewer in a second; one who sends more is closed with 1008.
    pub messages_per_second_max: u32,
    /// Longest text of one input message, bytes.
    pub input_text_bytes_max: usize,
    /// Milliseconds a controller may be silent (no input, no ping answered) before the wheel goes back to the agent.
    pub control_idle_ms_max: u64,
    /// Pictures scaled down at once, in the whole service.
    pub scalers_max: usize,
    /// Milliseconds between two pings of a viewer's socket; one that was silent for two of them is gone, so at most three.
    pub ping_ms: u64,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            fps_max: 60,
            frames_in_flight_max: 2,
            viewers_max: 128,
            viewers_total_max: 512,
            viewer_stall_ms: 10_000,
            quality: 70,
            width_max: 1_920,
            height_max: 1_200,
            inputs_per_second_max: 240,
            messages_per_second_max: 1_000,
            input_text_bytes_max: 16 << 10,
            control_idle_ms_max: 5 * 60 * 1000,
            scalers_max: 2,
            ping_ms: 5_000,
        }
    }
}

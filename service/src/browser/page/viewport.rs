//! The size a page believes to have.

use chromiumoxide::cdp::browser_protocol::emulation::SetDeviceMetricsOverrideParams;

use super::Page;
use crate::browser::BrowserError;
use crate::browser::lock::lock;

/// Smallest and largest side of a viewport, CSS pixels.
const SIDE_PX: std::ops::RangeInclusive<u32> = 50..=8192;

impl Page {
    /// Sets the viewport (`Emulation.setDeviceMetricsOverride`), CSS pixels.
    ///
    /// # Errors
    /// `Page` when a side is out of 50 to 8192.
    pub async fn resize(&self, width: u32, height: u32) -> Result<(), BrowserError> {
        if !SIDE_PX.contains(&width) || !SIDE_PX.contains(&height) {
            return Err(BrowserError::Page {
                code: "bad_size".to_owned(),
                message: format!(
                    "a viewport of {width}x{height} is not possible; give sides between {} and {} pixels",
                    SIDE_PX.start(),
                    SIDE_PX.end()
                ),
            });
        }
        let size = SetDeviceMetricsOverrideParams::new(width, height, 1.0, false);
        self.unless_dialog(self.session.execute(size)).await?;
        lock(&self.state).viewport = (width, height);
        self.touch();
        Ok(())
    }

    /// Its viewport, CSS pixels.
    #[must_use]
    pub fn viewport(&self) -> (u32, u32) {
        lock(&self.state).viewport
    }
}

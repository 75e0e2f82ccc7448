//! Pictures of a page.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::{
    CaptureScreenshotFormat, CaptureScreenshotParams, GetLayoutMetricsParams, Viewport,
};

use super::Page;
use crate::browser::BrowserError;

/// A still picture takes this long at most; the rest of the deadline is for one retry.
const CAPTURE_DEADLINE: Duration = Duration::from_secs(5);
/// Longest side of a full-page picture, CSS pixels: Chromium cannot paint more into one surface.
const SIDE_PX_MAX: f64 = 16_384.0;

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    Png,
    Jpeg,
    Webp,
}

impl PictureFormat {
    /// As in `image/png`.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// As in `png`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
        }
    }
}

/// What to take a picture of. Rectangles are CSS pixels of the document's viewport.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shot {
    Viewport,
    FullPage,
    Rect { x: f64, y: f64, width: f64, height: f64 },
}

impl Page {
    /// Takes a picture (`Page.captureScreenshot`), `quality` 0 to 100 for JPEG and WebP.
    ///
    /// # Errors
    /// As the connection.
    pub async fn capture(&self, shot: Shot, format: PictureFormat, quality: u8) -> Result<Bytes, BrowserError> {
        let mut command = CaptureScreenshotParams::builder().format(match format {
            PictureFormat::Png => CaptureScreenshotFormat::Png,
            PictureFormat::Jpeg => CaptureScreenshotFormat::Jpeg,
            PictureFormat::Webp => CaptureScreenshotFormat::Webp,
        });
        if format != PictureFormat::Png {
            command = command.quality(i64::from(quality));
        }
        match shot {
            Shot::Viewport => {}
            Shot::FullPage => {
                let size = self.session.execute(GetLayoutMetricsParams::default()).await?.css_content_size;
                let clip = clip(0.0, 0.0, size.width, size.height);
                command = command.capture_beyond_viewport(true).clip(clip);
            }
            Shot::Rect { x, y, width, height } => {
                let seen = self.session.execute(GetLayoutMetricsParams::default()).await?.css_layout_viewport;
                #[allow(clippy::cast_precision_loss, reason = "scroll offsets are far below 2^52")]
                let (left, top) = (x + seen.page_x as f64, y + seen.page_y as f64);
                command = command.capture_beyond_viewport(true).clip(clip(left, top, width, height));
            }
        }
        let command = command.build();
        self.cover().await;
        // A page in the background, or one that stands still, now and then paints nothing until it is made to.
        let first = self.unless_dialog(self.session.execute_within(command.clone(), CAPTURE_DEADLINE)).await;
        let taken = match first {
            Err(BrowserError::Timeout { .. }) => {
                tracing::debug!("a picture was not painted; the page is made to, and asked once more");
                let _painting = self.kick();
                self.unless_dialog(self.session.execute_within(command, CAPTURE_DEADLINE)).await?
            }
            other => other?,
        };
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(AsRef::<[u8]>::as_ref(&taken.data))
            .map_err(|_| BrowserError::Script("Chromium sent a picture that is no base64".to_owned()))?;
        Ok(bytes.into())
    }
}

fn clip(x: f64, y: f64, width: f64, height: f64) -> Viewport {
    Viewport { x, y, width: width.clamp(1.0, SIDE_PX_MAX), height: height.clamp(1.0, SIDE_PX_MAX), scale: 1.0 }
}

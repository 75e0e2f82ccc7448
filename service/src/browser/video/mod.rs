//! Live frames as a video file.
//!
//! Each frame is unfolded, brought to the size of the first, and folded as VP8 (libwebp, whose lossy pictures are VP8 key frames);
//! the file is WebM, which Chromium itself and common players play. Nothing has to be installed for it. Blocks: for threads
//! that may.

mod webm;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use bytes::Bytes;
use image::{DynamicImage, RgbImage};

use super::picture::decode;
use super::{BrowserError, PictureFormat};
use webm::{Webm, vp8_of};

/// Quality of the pictures, 0 to 100: text stays sharp.
const QUALITY: f32 = 70.0;
/// libwebp's effort, 0 to 6: a frame is folded in some milliseconds.
const EFFORT: i32 = 1;

/// A video being written.
pub struct VideoWriter {
    webm: Webm<BufWriter<File>>,
    width: u32,
    height: u32,
    /// The newest picture, for the end: it is shown until then.
    last: Vec<u8>,
    last_ms: u64,
}

impl VideoWriter {
    /// Begins a file with its first frame. `size`: pixels, or else the frame's own; a frame of another shape gets margins.
    ///
    /// # Errors
    /// `Script` when the frame is no picture or the file cannot be written.
    pub fn begin(path: &Path, size: Option<(u32, u32)>, jpeg: &Bytes) -> Result<Self, BrowserError> {
        let frame = decode(jpeg, PictureFormat::Jpeg).map_err(|error| failed(&error))?;
        let (width, height) = size.unwrap_or((frame.width(), frame.height()));
        let file = File::create_new(path).map_err(|error| failed(&error))?;
        let webm = Webm::begin(BufWriter::new(file), width, height).map_err(|error| failed(&error))?;
        let mut writer = Self { webm, width, height, last: Vec::new(), last_ms: 0 };
        writer.put(&frame, 0)?;
        Ok(writer)
    }

    /// Adds a frame shown from `at_ms` on.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn frame(&mut self, jpeg: &Bytes, at_ms: u64) -> Result<(), BrowserError> {
        let frame = decode(jpeg, PictureFormat::Jpeg).map_err(|error| failed(&error))?;
        self.put(&frame, at_ms)
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.webm.bytes()
    }

    /// Ends the file: its last picture is shown until `end_ms`. Chapters begin at milliseconds.
    ///
    /// # Errors
    /// `Script` when the file cannot be written.
    pub fn finish(mut self, end_ms: u64, chapters: &[(u64, String)]) -> Result<(), BrowserError> {
        let end_ms = end_ms.max(self.last_ms + 1);
        // Players end at the last picture, whatever the duration says.
        self.webm.picture(end_ms, &self.last).map_err(|error| failed(&error))?;
        self.webm.finish(end_ms, chapters).map(drop).map_err(|error| failed(&error))
    }

    fn put(&mut self, frame: &DynamicImage, at_ms: u64) -> Result<(), BrowserError> {
        let fitted = fitted(frame, self.width, self.height);
        let mut config = webp::WebPConfig::new().map_err(|()| failed(&"libwebp does not know its own settings"))?;
        config.quality = QUALITY;
        config.method = EFFORT;
        let encoder = webp::Encoder::from_rgb(fitted.as_raw(), self.width, self.height);
        let folded = encoder.encode_advanced(&config).map_err(|error| failed(&format!("{error:?}")))?;
        let picture = vp8_of(&folded).ok_or_else(|| failed(&"libwebp wrote no VP8"))?;
        picture.clone_into(&mut self.last);
        self.last_ms = at_ms.max(self.last_ms);
        self.webm.picture(self.last_ms, &self.last).map_err(|error| failed(&error))
    }
}

/// The frame at this size, its shape kept, with black margins where it has another.
fn fitted(frame: &DynamicImage, width: u32, height: u32) -> RgbImage {
    if (frame.width(), frame.height()) == (width, height) {
        return frame.to_rgb8();
    }
    let inner = frame.resize(width, height, image::imageops::FilterType::Triangle).into_rgb8();
    let mut whole = RgbImage::new(width, height);
    let (x, y) = ((width - inner.width().min(width)) / 2, (height - inner.height().min(height)) / 2);
    image::imageops::overlay(&mut whole, &inner, x.into(), y.into());
    whole
}

fn failed(why: &dyn std::fmt::Display) -> BrowserError {
    BrowserError::Script(format!("the video could not be written: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u32, height: u32, shade: u8) -> Bytes {
        let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, image::Rgb([shade; 3])));
        super::super::picture::encode(&picture, PictureFormat::Jpeg).expect("encoded")
    }

    #[test]
    fn frames_of_any_shape_become_pictures_of_one_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("v");
        let mut writer = VideoWriter::begin(&path, Some((64, 48)), &jpeg(64, 48, 200)).expect("begun");
        writer.frame(&jpeg(300, 20, 90), 40).expect("written");
        writer.frame(&jpeg(1, 300, 90), 80).expect("written");
        assert!(writer.frame(&Bytes::from_static(b"no picture"), 90).is_err());
        writer.finish(100, &[(40, "Chapter".to_owned())]).expect("finished");
        let file = std::fs::read(&path).expect("there");
        // The bitstream's own header: three bytes of tag, the start code, then the size.
        let keys: Vec<_> = file.windows(7).filter(|seen| seen[..3] == [0x9d, 0x01, 0x2a]).collect();
        assert_eq!(keys.len(), 4, "three frames, and the last once more");
        assert!(keys.iter().all(|key| key[3..] == [64, 0, 48, 0]), "{keys:?}");
    }
}

//! Making a picture smaller.

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

use super::{BrowserError, PictureFormat};

/// Pixels a picture from Chromium may unfold to: a full page of 16,384 by 8,192.
const DECODE_BYTES_MAX: u64 = 16_384 * 8_192 * 4;

/// What a picture may measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLimit {
    /// Longest side, pixels.
    pub side: u32,
    /// Width times height.
    pub pixels: u64,
}

/// The size a picture gets under a limit; `None` when it fits as it is. Pure.
fn fitting(width: u32, height: u32, limit: PictureLimit) -> Option<(u32, u32)> {
    let (w, h) = (f64::from(width), f64::from(height));
    #[allow(clippy::cast_precision_loss, reason = "limits are far below 2^52")]
    let by_pixels = (limit.pixels as f64 / (w * h)).sqrt();
    let by_side = f64::from(limit.side) / w.max(h);
    let factor = by_pixels.min(by_side);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "smaller than the u32 it came from")]
    let scaled = |side: f64| ((side * factor).floor() as u32).max(1);
    (factor < 1.0).then(|| (scaled(w), scaled(h)))
}

/// Width of a JPEG, from the frame header (ITU-T T.81, B.2.2) and without decoding it; `None` for what is none.
pub(super) fn jpeg_width(jpeg: &[u8]) -> Option<u32> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, marker, high, low, segment @ ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?;
        // SOF0 to SOF15, without the three that are something else.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let [_, _, _, high, low, ..] = segment else { return None };
            return Some(u32::from(u16::from_be_bytes([*high, *low])));
        }
        rest = segment.get(length..)?;
    }
}

/// The picture within the limit, in the same format, and its size. Scales with the `image` library, off the runtime's threads.
///
/// # Errors
/// `Script` when the bytes are no picture of that format.
pub async fn fit(
    picture: Bytes,
    format: PictureFormat,
    limit: PictureLimit,
) -> Result<(Bytes, u32, u32), BrowserError> {
    let work = move || scale(&picture, format, limit);
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(BrowserError::Script(format!("the picture could not be scaled: {error}"))),
        Err(_) => Err(BrowserError::Script("scaling the picture failed".to_owned())),
    }
}

fn scale(picture: &Bytes, format: PictureFormat, limit: PictureLimit) -> Result<(Bytes, u32, u32), image::ImageError> {
    let (width, height) = reader(picture, format).into_dimensions()?;
    if fitting(width, height, limit).is_none() {
        return Ok((picture.clone(), width, height));
    }
    let small = scaled(decode(picture, format)?, limit);
    Ok((encode(&small, format)?, small.width(), small.height()))
}

const fn kind(format: PictureFormat) -> ImageFormat {
    match format {
        PictureFormat::Png => ImageFormat::Png,
        PictureFormat::Jpeg => ImageFormat::Jpeg,
        PictureFormat::Webp => ImageFormat::WebP,
    }
}

fn reader(picture: &Bytes, format: PictureFormat) -> ImageReader<std::io::Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(std::io::Cursor::new(picture.as_ref()), kind(format));
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    reader
}

/// Unfolds a picture; blocks for some milliseconds.
pub(super) fn decode(picture: &Bytes, format: PictureFormat) -> Result<DynamicImage, image::ImageError> {
    // JPEG has no transparency; a page's picture needs none.
    reader(picture, format).decode().map(|picture| DynamicImage::ImageRgb8(picture.into_rgb8()))
}

/// The picture within the limit; blocks for some milliseconds.
pub(super) fn scaled(picture: DynamicImage, limit: PictureLimit) -> DynamicImage {
    match fitting(picture.width(), picture.height(), limit) {
        Some((width, height)) => picture.resize_exact(width, height, image::imageops::FilterType::Triangle),
        None => picture,
    }
}

/// Folds a picture; blocks for some milliseconds.
pub(super) fn encode(picture: &DynamicImage, format: PictureFormat) -> Result<Bytes, image::ImageError> {
    let mut bytes = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), kind(format))?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: PictureLimit = PictureLimit { side: 1000, pixels: 500_000 };

    #[test]
    fn both_limits_hold_and_small_pictures_stay() {
        assert_eq!(fitting(800, 600, LIMIT), None);
        assert_eq!(fitting(4000, 100, LIMIT), Some((1000, 25)));
        let (w, h) = fitting(1000, 1000, LIMIT).expect("too many pixels");
        assert!(u64::from(w) * u64::from(h) <= LIMIT.pixels && w == h);
        assert_eq!(fitting(100_000, 1, LIMIT), Some((1000, 1)));
    }

    #[test]
    fn a_jpeg_says_its_width_and_nothing_else_does() {
        let mut bytes = Vec::new();
        DynamicImage::new_rgb8(1_283, 300)
            .write_to(&mut std::io::Cursor::new(&mut bytes), ImageFormat::Jpeg)
            .expect("written");
        assert_eq!(jpeg_width(&bytes), Some(1_283));
        for end in 0..bytes.len().min(200) {
            // Cut anywhere it may be unknown, never wrong.
            assert!(jpeg_width(&bytes[..end]).is_none_or(|width| width == 1_283));
        }
        assert_eq!(jpeg_width(b"\xff\xd8\xff\xe0\x00\x00"), None);
        assert_eq!(jpeg_width(b"GIF89a"), None);
    }

    #[tokio::test]
    async fn every_format_comes_back_as_itself() {
        for (format, kind) in [
            (PictureFormat::Png, ImageFormat::Png),
            (PictureFormat::Jpeg, ImageFormat::Jpeg),
            (PictureFormat::Webp, ImageFormat::WebP),
        ] {
            let mut bytes = Vec::new();
            DynamicImage::new_rgb8(1200, 300).write_to(&mut std::io::Cursor::new(&mut bytes), kind).expect("written");
            let (small, width, height) = fit(bytes.into(), format, LIMIT).await.expect("scaled");
            assert_eq!((width, height), (1000, 250));
            assert_eq!(image::guess_format(&small).expect("a picture"), kind);
        }
        assert!(fit(Bytes::from_static(b"no picture"), PictureFormat::Png, LIMIT).await.is_err());
    }
}

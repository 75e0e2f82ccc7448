//! Making a picture smaller.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, ImageReader, Limits};

/// Widths pictures are scaled to, device pixels: few, so that viewers share them.
const WIDTHS: [u32; 6] = [160, 320, 480, 640, 960, 1280];

/// Quality of a scaled picture; it is small, so artefacts show more.
const QUALITY: u8 = 75;

/// Memory the decoder may take, bytes: an RGBA picture of 4096 × 4096.
const DECODE_BYTES_MAX: u64 = 4 * 4096 * 4096;

/// The width a viewer that asks for `wanted` gets: the next one up, or `None` for the picture as it is.
#[must_use]
pub fn shared_width(wanted: u32) -> Option<u32> {
    WIDTHS.into_iter().find(|width| *width >= wanted)
}

/// The same picture at `width`, as JPEG; the one given when it is no wider. Takes milliseconds of processor time: call it off
/// the runtime.
///
/// # Errors
/// What the decoder says of bytes that are no JPEG.
pub fn scale(jpeg: &Bytes, width: u32) -> Result<Bytes, image::ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let picture = reader.decode()?;
    if picture.width() <= width {
        return Ok(jpeg.clone());
    }
    let height = u64::from(picture.height()) * u64::from(width) / u64::from(picture.width());
    let small = picture.thumbnail_exact(width, u32::try_from(height).unwrap_or(width).max(1)).into_rgb8();
    let mut bytes = Vec::with_capacity(16 << 10);
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&small)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u32, height: u32) -> Bytes {
        let picture =
            image::RgbImage::from_fn(width, height, |x, _| image::Rgb([if x < width / 2 { 250 } else { 5 }, 0, 0]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&picture).unwrap();
        bytes.into()
    }

    #[test]
    fn a_picture_keeps_its_shape_and_what_is_on_it() {
        let small = image::load_from_memory(&scale(&jpeg(1280, 720), 320).unwrap()).unwrap().into_rgb8();
        assert_eq!(small.dimensions(), (320, 180));
        assert!(small.get_pixel(40, 90)[0] > 200 && small.get_pixel(280, 90)[0] < 60);
    }

    #[test]
    fn a_small_one_is_left_alone_and_what_is_no_picture_is_an_error() {
        let picture = jpeg(200, 100);
        assert_eq!(scale(&picture, 320).unwrap(), picture);
        assert!(scale(&Bytes::from_static(b"\xff\xd8nonsense"), 320).is_err());
    }

    #[test]
    fn viewers_who_ask_for_nearly_the_same_share_one() {
        assert_eq!((shared_width(300), shared_width(320)), (Some(320), Some(320)));
        assert_eq!(shared_width(1_281), None);
    }
}

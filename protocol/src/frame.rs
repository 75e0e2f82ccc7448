//! The binary frame: a fixed little-endian header, then the picture's bytes.
//!
//! ```text
//! offset  size  field
//!      0     1  version        FRAME_VERSION
//!      1     1  kind           1 = JPEG of the page
//!      2     2  page           tab number, as in TabView::page
//!      4     8  sequence       counts up per page; what an acknowledgement names
//!     12     8  captured_at_us microseconds since the Unix epoch, when Chromium made the picture
//!     20     4  width          CSS pixels of the viewport the picture shows (input coordinates)
//!     24     4  height         CSS pixels
//!     28     …  picture
//! ```

use std::fmt;

/// Version of the header's layout. A viewer that sees another one reloads itself.
pub const FRAME_VERSION: u8 = 1;

/// Size of the header, in bytes.
pub const FRAME_HEADER_BYTES: usize = 28;

/// What the bytes after the header are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// A JPEG of the page's viewport.
    Jpeg = 1,
}

/// What stands before each picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What follows the header.
    pub kind: FrameKind,
    /// The tab it shows.
    pub page: u16,
    /// Counts up per page.
    pub sequence: u64,
    /// Microseconds since the Unix epoch.
    pub captured_at_us: u64,
    /// Viewport width, CSS pixels (the picture itself may be smaller).
    pub width: u32,
    /// Viewport height, CSS pixels.
    pub height: u32,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// Fewer bytes than a header.
    Short,
    /// A layout this code does not know.
    Version(u8),
    /// A kind this code does not know.
    Kind(u8),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "a frame shorter than its {FRAME_HEADER_BYTES}-byte header"),
            Self::Version(version) => write!(f, "frame version {version}, this side speaks {FRAME_VERSION}"),
            Self::Kind(kind) => write!(f, "unknown frame kind {kind}"),
        }
    }
}

impl std::error::Error for FrameError {}

impl FrameHeader {
    /// The header's bytes, ready to stand before the picture.
    #[must_use]
    pub fn encode(&self) -> [u8; FRAME_HEADER_BYTES] {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes[0] = FRAME_VERSION;
        bytes[1] = self.kind as u8;
        bytes[2..4].copy_from_slice(&self.page.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.captured_at_us.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.width.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.height.to_le_bytes());
        bytes
    }

    /// Splits a message into header and picture.
    ///
    /// # Errors
    /// [`FrameError`] when the message is short or of a version or kind not known here.
    pub fn decode(message: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let (header, picture) = message.split_first_chunk::<FRAME_HEADER_BYTES>().ok_or(FrameError::Short)?;
        if header[0] != FRAME_VERSION {
            return Err(FrameError::Version(header[0]));
        }
        let kind = match header[1] {
            1 => FrameKind::Jpeg,
            other => return Err(FrameError::Kind(other)),
        };
        let four = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let eight = |at: usize| u64::from(four(at)) | u64::from(four(at + 4)) << 32;
        let page = u16::from_le_bytes([header[2], header[3]]);
        Ok((
            Self { kind, page, sequence: eight(4), captured_at_us: eight(12), width: four(20), height: four(24) },
            picture,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_the_wire() {
        let header = FrameHeader {
            kind: FrameKind::Jpeg,
            page: 3,
            sequence: u64::MAX - 1,
            captured_at_us: 1_795_000_000_000_000,
            width: 1280,
            height: 720,
        };
        let mut message = header.encode().to_vec();
        message.extend_from_slice(b"\xff\xd8picture");
        assert_eq!(FrameHeader::decode(&message), Ok((header, &b"\xff\xd8picture"[..])));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert_eq!(FrameHeader::decode(&[1; 5]), Err(FrameError::Short));
        assert_eq!(FrameHeader::decode(&[9; 40]), Err(FrameError::Version(9)));
        let mut message = [0; 40];
        message[0] = FRAME_VERSION;
        message[1] = 7;
        assert_eq!(FrameHeader::decode(&message), Err(FrameError::Kind(7)));
    }
}

//! A WebM file with one VP8 picture after another: what browsers and common players play.
//!
//! Only what such a file needs (RFC 8794, RFC 9559): header, one track, a cluster a picture, chapters and cues at the end. Every
//! picture is a key frame, so a player may begin anywhere. Pure but for the writer it is given.

use std::io::{self, Seek, SeekFrom, Write};

/// Nanoseconds of a time step: a millisecond.
const TIMESTAMP_SCALE: u64 = 1_000_000;
/// A cue for a player to begin at, no more often than this, milliseconds.
const CUE_EVERY_MS: u64 = 1_000;

const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114D_9B74;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const CLUSTER: u32 = 0x1F43_B675;
const CUES: u32 = 0x1C53_BB6B;
const CHAPTERS: u32 = 0x1043_A770;

/// A file being written.
pub(super) struct Webm<W> {
    out: W,
    /// Bytes written.
    at: u64,
    /// Where the segment's content begins: positions inside it count from there.
    segment: u64,
    /// Where the length of the segment, the place of the cues and the duration are to be written at the end.
    segment_size: u64,
    cues_place: u64,
    duration: u64,
    cues: Vec<(u64, u64)>,
}

impl<W: Write + Seek> Webm<W> {
    /// Begins a file of pictures of this size.
    pub fn begin(out: W, width: u32, height: u32) -> io::Result<Self> {
        let mut webm = Self { out, at: 0, segment: 0, segment_size: 0, cues_place: 0, duration: 0, cues: Vec::new() };
        let head = [
            number(0x4286, 1),
            number(0x42F7, 1),
            number(0x42F2, 4),
            number(0x42F3, 8),
            element(0x4282, b"webm"),
            number(0x4287, 4),
            number(0x4285, 2),
        ];
        webm.put(&element(EBML, &head.concat()))?;
        webm.put(&SEGMENT.to_be_bytes())?;
        webm.segment_size = webm.at;
        // Unknown until the end: a file that is cut short can be played as far as it goes.
        webm.put(&[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])?;
        webm.segment = webm.at;
        let seek = [element(0x53AB, &CUES.to_be_bytes()), element(0x53AC, &[0; 8])].concat();
        let seek_head = element(SEEK_HEAD, &element(0x4DBB, &seek));
        webm.put(&seek_head)?;
        webm.cues_place = webm.at - 8;
        let duration = element(0x4489, &0f64.to_be_bytes());
        let info = [
            number(0x2A_D7B1, TIMESTAMP_SCALE),
            element(0x4D80, b"helmwatch"),
            element(0x5741, b"helmwatch"),
            duration,
        ];
        webm.put(&element(INFO, &info.concat()))?;
        webm.duration = webm.at - 8;
        let video = [number(0xB0, width.into()), number(0xBA, height.into())].concat();
        let track = [
            number(0xD7, 1),
            number(0x73C5, 1),
            number(0x9C, 0),
            number(0x83, 1),
            element(0x86, b"V_VP8"),
            element(0xE0, &video),
        ];
        webm.put(&element(TRACKS, &element(0xAE, &track.concat())))?;
        Ok(webm)
    }

    /// Adds a picture that is shown from `at_ms` on: a VP8 key frame. Times only grow.
    pub fn picture(&mut self, at_ms: u64, vp8: &[u8]) -> io::Result<()> {
        if self.cues.last().is_none_or(|(last, _)| at_ms >= last + CUE_EVERY_MS) {
            self.cues.push((at_ms, self.at - self.segment));
        }
        let time = number(0xE7, at_ms);
        // Track 1, no time within the cluster, key frame.
        let block = [0x81, 0, 0, 0x80];
        let length = time.len() + 1 + 8 + block.len() + vp8.len();
        self.put(&CLUSTER.to_be_bytes())?;
        self.put(&size(length))?;
        self.put(&time)?;
        self.put(&[0xA3])?;
        self.put(&size(block.len() + vp8.len()))?;
        self.put(&block)?;
        self.put(vp8)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.at
    }

    /// Writes what can only be known at the end: `chapters` begin at milliseconds. Gives the writer back.
    pub fn finish(mut self, end_ms: u64, chapters: &[(u64, String)]) -> io::Result<W> {
        if !chapters.is_empty() {
            let mut atoms = Vec::new();
            for (at, (start_ms, title)) in (1..).zip(chapters) {
                let display = [element(0x85, title.as_bytes()), element(0x437C, b"und")].concat();
                let atom = [number(0x73C4, at), number(0x91, start_ms * TIMESTAMP_SCALE), element(0x80, &display)];
                atoms.extend(element(0xB6, &atom.concat()));
            }
            self.put(&element(CHAPTERS, &element(0x45B9, &atoms)))?;
        }
        let cues_at = self.at - self.segment;
        let mut points = Vec::new();
        for (at_ms, place) in std::mem::take(&mut self.cues) {
            let position = [number(0xF7, 1), number(0xF1, place)].concat();
            points.extend(element(0xBB, &[number(0xB3, at_ms), element(0xB7, &position)].concat()));
        }
        self.put(&element(CUES, &points))?;
        let length = self.at - self.segment;
        self.out.seek(SeekFrom::Start(self.segment_size))?;
        self.out.write_all(&(length | 1 << 56).to_be_bytes())?;
        self.out.seek(SeekFrom::Start(self.cues_place))?;
        self.out.write_all(&cues_at.to_be_bytes())?;
        self.out.seek(SeekFrom::Start(self.duration))?;
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of a video are far below 2^52")]
        self.out.write_all(&(end_ms as f64).to_be_bytes())?;
        self.out.seek(SeekFrom::End(0))?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

/// A length, always in eight bytes.
fn size(length: usize) -> [u8; 8] {
    (length as u64 | 1 << 56).to_be_bytes()
}

/// An element: its id without leading zeros, its length, its content.
fn element(id: u32, content: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes();
    let id = &id[id.iter().take_while(|byte| **byte == 0).count()..];
    [id, &size(content.len()), content].concat()
}

fn number(id: u32, value: u64) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

/// The VP8 key frame inside a lossy WebP picture: the same bitstream in another box (RFC 9649, "Simple File Format (Lossy)").
pub(super) fn vp8_of(webp: &[u8]) -> Option<&[u8]> {
    if webp.get(..4)? != b"RIFF" || webp.get(8..12)? != b"WEBP" {
        return None;
    }
    let mut rest = &webp[12..];
    while let Some((head, content)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes(head[4..8].try_into().ok()?) as usize;
        let chunk = content.get(..length)?;
        if &head[..4] == b"VP8 " {
            return Some(chunk);
        }
        rest = content.get(length + length % 2..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Reads elements: id, content, where the content begins.
    fn elements(bytes: &[u8]) -> Vec<(u32, &[u8], usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let id_length = bytes[at].leading_zeros() as usize + 1;
            let id = bytes[at..at + id_length].iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
            at += id_length;
            let length = u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap()) & !(1 << 56);
            at += 8;
            let end = at + usize::try_from(length).unwrap();
            found.push((id, &bytes[at..end], at));
            at = end;
        }
        found
    }

    #[test]
    fn lengths_and_places_are_true() {
        let mut webm = Webm::begin(Cursor::new(Vec::new()), 640, 360).unwrap();
        for (at, picture) in [(0, &b"one"[..]), (400, b"two!"), (1500, b"three")] {
            webm.picture(at, picture).unwrap();
        }
        let before = webm.bytes();
        let file = webm.finish(2000, &[(400, "Second".to_owned())]).unwrap().into_inner();
        assert!(file.len() as u64 > before);
        let top = elements(&file);
        assert_eq!(top.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [EBML, SEGMENT]);
        let (_, segment, _) = top[1];
        let parts = elements(segment);
        let ids: Vec<_> = parts.iter().map(|(id, ..)| *id).collect();
        assert_eq!(ids, [SEEK_HEAD, INFO, TRACKS, CLUSTER, CLUSTER, CLUSTER, CHAPTERS, CUES]);
        let blocks: Vec<_> = parts[3..6].iter().map(|(_, cluster, _)| &elements(cluster)[1].1[4..]).collect();
        assert_eq!(blocks, [&b"one"[..], b"two!", b"three"]);
        let seek = elements(elements(parts[0].1)[0].1);
        let place = u64::from_be_bytes(seek[1].1.try_into().unwrap());
        assert_eq!(place as usize, parts[7].2 - 8 - 4, "the cues are where the head says");
        let points = elements(parts[7].1);
        assert_eq!(points.len(), 2, "one for the beginning, one a second later");
        let position = elements(elements(elements(points[1].1)[1].1)[1].1.get(..0).unwrap());
        assert!(position.is_empty());
        let place = u64::from_be_bytes(elements(elements(points[1].1)[1].1)[1].1.try_into().unwrap());
        assert_eq!(place as usize, parts[5].2 - 8 - 4, "the cue is where its cluster begins");
        let duration = elements(parts[1].1).into_iter().find(|(id, ..)| *id == 0x4489).unwrap();
        assert_eq!(f64::from_be_bytes(duration.1.try_into().unwrap()), 2000.0);
    }

    #[test]
    fn the_picture_is_taken_out_of_its_box() {
        let webp = [&b"RIFF\x1a\0\0\0WEBPABCD\x03\0\0\0xyz\0VP8 \x02\0\0\0ok"[..]].concat();
        assert_eq!(vp8_of(&webp), Some(&b"ok"[..]));
        for broken in
            [&b""[..], b"RIFF", b"RIFF\0\0\0\0WEBPVP8 \xff\xff\xff\xffx", b"RIFF\0\0\0\0WEBPVP8L\x01\0\0\0x\0"]
        {
            assert_eq!(vp8_of(broken), None);
        }
    }
}

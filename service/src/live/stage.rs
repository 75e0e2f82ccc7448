//! Frames made ready once for all who look at the same tab in the same size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use helmwatch_protocol::{FRAME_HEADER_BYTES, FrameHeader, FrameKind, SessionId};
use metrics::counter;
use tokio::sync::{OnceCell, Semaphore};

use super::scale::scale;
use crate::browser::Frame;
use crate::telemetry::names;

/// One tab as seen by all its viewers.
pub(super) struct Stage {
    page: u16,
    scalers: Arc<Semaphore>,
    /// The newest message of each size: as many as there are shared widths, and one.
    memo: Mutex<Vec<Memo>>,
}

struct Memo {
    sequence: u64,
    width: Option<u32>,
    message: Arc<OnceCell<Bytes>>,
}

impl Stage {
    pub(super) fn new(page: u16, scalers: Arc<Semaphore>) -> Self {
        Self { page, scalers, memo: Mutex::new(Vec::new()) }
    }

    /// The whole binary message of a frame, header and picture, at a width (`None`: as it is). The first who asks makes it, the
    /// others get the same bytes. When nobody wants it larger, Chromium makes it small already and nothing is left to scale. `None`
    /// when the picture cannot be read. Can be dropped at any time.
    pub(super) async fn message(&self, frame: &Arc<Frame>, width: Option<u32>) -> Option<Bytes> {
        let width = width.filter(|width| *width < frame.picture_width);
        let cell = self.cell(frame.sequence, width);
        let made = cell.get_or_try_init(|| async {
            let jpeg = match width {
                None => frame.jpeg.clone(),
                Some(width) => {
                    let _turn = Arc::clone(&self.scalers).acquire_owned().await.map_err(drop)?;
                    let jpeg = frame.jpeg.clone();
                    counter!(names::LIVE_PICTURES_SCALED).increment(1);
                    let scaled = tokio::task::spawn_blocking(move || scale(&jpeg, width)).await.map_err(drop)?;
                    scaled.map_err(|error| tracing::warn!(%error, "a live frame cannot be scaled"))?
                }
            };
            Ok::<_, ()>(self.put_together(frame, &jpeg))
        });
        made.await.ok().cloned()
    }

    fn cell(&self, sequence: u64, width: Option<u32>) -> Arc<OnceCell<Bytes>> {
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = memo.iter().find(|memo| memo.sequence == sequence && memo.width == width) {
            return Arc::clone(&found.message);
        }
        let message = Arc::new(OnceCell::new());
        // Older frames of this size are wanted by nobody: every viewer takes the newest.
        memo.retain(|memo| memo.width != width);
        memo.push(Memo { sequence, width, message: Arc::clone(&message) });
        message
    }

    fn put_together(&self, frame: &Frame, jpeg: &[u8]) -> Bytes {
        let header = FrameHeader {
            kind: FrameKind::Jpeg,
            page: self.page,
            sequence: frame.sequence,
            captured_at_us: frame.captured_at_us,
            width: frame.width,
            height: frame.height,
        };
        let mut message = Vec::with_capacity(FRAME_HEADER_BYTES + jpeg.len());
        message.extend_from_slice(&header.encode());
        message.extend_from_slice(jpeg);
        message.into()
    }
}

/// The stages in use. One is made for the first viewer of a tab and goes with the last.
#[derive(Default)]
pub(super) struct Stages {
    /// As many as tabs are watched; entries of the gone are swept when a new one is made.
    in_use: Mutex<HashMap<(SessionId, u16), Weak<Stage>>>,
}

impl Stages {
    pub(super) fn get(&self, session: &SessionId, page: u16, scalers: &Arc<Semaphore>) -> Arc<Stage> {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (session.clone(), page);
        if let Some(stage) = in_use.get(&key).and_then(Weak::upgrade) {
            return stage;
        }
        in_use.retain(|_, stage| stage.strong_count() > 0);
        let stage = Arc::new(Stage::new(page, Arc::clone(scalers)));
        in_use.insert(key, Arc::downgrade(&stage));
        stage
    }
}

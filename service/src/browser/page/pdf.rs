//! The page as a PDF, piece by piece.

use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::io::{CloseParams, ReadParams, StreamHandle};
use chromiumoxide::cdp::browser_protocol::page::{PrintToPdfParams, PrintToPdfTransferMode};
use futures_util::{Stream, stream};

use super::Page;
use crate::browser::BrowserError;
use crate::browser::cdp::CdpSession;

/// Laying out and printing thousands of pages takes this long at most.
const PRINT_DEADLINE: Duration = Duration::from_secs(60);
/// Bytes asked for at once.
const PIECE_BYTES: i64 = 1 << 20;

/// A finished PDF inside Chromium; dropping it lets Chromium forget it.
struct Printed {
    session: CdpSession,
    handle: StreamHandle,
    over: bool,
}

impl Page {
    /// Prints the page (`Page.printToPDF`, on Letter paper, without backgrounds, as its print style sheet says) and hands over the
    /// pieces as they are read (`IO.read`); nobody has to hold all of it.
    ///
    /// # Errors
    /// `Refused` by a browser that cannot; a piece that does not come is an error in its place.
    pub async fn pdf(&self) -> Result<impl Stream<Item = Result<Bytes, BrowserError>> + Send + use<>, BrowserError> {
        let print = PrintToPdfParams::builder()
            .print_background(false)
            .prefer_css_page_size(false)
            .transfer_mode(PrintToPdfTransferMode::ReturnAsStream)
            .build();
        let printed = self.unless_dialog(self.session.execute_within(print, PRINT_DEADLINE)).await?;
        let missing = || BrowserError::Script("Chromium printed and gave no stream".to_owned());
        let handle = printed.stream.ok_or_else(missing)?;
        let printed = Printed { session: self.session.clone(), handle, over: false };
        Ok(stream::unfold(printed, |mut printed| async move {
            if printed.over {
                return None;
            }
            let piece = printed.read().await;
            printed.over |= piece.is_err();
            Some((piece, printed))
        }))
    }
}

impl Printed {
    async fn read(&mut self) -> Result<Bytes, BrowserError> {
        let mut read = ReadParams::new(self.handle.clone());
        read.size = Some(PIECE_BYTES);
        let piece = self.session.execute(read).await?;
        self.over = piece.eof;
        if piece.base64_encoded != Some(true) {
            return Ok(piece.data.into_bytes().into());
        }
        let decoded = base64::engine::general_purpose::STANDARD.decode(&piece.data);
        decoded.map(Bytes::from).map_err(|_| BrowserError::Script("Chromium sent a piece that is no base64".to_owned()))
    }
}

impl Drop for Printed {
    fn drop(&mut self) {
        self.session.post(&CloseParams::new(self.handle.clone()));
    }
}

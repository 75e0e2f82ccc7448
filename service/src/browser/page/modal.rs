//! What has to be answered before a page is gone on with.

use super::Page;
use super::dialog::Dialog;
use crate::browser::lock::lock;

/// Something open over the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modal {
    /// The page runs nothing until it is answered.
    Dialog(Dialog),
    /// An input waits for files; the page runs on.
    FileChooser,
}

impl Page {
    /// All that is open, in the order in which it can be answered: nothing can be given to a page that a dialog holds up.
    #[must_use]
    pub fn modals(&self) -> Vec<Modal> {
        let state = lock(&self.state);
        let dialog = state.dialog.clone().map(Modal::Dialog);
        dialog.into_iter().chain(state.choosers.iter().map(|_| Modal::FileChooser)).collect()
    }
}

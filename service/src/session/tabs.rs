//! Which tab calls act on.

use std::sync::Arc;

use helmwatch_protocol::TabView;

use super::{Session, SessionError};
use crate::browser::{Media, Page};

impl Session {
    /// Its tabs, oldest first.
    #[must_use]
    pub fn tabs(&self) -> Vec<Arc<Page>> {
        self.context.pages()
    }

    /// A tab by its number.
    #[must_use]
    pub fn tab(&self, number: u16) -> Option<Arc<Page>> {
        self.context.pages().into_iter().find(|page| page.number() == number)
    }

    /// The tab calls act on: the chosen one, or the newest when that is gone.
    #[must_use]
    pub fn current_tab(&self) -> Option<Arc<Page>> {
        let current = self.lock().current;
        let pages = self.context.pages();
        pages.iter().find(|page| page.number() == current).or(pages.last()).cloned()
    }

    /// Makes a tab the one calls act on.
    pub fn choose_tab(&self, page: &Page) {
        self.lock().current = page.number();
        self.tell();
    }

    /// Opens a tab and makes it the one calls act on.
    ///
    /// # Errors
    /// As [`crate::browser::Context::new_page`].
    pub async fn new_tab(&self) -> Result<Arc<Page>, SessionError> {
        let page = self.context.new_page().await?;
        self.choose_tab(&page);
        Ok(page)
    }

    /// Changes the media features its pages see, also of tabs that open later.
    ///
    /// # Errors
    /// As the connection.
    pub async fn emulate_media(&self, change: impl FnOnce(&mut Media) + Send) -> Result<(), SessionError> {
        Ok(self.context.emulate_media(change).await?)
    }

    /// The tabs as people see them.
    pub(super) fn tab_views(&self) -> Vec<TabView> {
        let current = self.current_tab().map(|page| page.number());
        let view = |page: &Arc<Page>| TabView {
            page: page.number(),
            url: page.url(),
            title: page.title(),
            current: current == Some(page.number()),
            crashed: page.is_crashed(),
        };
        self.context.pages().iter().map(view).collect()
    }
}

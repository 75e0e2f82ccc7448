//! Which tab calls act on.

use std::sync::Arc;

use helmwatch_protocol::TabView;

use super::{Session, SessionError};
use crate::browser::{Media, NetworkState, Page, Route};

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

    /// Takes the network away from its pages, or gives it back.
    ///
    /// # Errors
    /// As the connection.
    pub async fn set_network(&self, network: NetworkState) -> Result<(), SessionError> {
        Ok(self.context.set_network(network).await?)
    }

    /// Its routes, in the order they were made.
    #[must_use]
    pub fn routes(&self) -> Vec<Arc<Route>> {
        self.context.routes()
    }

    /// Adds a route for all its pages.
    ///
    /// # Errors
    /// When it has as many as it may; else as the connection.
    pub async fn add_route(&self, route: Route) -> Result<(), SessionError> {
        Ok(self.context.add_route(route).await?)
    }

    /// Removes the routes of a pattern, or all, and answers how many there were.
    ///
    /// # Errors
    /// As the connection.
    pub async fn remove_routes(&self, pattern: Option<&str>) -> Result<usize, SessionError> {
        Ok(self.context.remove_routes(pattern).await?)
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
            opened_by: page.opened_by(),
        };
        self.context.pages().iter().map(view).collect()
    }
}

//! What a session's sites keep in it: cookies and local storage. A façade: the browser room has the work.

use super::Session;
use crate::browser::{BrowserError, Cookie, OriginItems};

impl Session {
    /// Its cookies, of all sites.
    ///
    /// # Errors
    /// As the connection.
    pub async fn cookies(&self) -> Result<Vec<Cookie>, BrowserError> {
        self.context.cookies().await
    }

    /// Sets cookies: all of them or none.
    ///
    /// # Errors
    /// `Page` (`bad_cookie`).
    pub async fn set_cookies(&self, cookies: &[Cookie]) -> Result<(), BrowserError> {
        self.context.set_cookies(cookies).await
    }

    /// Removes the cookies of this name, of every domain and path.
    ///
    /// # Errors
    /// As the connection.
    pub async fn remove_cookies(&self, name: &str) -> Result<(), BrowserError> {
        let mut cookies = self.context.cookies().await?;
        cookies.retain(|cookie| cookie.name == name);
        self.context.remove_cookies(&cookies).await
    }

    /// Removes all cookies.
    ///
    /// # Errors
    /// As the connection.
    pub async fn clear_cookies(&self) -> Result<(), BrowserError> {
        self.context.clear_cookies().await
    }

    /// Local storage of every origin that was visited and has some.
    ///
    /// # Errors
    /// `Page` (`state_too_large`) when it has more bytes than this.
    pub async fn local_storage(&self, bytes_max: usize) -> Result<Vec<OriginItems>, BrowserError> {
        self.context.local_storage(bytes_max).await
    }

    /// Puts another state in the place of the present one. Cookies Chromium refuses leave the cookies as they were.
    ///
    /// # Errors
    /// `Page` (`bad_cookie`, `storage_full`); `Navigation` for an origin the browser leads elsewhere.
    pub async fn set_state(&self, cookies: &[Cookie], origins: &[OriginItems]) -> Result<(), BrowserError> {
        let before = self.context.cookies().await?;
        self.context.clear_cookies().await?;
        if let Err(error) = self.context.set_cookies(cookies).await {
            self.context.set_cookies(&before).await?;
            return Err(error);
        }
        self.context.set_local_storage(origins).await
    }
}

//! Local storage of all origins of a context, whether a tab shows them or not: half of a session's state (the other are its
//! cookies).

use std::collections::HashMap;
use std::sync::Arc;

use chromiumoxide::cdp::browser_protocol::storage::ClearDataForOriginParams;
use serde::Serialize;
use serde_json::Value;

use super::Context;
use super::aside::Aside;
use crate::browser::BrowserError;
use crate::browser::page::{StorageArea, StoredItem, StoredItems};

/// Origins remembered and restored; of more, the ones seen first are forgotten.
pub(in crate::browser) const ORIGINS_MAX: usize = 100;

/// What is cleared of an origin before a state is set: all that belongs to a login, cookies apart.
const CLEARED: &str = "local_storage,indexeddb,service_workers,cache_storage";

/// What one origin keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginItems {
    /// As in `https://example.org`.
    pub origin: String,
    pub items: Vec<StoredItem>,
}

#[derive(Serialize)]
struct Everything {
    area: StorageArea,
    act: &'static str,
    items_max: usize,
    chars_max: usize,
}

#[derive(Serialize)]
struct Fill<'a> {
    area: StorageArea,
    act: &'static str,
    items: &'a [StoredItem],
}

/// More than a quota lets an origin have, so nothing is cut.
const ALL: usize = 1 << 40;

impl Context {
    /// Local storage of every origin that was visited and has some, as far as `bytes_max` bytes go.
    ///
    /// # Errors
    /// `Page` (`state_too_large`) when there is more; as the connection.
    pub async fn local_storage(self: &Arc<Self>, bytes_max: usize) -> Result<Vec<OriginItems>, BrowserError> {
        let mut shown = self.read_tabs().await;
        let mut aside = None;
        let mut found = Vec::new();
        let mut bytes = 0;
        for origin in self.visited_origins() {
            let items = match shown.remove(&origin) {
                Some(items) => items,
                None => match self.read_origin(&mut aside, &origin).await {
                    Ok(items) => items,
                    // An address that leads elsewhere (http to https by the site's own wish) keeps nothing under this origin.
                    Err(BrowserError::Navigation { .. } | BrowserError::Page { .. }) => continue,
                    Err(error) => return Err(error),
                },
            };
            bytes += items.iter().map(|item| item.name.len() + item.value.len()).sum::<usize>();
            if bytes > bytes_max {
                return Err(BrowserError::Page {
                    code: "state_too_large".to_owned(),
                    message: format!(
                        "the session's storage has more than {bytes_max} bytes; remove what is not needed \
                         (browser_localstorage_delete)"
                    ),
                });
            }
            if !items.is_empty() {
                found.push(OriginItems { origin, items });
            }
        }
        Ok(found)
    }

    /// Clears what every visited origin keeps, then keeps this.
    ///
    /// # Errors
    /// `Page` (`storage_full`); `Navigation` for an origin the browser leads elsewhere; as the connection.
    pub async fn set_local_storage(self: &Arc<Self>, wanted: &[OriginItems]) -> Result<(), BrowserError> {
        let mut origins = self.visited_origins();
        origins.extend(wanted.iter().map(|one| one.origin.clone()).filter(|one| !self.visited_origins().contains(one)));
        let aside = self.aside().await?;
        for origin in &origins {
            aside.clear(origin, CLEARED).await?;
        }
        for OriginItems { origin, items } in wanted.iter().filter(|one| !one.items.is_empty()) {
            aside.go(origin).await?;
            let fill = Fill { area: StorageArea::Local, act: "fill", items };
            aside.call::<_, Value>("stored", &fill).await?;
            self.visited(origin);
        }
        Ok(())
    }

    /// What tabs show needs no document of its own.
    async fn read_tabs(&self) -> HashMap<String, Vec<StoredItem>> {
        let mut shown = HashMap::new();
        for page in self.pages() {
            // A tab that cannot answer now, for a dialog or a crash, is read like an origin without a tab.
            if let Ok(StoredItems { items, origin, .. }) = page.stored(StorageArea::Local, ALL, ALL).await {
                shown.insert(origin, items);
            }
        }
        shown
    }

    async fn read_origin(
        self: &Arc<Self>,
        aside: &mut Option<Aside>,
        origin: &str,
    ) -> Result<Vec<StoredItem>, BrowserError> {
        let aside = match aside {
            Some(aside) => aside,
            none => none.insert(self.aside().await?),
        };
        aside.go(origin).await?;
        let everything = Everything { area: StorageArea::Local, act: "list", items_max: ALL, chars_max: ALL };
        aside.call::<_, StoredItems>("stored", &everything).await.map(|stored| stored.items)
    }
}

impl Aside {
    /// Removes what an origin keeps (`Storage.clearDataForOrigin`).
    async fn clear(&self, origin: &str, kinds: &str) -> Result<(), BrowserError> {
        self.execute(ClearDataForOriginParams::new(origin, kinds)).await.map(drop)
    }
}

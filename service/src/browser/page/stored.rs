//! What a page keeps under its origin: local and session storage of the main frame.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Page;
use crate::browser::BrowserError;

/// Storage answers at once, unless the page's own script does not yield.
const DEADLINE: Duration = Duration::from_secs(10);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum StorageArea {
    #[serde(rename = "localStorage")]
    Local,
    #[serde(rename = "sessionStorage")]
    Session,
}

impl StorageArea {
    /// As in `localStorage`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Local => "localStorage",
            Self::Session => "sessionStorage",
        }
    }
}

/// One item: page text, data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct StoredItem {
    pub name: String,
    pub value: String,
}

/// What a storage area holds, as far as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoredItems {
    /// In the order of their names; the first of them, each cut.
    pub items: Vec<StoredItem>,
    /// How many there are.
    pub total: usize,
    /// Origin of the document.
    pub origin: String,
}

#[derive(Serialize)]
struct Query<'a> {
    area: StorageArea,
    act: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items_max: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chars_max: Option<usize>,
}

#[derive(Deserialize)]
struct Held {
    value: Option<String>,
}

impl Page {
    /// The first `items_max` items by name, names and values cut to `chars_max` characters.
    ///
    /// # Errors
    /// `Page` (`no_storage`) where a document has none: blank pages, data URLs, sandboxed documents.
    pub async fn stored(
        &self,
        area: StorageArea,
        items_max: usize,
        chars_max: usize,
    ) -> Result<StoredItems, BrowserError> {
        let query =
            Query { area, act: "list", key: None, value: None, items_max: Some(items_max), chars_max: Some(chars_max) };
        self.call(&self.main_frame(), "stored", &query, DEADLINE).await
    }

    /// The value of an item; `None` when there is none.
    ///
    /// # Errors
    /// As [`Self::stored`].
    pub async fn stored_item(&self, area: StorageArea, key: &str) -> Result<Option<String>, BrowserError> {
        let held: Held = self.store_act(area, "get", Some(key), None).await?;
        Ok(held.value)
    }

    /// Keeps an item.
    ///
    /// # Errors
    /// As [`Self::stored`]; `Page` (`storage_full`) when the origin's quota is used up.
    pub async fn store_item(&self, area: StorageArea, key: &str, value: &str) -> Result<(), BrowserError> {
        self.store_act::<Value>(area, "set", Some(key), Some(value)).await.map(drop)
    }

    /// Removes an item; one that is not there is no error.
    ///
    /// # Errors
    /// As [`Self::stored`].
    pub async fn unstore_item(&self, area: StorageArea, key: &str) -> Result<(), BrowserError> {
        self.store_act::<Value>(area, "remove", Some(key), None).await.map(drop)
    }

    /// Removes all items.
    ///
    /// # Errors
    /// As [`Self::stored`].
    pub async fn clear_stored(&self, area: StorageArea) -> Result<(), BrowserError> {
        self.store_act::<Value>(area, "clear", None, None).await.map(drop)
    }

    async fn store_act<R: serde::de::DeserializeOwned>(
        &self,
        area: StorageArea,
        act: &str,
        key: Option<&str>,
        value: Option<&str>,
    ) -> Result<R, BrowserError> {
        let query = Query { area, act, key, value, items_max: None, chars_max: None };
        self.call(&self.main_frame(), "stored", &query, DEADLINE).await
    }
}

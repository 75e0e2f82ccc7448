//! One attached target.

use std::sync::{Arc, Weak};
use std::time::Duration;

use chromiumoxide::types::Command;

use super::connection::{Connection, EventSink};
use crate::browser::BrowserError;

/// How often a command is sent that finds the page between two documents, and the pause before the next try: half a second in all.
const BETWEEN_DOCUMENTS_TRIES: u32 = 25;
const BETWEEN_DOCUMENTS_PAUSE: Duration = Duration::from_millis(20);

/// A flat CDP session: commands go to one target. Cheap to clone.
#[derive(Clone)]
pub struct CdpSession {
    connection: Connection,
    id: Arc<str>,
    deadline: Duration,
}

impl CdpSession {
    /// The session Chromium named in `Target.attachedToTarget`; its events go to `sink`.
    #[must_use]
    pub fn new(connection: Connection, id: &str, deadline: Duration, sink: Weak<dyn EventSink>) -> Self {
        let id: Arc<str> = id.into();
        connection.route(&id, sink);
        Self { connection, id, deadline }
    }

    /// Runs one command within the usual deadline.
    ///
    /// # Errors
    /// As [`Self::execute_within`].
    pub async fn execute<C: Command>(&self, command: C) -> Result<C::Response, BrowserError> {
        match self.connection.execute(Some(&self.id), &command, self.deadline).await {
            Err(error) if error.is_between_documents() => Box::pin(self.again(&command, self.deadline)).await,
            answer => answer,
        }
    }

    /// Runs one command within its own deadline. Chromium refuses commands to a page whose old document has gone and whose new one is
    /// not yet in its place; it does so before doing anything, so such a command is sent again, for a moment.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn execute_within<C: Command>(
        &self,
        command: C,
        deadline: Duration,
    ) -> Result<C::Response, BrowserError> {
        match self.connection.execute(Some(&self.id), &command, deadline).await {
            Err(error) if error.is_between_documents() => Box::pin(self.again(&command, deadline)).await,
            answer => answer,
        }
    }

    async fn again<C: Command>(&self, command: &C, deadline: Duration) -> Result<C::Response, BrowserError> {
        let mut tries = 1;
        loop {
            tokio::time::sleep(BETWEEN_DOCUMENTS_PAUSE).await;
            tries += 1;
            match self.connection.execute(Some(&self.id), command, deadline).await {
                Err(error) if error.is_between_documents() && tries < BETWEEN_DOCUMENTS_TRIES => {}
                answer => return answer,
            }
        }
    }

    /// Sends a command nobody waits for.
    pub fn post<C: Command>(&self, command: &C) {
        self.connection.post(Some(&self.id), command);
    }

    /// The id Chromium gave it.
    #[must_use]
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The connection it lives on.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The usual deadline of a command.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
}

//! The egress proxy as the pool asks for it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use crate::egress::{self, Egress, LaneOwner};
use crate::pool::{Boxed, Denial, Lane, Lanes};

/// Opens a lane of the proxy for each context.
pub(super) struct EgressLanes(pub Egress);

impl Lanes for EgressLanes {
    fn open(&self) -> Boxed<'_, io::Result<Box<dyn Lane>>> {
        Box::pin(async move {
            let lane = self.0.open_lane().await?;
            let proxy = lane.addr();
            Ok(Box::new(EgressLane { lane: Mutex::new(Some(lane)), proxy }) as Box<dyn Lane>)
        })
    }
}

struct EgressLane {
    /// Taken when it is closed.
    lane: Mutex<Option<egress::Lane>>,
    proxy: SocketAddr,
}

impl Lane for EgressLane {
    fn proxy(&self) -> SocketAddr {
        self.proxy
    }

    fn assign(&self, session: &str, tenant: &str) {
        let owner = LaneOwner { session: session.to_owned(), tenant: tenant.to_owned() };
        if let Some(lane) = self.lane.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && lane.assign(owner).is_err()
        {
            // It stays whose it was: what is sent through it is then counted there, never let out unnamed.
            tracing::error!(session, "an egress lane had an owner already");
        }
    }

    fn denials(&self) -> Vec<Denial> {
        let lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        let denials = lane.as_ref().map(egress::Lane::denials).unwrap_or_default();
        let told = |denial: egress::Denial| Denial {
            hint: denial.hint(),
            host: denial.target,
            rule: denial.rule.to_string(),
            message: denial.message,
            at: denial
                .at
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| u64::try_from(since.as_millis()).ok())
                .unwrap_or(0),
        };
        denials.into_iter().map(told).collect()
    }

    fn close(&self) -> Boxed<'_, ()> {
        let lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            if let Some(lane) = lane {
                lane.close().await;
            }
        })
    }
}

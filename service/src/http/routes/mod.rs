//! The routes of `/v1`, one file for each thing they are about.

pub(super) mod approvals;
pub(super) mod files;
pub(super) mod grants;
pub(super) mod health;
pub(super) mod links;
pub(super) mod live;
pub(super) mod login;
pub(super) mod openapi;
pub(super) mod pool;
pub(super) mod requests;
pub(super) mod sessions;

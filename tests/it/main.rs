//! Helmwatch as its users meet it: the real program, real Chromium, clients that others wrote, and a site that says what it saw.
//!
//! One binary, one module a capability. No sleeps, no retries: every wait has an event or a deadline.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod actions;
mod agent;
mod approvals;
mod attention;
mod audit;
mod bad_input;
mod bad_input_tools;
mod conformance;
mod decisions;
mod devtools;
mod downloads;
mod drag;
mod edits;
mod egress;
mod elicitation;
mod emulation;
mod files;
mod grants;
mod grid;
mod guests;
mod handoff;
mod harness;
mod hostile;
mod keys;
mod kills;
mod lifetime;
mod links;
mod live;
mod load;
mod masking;
mod mouse;
mod network;
mod pages;
mod pdf;
mod policy;
mod reading;
mod receiver;
mod room;
mod routes;
mod sending;
mod snapshots;
mod stdio;
mod storage;
mod story;
mod tasks;
mod testing;
mod upload;
mod viewers;
mod webhooks;
mod wheel;

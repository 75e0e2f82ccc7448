//! What tests, load test and benchmarks stand on: the real program started as a child, sites it may visit, and clients that
//! share no code with it.
//!
//! Nothing here may name the `helmwatch` library: what is tested is the program as its users meet it. Only the wire's shapes
//! (`helmwatch-protocol`) are shared, because they are the contract.

pub mod bench;
pub mod browser;
pub mod cdp;
pub mod cgroup;
pub mod compare;
pub mod docs;
pub mod fault;
pub mod kills;
pub mod load;
pub mod machine;
pub mod mcp;
pub mod node;
pub mod peer;
pub mod processes;
pub mod relay;
pub mod service;
pub mod site;
pub mod stdio;
pub mod steps;
pub mod storm;
pub mod viewer;
pub mod wait;

pub use fault::{Fault, Outcome};

//! Do caps hold? A room is driven through changes of what its viewers may be sent, and each viewer's own socket says what came.
//!
//! A run's way: [`script`] (what the operator does) → [`drive`] (a crowd of lean clients, requests to the server) → [`bound`] and
//! [`judge`] (what came against what was allowed) → [`report`], told as a table and as one page of HTML ([`page`], drawn by
//! `graph`). Invariant: what is counted is every UDP payload that a viewer's socket read, whatever it was.

pub mod bound;
mod drive;
mod graph;
mod judge;
mod page;
mod report;
mod script;
mod slots;
mod table;

pub use drive::{CapProofPlan, run};
pub use page::{page, picture};
pub use report::CapProofReport;
pub use script::{Change, Field, Step, Whom, script};
pub use table::of_cap_proof;

use crate::client::ClientError;
use crate::lean::LeanError;

/// The proof could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CapProofError {
    #[error(transparent)]
    Lean(#[from] LeanError),
    #[error("a cap could not be set: {0}")]
    Client(#[from] ClientError),
    #[error("{joined} of {wanted} viewers came in: {why}")]
    Absent { joined: usize, wanted: u16, why: String },
    #[error("stopped before the first cap was set")]
    Stopped,
}

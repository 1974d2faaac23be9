//! Debian's Janus as a second server for the same crowds: a process with a configuration of its own, its HTTP API, and the
//! VideoRoom's requests as far as publishing and watching need them.
//!
//! A client's way in: [`lean`](crate::lean) joining → `rooms` (who, what) → `api` (requests and events) → Janus.
//! [`compare`] measures each row of [`bench`](crate::bench) on both servers in turns, and `comparison` says what that shows.
//! Invariant: what is measured of Janus is measured by the code that measures our own server.

mod api;
mod compare;
mod comparison;
mod configuration;
mod draw;
mod offer;
mod process;
mod rooms;
mod system;
mod table;

use std::path::PathBuf;
use std::time::Duration;

pub use compare::{Comparison, compare};
pub use comparison::Compared;
pub use draw::draw;
pub use process::JanusProcess;
pub use rooms::VideoRooms;
pub use system::Janus;
pub use table::of_comparison;

/// What can keep Janus from being measured.
#[derive(Debug, thiserror::Error)]
pub enum JanusError {
    #[error("`{program}` cannot be started ({source}); Debian has it: apt-get install janus")]
    Start { program: PathBuf, source: std::io::Error },
    #[error("Janus' plugins are in none of {looked}; Debian has them: apt-get install janus")]
    NoPlugins { looked: String },
    #[error("its configuration cannot be written to {path}: {source}")]
    Configuration { path: PathBuf, source: std::io::Error },
    #[error("Janus was not ready within {waited:?}: {said}")]
    NotReady { waited: Duration, said: String },
    #[error("Janus does not answer at {url}: {source}")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("Janus said what is no JSON of its API: {0}")]
    Json(#[from] serde_json::Error),
    #[error("Janus refused: {reason} ({code})")]
    Refused { code: u64, reason: String },
    #[error("Janus' answer has no {0}")]
    Incomplete(&'static str),
    #[error("Janus sent no event within {waited:?}")]
    Silent { waited: Duration },
    #[error("no client for HTTP: {0}")]
    Http(reqwest::Error),
}

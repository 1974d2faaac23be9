//! Input that means harm, against a server of one's own: each attack is bounded in count and time, and is held against a bar.
//!
//! An attack's way: [`target`] (whose server is it?) → one of `flood`, `client_hello`, `replay`, `collide`, `half_open` →
//! [`report`]. Honest clients beside it are an [`audience`] on threads of its own, or [`puppet`]s, whose every datagram the
//! attack sees. What the server says of itself is read from its [`page`] of metrics.

pub mod audience;
pub mod client_hello;
pub mod collide;
pub mod flood;
pub(crate) mod half;
pub mod half_open;
mod noise;
mod page;
pub(crate) mod puppet;
pub mod replay;
pub mod report;
pub mod target;

pub use report::AttackReport;
pub use target::{Consent, Target};

use crate::client::ClientError;
use crate::lean::LeanError;
use crate::lean::description::AnswerError;

/// An attack could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum AttackError {
    #[error("{url} is not on this machine; attack servers of your own only, and say so with --i-own-this-server")]
    NotOurs { url: String },
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Lean(#[from] LeanError),
    #[error(transparent)]
    Answer(#[from] AnswerError),
    #[error("a socket of the attack: {0}; each session takes one descriptor (ulimit -n)")]
    Socket(#[from] std::io::Error),
    #[error("a WebSocket was not opened: {0}")]
    WebSocket(String),
    #[error("no certificate or no handshake: {0}")]
    Dtls(String),
    #[error("the server's page of metrics has no {0}")]
    NoSuchSeries(String),
    #[error("{0} did not come about in time")]
    Late(&'static str),
}

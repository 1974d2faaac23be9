//! Data channels of one transport over a link on virtual time that loses and reorders, to a peer of the library's, and to one
//! that sends what it likes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::as_conversions, reason = "small numbers of a test's own making")]

#[path = "../data_peer/mod.rs"]
mod data_peer;
#[path = "../../fuzz/src/sctp_peer.rs"]
mod sctp_peer;

mod back_pressure;
mod delivery;
mod hostile;
mod link;

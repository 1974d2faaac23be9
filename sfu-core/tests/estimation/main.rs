//! A subscriber's estimate, on virtual time, over links that the relay of `load-tests` would make: what is sent is the lesser of
//! the estimate and of what there is to send.
//!
//! `cargo test -p sfu-core --test estimation table -- --ignored --nocapture` prints the figures over 50 seeds.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, reason = "tests may panic")]

mod feedback;
mod flow;
mod hostile;
mod links;
mod network;

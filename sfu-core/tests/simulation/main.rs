//! What people see, simulated: shards, publishers and viewers on virtual time over seeded bad links (`links`, the models of the relay of
//! `load-tests`), judged by what is shown and heard. World and clients are those of `tests/shard`; here whoever is at the end of
//! them behaves as libwebrtc does:
//!
//! - `publisher` with its `camera`: three encodings whose rates follow the server's feedback, key frames on demand and at most every
//!   300 ms, frames of uneven size that leave in paced bursts, temporal layers, repeats, a microphone;
//! - `viewer` with an `eye` for each picture (`nacks` asks again, `frames` finds what can be decoded, `playout` when it is shown) and an
//!   `ear` for each sound; it tells what arrived as often as a browser does.
//!
//! Each file of `stories` tells one, which `judge` makes figures of, and `table` holds them to their bounds:
//! `make simulate` prints them over 50 seeds, `SEEDS=50..250 STORY=blackout make simulate` looks for bad ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::as_conversions, reason = "small numbers of a test's own making")]

#[path = "../data_peer/mod.rs"]
mod data_peer;
#[path = "../dtls_peer/mod.rs"]
mod dtls_peer;

#[path = "../shard"]
#[allow(dead_code, reason = "the shard's tests use all of it")]
mod shard {
    pub mod client;
    pub mod marks;
    pub mod offers;
    pub mod screen;
    pub mod world;
}
use shard::{client, marks, offers, world};

mod camera;
mod ear;
mod eye;
mod frames;
mod nacks;
mod playout;
mod plot;
mod publisher;
mod reception;
mod viewer;
mod vp8;

mod judge;
mod scene;
mod stories;
mod table;

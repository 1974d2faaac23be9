//! What the clients of the rooms' WebSocket may rely on, file by file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod absence;
mod catching_up;
mod client;
mod doors;
mod errors;
mod excess;
mod grants;
mod media;
#[path = "../http/passes.rs"]
#[allow(dead_code, reason = "shared with the tests of HTTP, which use more of it")]
mod passes;
mod roster;
#[path = "../http/support.rs"]
#[allow(dead_code, reason = "shared with the tests of HTTP, which use more of it")]
mod support;

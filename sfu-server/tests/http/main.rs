//! What HTTP clients may rely on, file by file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod access;
mod caps;
mod cross_origin;
mod ending;
mod ice;
mod invites;
mod joining;
mod names;
mod openapi;
mod operations;
mod pages;
mod participants;
mod passes;
mod placement;
mod refusals;
mod series;
#[allow(dead_code, reason = "shared with the tests of signalling, which use more of it")]
mod support;
mod tokens;
mod whys;

//! Tokens and keys, without a server: what is accepted, and the many things that are not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod claims;
mod corpus;
mod forge;
mod header;
mod keys;
mod rotation;
mod signature;

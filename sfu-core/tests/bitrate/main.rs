//! What fits a budget: properties of the allocation, of a room's division, of measured rates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

mod allocation;
mod division;
mod rates;
mod stories;
mod viewers;

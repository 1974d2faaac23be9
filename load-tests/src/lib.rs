//! Headless clients that publish by WHIP and watch by WHEP, and judge what arrives; they know the public protocol alone.
//!
//! A frame's way: [`media`] → [`packetize`] → [`client`] (publisher) → the server → [`client`] (viewer) → [`verify`] → `report`.

#![forbid(unsafe_code)]

mod account;
pub mod attack;
pub mod bench;
pub mod cap_proof;
pub mod churn;
pub mod cli;
pub mod client;
pub mod janus;
pub mod lean;
pub mod media;
pub mod packetize;
pub mod profile;
pub mod relay;
pub mod scenario;
pub mod table;
pub mod verify;

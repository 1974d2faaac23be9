//! The media plane of a Selective Forwarding Unit as a state machine: told the time, never asks; no sockets, threads or locks.
//!
//! Walk a packet: [`shard`] (demultiplex) → [`transport`] (open) → [`publish`] (the encoding's ring) → [`room`] (who is
//! subscribed) → [`subscribe`] (rewrite) → [`transport`] (seal) → [`shard`] (transmit). Feedback is its mirror.

#![deny(unsafe_code)]

pub mod bitrate;
pub mod codec;
pub mod command;
pub mod error;
pub mod event;
pub mod id;
pub mod interceptor;
pub mod limits;
pub mod publish;
pub mod ring;
pub mod room;
pub mod rtcp;
pub mod rtp;
pub mod sample;
pub mod sdp;
pub mod shard;
pub mod stats;
pub mod subscribe;
pub mod timer;
pub mod transport;
pub mod why;

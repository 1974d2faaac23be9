//! Signalling of the room page: one WebSocket per participant, JSON, one typed enum each way.

pub mod wire;

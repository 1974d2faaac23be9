//! A shard with clients that speak the real protocol (SDP, ICE, DTLS, SRTP, RTCP) over links on virtual time that lose,
//! delay and reorder. What is judged is what a person would see and hear: frames, freezes, whose picture.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::as_conversions, reason = "small numbers of a test's own making")]

#[path = "../dtls_peer/mod.rs"]
mod dtls_peer;

#[path = "../data_peer/mod.rs"]
mod data_peer;

mod client;
mod marks;
mod offers;
mod publisher;
mod receiver;
mod screen;
mod viewer;
mod world;

mod authentic;
mod bursts;
mod caps;
mod caps_hold;
mod chaos;
mod clocks;
mod data;
mod endings;
mod further_offers;
mod hostile;
mod interruptions;
mod joining;
mod layouts;
mod lips;
mod liveness;
mod loss;
mod meetings;
mod mutes;
mod narrow_links;
mod outages;
mod padding;
mod policed;
mod ring_memory;
mod rivals;
mod rooms;
mod samples;
mod shuffle;
mod simulcast;
mod slot_reasons;
mod speakers;
mod spread;
mod storms;
mod streams;
mod temporal;
mod unwanted;
mod what_ifs;
mod whys;

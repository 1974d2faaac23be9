//! What the fuzz targets do with their bytes: one function for every parser of what comes from the network, and some
//! that keep state. Shared with a test that replays the corpus on a stable compiler.
//!
//! Invariant: a function returns for every input, quickly, and whatever it asserts holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a finding is a panic"
)]

#[path = "../../tests/dtls_peer/mod.rs"]
mod dtls_peer;
#[allow(clippy::as_conversions, clippy::indexing_slicing, dead_code, reason = "shared with tests that use more of it")]
#[path = "../../tests/shard/marks.rs"]
mod marks;
#[allow(dead_code, reason = "shared with tests that use more of it")]
#[path = "../../tests/shard/offers.rs"]
mod offers;

mod caps;
mod codecs;
mod control;
mod data_channels;
mod forwarding;
mod framing;
mod gcm;
mod input;
mod sctp_peer;
#[allow(dead_code, reason = "the corpus is replayed program by program, on a new shard each")]
mod session;
mod sessions;
mod shard;
mod transport;

pub use codecs::{av1, dependency_descriptor, h264, opus, red, vp8, vp9};
pub use control::{rtcp, twcc};
pub use data_channels::data_channels;
pub use forwarding::forwarding;
pub use framing::framing;
pub use gcm::gcm;
pub use session::session;
#[cfg(not(test))]
pub use session::session_kept;
pub use sessions::{fragment, further, offer};
pub use shard::shard;
pub use transport::{dtls, rtp, stun};

/// A target: bytes in, panics out.
pub type Target = fn(&[u8]);

/// Every target by the name of its binary and its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("av1", av1),
    ("data_channels", data_channels),
    ("dependency_descriptor", dependency_descriptor),
    ("dtls", dtls),
    ("forwarding", forwarding),
    ("fragment", fragment),
    ("framing", framing),
    ("further", further),
    ("gcm", gcm),
    ("h264", h264),
    ("offer", offer),
    ("opus", opus),
    ("red", red),
    ("rtcp", rtcp),
    ("rtp", rtp),
    ("session", session),
    ("shard", shard),
    ("stun", stun),
    ("twcc", twcc),
    ("vp8", vp8),
    ("vp9", vp9),
];

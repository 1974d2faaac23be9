//! Publishers and viewers: real peer connections of the `webrtc` crate, signalled by WHIP and WHEP.
//!
//! `http` carries descriptions, `peer` makes connections, `tap` counts and steers from within their interceptor chains,
//! `publisher` sends loops, `viewer` hands what arrives to [`crate::verify`]. Invariant: nothing here knows a server's
//! inside; all that is used is HTTP, SDP and media.

mod answer;
mod cast;
mod early_media;
mod error;
mod http;
mod peer;
mod publisher;
mod slot;
mod tap;
mod viewer;

pub use answer::{Section, media_sections, rewrite_candidate_ports};
pub use cast::{Cast, PublishedTrack, SendLog};
pub use error::ClientError;
pub use http::{Resource, Server};
pub use peer::{Peer, PeerRole, rtp_codec};
pub use publisher::{Publisher, PublisherOptions};
pub use tap::{Counters, CountersSnapshot};
pub(crate) use viewer::empty_histogram;
pub use viewer::{Judging, Viewer, ViewerOptions, ViewerReport, Watched};

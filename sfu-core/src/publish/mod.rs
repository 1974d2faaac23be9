//! What a participant sends: tracks, their encodings, and which SSRC is which. Third step of a packet's walk: it writes
//! rings. Knows nothing of who reads them.

mod demux;
mod encoding;
mod policer;
mod switch;
mod temporal_layers;
mod track;

pub use demux::{Recognized, Route, StreamDemux, StreamRole};
pub use encoding::{Costs, Encoding, EncodingHome, EncodingState, EncodingStats, Outcome, Received, Taking};
pub use policer::{Judged, Notice, Policer, Standing, Verdict};
pub use switch::{Asked, Switch, Use};
pub use track::{Format, Owner, Track, TrackHome, Want};

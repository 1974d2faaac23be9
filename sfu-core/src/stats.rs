//! Counters of a shard, named after the identifiers of W3C webrtc-stats where there is one.

/// Everything a shard counts, as a value.
#[derive(Debug, Clone, Default)]
pub struct ShardStats {}

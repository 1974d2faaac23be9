//! Data channels of a participant: what comes in is told, what goes out is bounded.

use std::time::Instant;

use crate::command::DataPayload;
use crate::id::TransportId;

use super::Shard;

impl Shard {
    /// Sends a message to the channels of a label.
    pub(super) fn send_data(&mut self, _now: Instant, _transport: TransportId, _label: &str, _payload: DataPayload) {}
}

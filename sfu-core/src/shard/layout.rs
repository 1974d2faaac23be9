//! What a viewer has on its screen decides what its video slots show, and in which encoding.

use std::time::Instant;

use crate::command::LayoutEntry;
use crate::error::RequestError;
use crate::event::Event;
use crate::id::{RequestId, TransportId};

use super::Shard;

impl Shard {
    /// Takes over a viewer's layout.
    pub(super) fn set_layout(
        &mut self,
        _now: Instant,
        request: RequestId,
        transport: TransportId,
        _layout: Vec<LayoutEntry>,
    ) {
        let error = RequestError::UnknownTransport(transport);
        self.events.push_back(Event::Rejected { request, error });
    }
}

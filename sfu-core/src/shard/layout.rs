//! What a viewer has on its screen decides what its video slots show, and in which encoding.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::command::LayoutEntry;
use crate::error::RequestError;
use crate::event::Event;
use crate::id::{MediaKind, Mid, RequestId, TransportId};
use crate::room::Wishes;

use super::Shard;
use super::participant::{Participant, SlotWish};

impl Shard {
    /// Takes over a viewer's layout: complete, so that the same again changes nothing, and what it does not name shows
    /// nothing.
    pub(super) fn set_layout(
        &mut self,
        now: Instant,
        request: RequestId,
        transport: TransportId,
        layout: Vec<LayoutEntry>,
    ) {
        let event = match self.attempt(now, transport, |shard| shard.lay_out(now, transport, layout)) {
            Ok(()) => Event::Done { request },
            Err(error) => Event::Rejected { request, error },
        };
        self.events.push_back(event);
    }

    fn lay_out(&mut self, now: Instant, transport: TransportId, layout: Vec<LayoutEntry>) -> Result<(), RequestError> {
        let unknown = RequestError::UnknownTransport(transport);
        let key = self.addresses.by_id(transport).ok_or(unknown.clone())?;
        let participant = self.participants.get_mut(key).ok_or(unknown)?;
        let mut wishes = wishes_of(participant, layout)?;
        for assigned in &mut participant.slots {
            assigned.wish = wishes.remove(&assigned.slot.mid);
        }
        participant.membership.wishes = Wishes::Layout;
        self.route_viewer(now, key);
        Ok(())
    }
}

/// What each slot is to show; nothing of a layout is taken over that names a slot wrongly.
fn wishes_of(participant: &Participant, layout: Vec<LayoutEntry>) -> Result<BTreeMap<Mid, SlotWish>, RequestError> {
    let mut wishes = BTreeMap::new();
    for (index, LayoutEntry { mid, track, height, priority }) in layout.into_iter().enumerate() {
        let is_slot = |mid: &Mid| {
            let mut slots = participant.slots.iter().map(|assigned| &assigned.slot);
            slots.any(|slot| slot.kind == MediaKind::Video && slot.mid == *mid)
        };
        if !is_slot(&mid) {
            return Err(RequestError::NoSuchSlot { index, mid });
        }
        if wishes.insert(mid.clone(), SlotWish { track, height, priority }).is_some() {
            return Err(RequestError::SlotNamedTwice { index, mid });
        }
    }
    Ok(wishes)
}

//! Packets into order by extended sequence number; what does not come in time becomes a gap.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use rtp::Packet;

use super::report::{Fault, TrackReport};

/// Packets held back behind a gap at most; more means that the gap will not be mended.
const HELD_MAX: usize = 4_096;
/// Released packets whose content is remembered, to tell a repeat from a rewrite.
const REMEMBERED: usize = 4_096;

pub(super) enum Step {
    Packet(Packet),
    Gap,
}

/// Everything is keyed by the extended sequence number (RFC 3550 A.1), which starts at 2¹⁶ so that early stragglers fit below.
pub(super) struct Reorder {
    patience: Duration,
    held: BTreeMap<u64, (Instant, Packet)>,
    released: BTreeMap<u64, u64>,
    next: Option<u64>,
    highest: u64,
    identity: Option<(u32, u8)>,
}

impl Reorder {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, held: BTreeMap::new(), released: BTreeMap::new(), next: None, highest: 0, identity: None }
    }

    pub(super) fn push(&mut self, now: Instant, packet: Packet, report: &mut TrackReport) {
        let identity = (packet.header.ssrc, packet.header.payload_type);
        if *self.identity.get_or_insert(identity) != identity {
            report.fault(Fault::IdentityChanged, 1, || format!("{:?} became {identity:?}", self.identity));
            self.identity = Some(identity);
        }
        let extended = self.extend(packet.header.sequence_number);
        if extended < self.highest {
            report.late += 1;
        }
        self.highest = self.highest.max(extended);
        let next = *self.next.get_or_insert(extended);
        let known = match self.held.get(&extended) {
            Some((_, held)) => Some(digest(held)),
            None => self.released.get(&extended).copied(),
        };
        match known {
            Some(known) if known == digest(&packet) => report.duplicates += 1,
            Some(_) => {
                report.fault(Fault::RewrittenTwice, 1, || format!("sequence number {}", packet.header.sequence_number))
            }
            None if extended < next => {}
            None => {
                self.held.insert(extended, (now, packet));
            }
        }
    }

    pub(super) fn poll(&mut self, now: Instant, report: &mut TrackReport) -> Option<Step> {
        let next = self.next?;
        let (&first, (since, _)) = self.held.first_key_value()?;
        if first > next {
            if now.saturating_duration_since(*since) < self.patience && self.held.len() < HELD_MAX {
                return None;
            }
            report.fault(Fault::Lost, first - next, || {
                format!("{} packets ahead of sequence number {}", first - next, first & 0xffff)
            });
            self.next = Some(first);
            return Some(Step::Gap);
        }
        let (_, (_, packet)) = self.held.pop_first()?;
        self.released.insert(first, digest(&packet));
        if self.released.len() > REMEMBERED {
            self.released.pop_first();
        }
        self.next = Some(first + 1);
        Some(Step::Packet(packet))
    }

    fn extend(&self, sequence_number: u16) -> u64 {
        if self.next.is_none() {
            return 0x1_0000 + u64::from(sequence_number);
        }
        let [.., high, low] = self.highest.to_be_bytes();
        let distance = sequence_number.wrapping_sub(u16::from_be_bytes([high, low]));
        if distance < 0x8000 {
            self.highest + u64::from(distance)
        } else {
            self.highest.saturating_sub(0x1_0000 - u64::from(distance))
        }
    }
}

/// All that a retransmission must reproduce.
fn digest(packet: &Packet) -> u64 {
    let mut hasher = DefaultHasher::new();
    (packet.header.timestamp, packet.header.marker, &packet.payload).hash(&mut hasher);
    hasher.finish()
}

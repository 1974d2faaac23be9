//! AV1 payloads (RTP Payload Format For AV1 §4): an aggregation header, then OBU elements, the last one without its length.

use bytes::{BufMut, Bytes, BytesMut};

use super::DepacketizeError;
use crate::media::{OBU_SEQUENCE_HEADER, join_nals, leb128, obu_type, split_joined};

/// Z: the first element goes on from the packet before.
const CONTINUES: u8 = 0x80;
/// Y: the last element goes on in the next packet.
const CONTINUED: u8 = 0x40;
/// N: a coded video sequence begins.
const NEW_SEQUENCE: u8 = 0x08;
/// W counts up to so many elements; with it the last one has no length.
const ELEMENTS_MAX: usize = 3;
/// Bytes of a length that a packet's element can have.
const LENGTH_MAX: usize = 2;

/// Payloads of one temporal unit, whose OBUs have lengths ahead.
pub(super) fn payloads(unit: &[u8], max: usize) -> Vec<Bytes> {
    let keyframe = split_joined(unit).next().is_some_and(|obu| obu_type(obu) == OBU_SEQUENCE_HEADER);
    let mut packets: Vec<(u8, Vec<&[u8]>)> = vec![(if keyframe { NEW_SEQUENCE } else { 0 }, Vec::new())];
    for mut obu in split_joined(unit) {
        while !obu.is_empty() {
            let Some((head, elements)) = packets.last_mut() else { return Vec::new() };
            let used: usize = elements.iter().map(|element| element.len() + LENGTH_MAX).sum();
            let room = max.saturating_sub(1 + used);
            if elements.len() == ELEMENTS_MAX || room == 0 {
                packets.push((0, vec![]));
                continue;
            }
            let (element, rest) = obu.split_at_checked(room).unwrap_or((obu, &[]));
            elements.push(element);
            obu = rest;
            if !rest.is_empty() {
                *head |= CONTINUED;
                packets.push((CONTINUES, vec![]));
            }
        }
    }
    packets.iter().map(|(head, elements)| payload(*head, elements)).collect()
}

fn payload(head: u8, elements: &[&[u8]]) -> Bytes {
    let mut payload = BytesMut::new();
    payload.put_u8(head | (u8::try_from(elements.len()).unwrap_or(0) << 4));
    for (at, element) in elements.iter().enumerate() {
        if at + 1 < elements.len() {
            let [low, high] = u16::try_from(element.len()).unwrap_or(u16::MAX).to_le_bytes();
            let above = (high << 1) | (low >> 7);
            if above == 0 { payload.put_u8(low) } else { payload.put_slice(&[low | 0x80, above]) }
        }
        payload.put_slice(element);
    }
    payload.freeze()
}

/// Whether a decoder could begin here: by the N bit, or at a sequence header of senders that leave it off.
pub fn begins_keyframe(payload: &[u8]) -> bool {
    let Some((head, rest)) = payload.split_first() else { return false };
    let first = if (head >> 4) & 0b11 == 1 { Some(rest) } else { leb128(rest).map(|(_, behind)| behind) };
    let sequence = first.is_some_and(|obu| obu_type(obu) == OBU_SEQUENCE_HEADER);
    head & CONTINUES == 0 && (head & NEW_SEQUENCE != 0 || sequence)
}

/// Whether a payload can be the first of a temporal unit.
pub fn can_start(payload: &[u8]) -> bool {
    payload.first().is_some_and(|head| head & CONTINUES == 0)
}

/// Collects the OBUs of one temporal unit from its payloads.
#[derive(Debug, Default)]
pub struct Depacketizer {
    obus: Vec<BytesMut>,
    /// The last OBU goes on in the next packet.
    open: bool,
}

impl Depacketizer {
    /// Takes the next payload of the unit.
    pub fn push(&mut self, payload: &[u8]) -> Result<(), DepacketizeError> {
        let (&head, mut rest) = payload.split_first().ok_or(DepacketizeError::Short)?;
        if self.open != (head & CONTINUES != 0) {
            return Err(DepacketizeError::Fragment);
        }
        let count = usize::from((head >> 4) & 0b11);
        let mut at = 0;
        while !rest.is_empty() {
            at += 1;
            let element = if at == count {
                std::mem::take(&mut rest)
            } else {
                let (length, behind) = leb128(rest).ok_or(DepacketizeError::Short)?;
                let (element, after) = behind.split_at_checked(length).ok_or(DepacketizeError::Short)?;
                rest = after;
                element
            };
            match self.obus.last_mut().filter(|_| at == 1 && self.open) {
                Some(open) => open.put_slice(element),
                None => self.obus.push(BytesMut::from(element)),
            }
        }
        if at < count {
            return Err(DepacketizeError::Short);
        }
        self.open = head & CONTINUED != 0;
        Ok(())
    }

    /// The unit with its OBUs' lengths ahead; nothing is left inside.
    pub fn finish(&mut self) -> Result<Bytes, DepacketizeError> {
        let obus = std::mem::take(&mut self.obus);
        if std::mem::take(&mut self.open) {
            return Err(DepacketizeError::Fragment);
        }
        Ok(join_nals(obus.iter().map(AsRef::as_ref)))
    }

    /// Drops what was collected.
    pub fn reset(&mut self) {
        self.obus.clear();
        self.open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::mark::{self, Mark, PublisherTag};
    use crate::media::{Clip, ClipSize, Codec};

    #[test]
    fn every_temporal_unit_comes_back_whole() {
        let clip = Clip::embedded(Codec::Av1, ClipSize::Small).unwrap();
        let mut depacketizer = Depacketizer::default();
        for (index, max) in (0..u16::try_from(clip.len()).unwrap()).zip([1_170, 300, 45].into_iter().cycle()) {
            let unit = mark::embed(Codec::Av1, &clip.frame(index).unwrap().body, Mark::new(PublisherTag(1), 0, index));
            let payloads = payloads(&unit, max);
            assert!(payloads.iter().all(|payload| payload.len() <= max));
            assert!(can_start(&payloads[0]));
            let starts: Vec<_> = payloads.iter().map(|payload| begins_keyframe(payload)).collect();
            assert_eq!(starts[0], index == 0);
            assert!(starts[1..].iter().all(|starts| !starts));
            payloads.iter().for_each(|payload| depacketizer.push(payload).unwrap());
            assert_eq!(depacketizer.finish().unwrap(), unit);
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let unit = join_nals([&[0x30; 200][..]]);
        let payloads = payloads(&unit, 100);
        let mut depacketizer = Depacketizer::default();
        assert_eq!(depacketizer.push(&payloads[1]), Err(DepacketizeError::Fragment));
        depacketizer.push(&payloads[0]).unwrap();
        assert_eq!(depacketizer.push(&payloads[0]), Err(DepacketizeError::Fragment));
        assert_eq!(depacketizer.finish(), Err(DepacketizeError::Fragment));
        for cut in [&[][..], &[0x20, 5, 1], &[0x00, 5, 1], &[0x20, 1, 0x30]] {
            depacketizer.reset();
            assert_eq!(depacketizer.push(cut), Err(DepacketizeError::Short), "{cut:?}");
        }
    }
}

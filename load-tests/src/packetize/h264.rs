//! H264 payloads of packetization-mode 1 (RFC 6184): small NAL units ahead aggregated (STAP-A), large ones fragmented (FU-A).

use bytes::{BufMut, Bytes, BytesMut};

use super::{DepacketizeError, split_evenly};
use crate::media::{NAL_IDR, NAL_PPS, NAL_SPS, nal_type, split_joined};

/// Single-time aggregation packet, RFC 6184 §5.7.1.
const STAP_A: u8 = 24;
/// Fragmentation unit, RFC 6184 §5.8.
const FU_A: u8 = 28;
const FU_START: u8 = 0x80;
const FU_END: u8 = 0x40;
const REF_IDC: u8 = 0x60;
const TYPE: u8 = 0x1f;

/// Payloads of one access unit, whose NAL units have lengths ahead.
pub(super) fn payloads(access_unit: &[u8], max: usize) -> Vec<Bytes> {
    let mut payloads = Vec::new();
    let mut group: Vec<&[u8]> = Vec::new();
    for nal in split_joined(access_unit) {
        let grouped: usize = group.iter().map(|nal| nal.len() + 2).sum();
        if 1 + grouped + 2 + nal.len() > max {
            flush(&mut group, &mut payloads);
        }
        if nal.len() > max {
            fragment(nal, max, &mut payloads);
        } else {
            group.push(nal);
        }
    }
    flush(&mut group, &mut payloads);
    payloads
}

/// One packet for the NAL units collected so far.
fn flush(group: &mut Vec<&[u8]>, payloads: &mut Vec<Bytes>) {
    match group.as_slice() {
        [] => {}
        [nal] => payloads.push(Bytes::copy_from_slice(nal)),
        nals => {
            let ref_idc = nals.iter().filter_map(|nal| nal.first()).map(|byte| byte & REF_IDC).max().unwrap_or(0);
            let mut payload = BytesMut::new();
            payload.put_u8(STAP_A | ref_idc);
            for nal in nals {
                payload.put_u16(u16::try_from(nal.len()).unwrap_or(u16::MAX));
                payload.put_slice(nal);
            }
            payloads.push(payload.freeze());
        }
    }
    group.clear();
}

fn fragment(nal: &[u8], max: usize, payloads: &mut Vec<Bytes>) {
    let Some((&header, body)) = nal.split_first() else { return };
    let pieces: Vec<_> = split_evenly(body, max.saturating_sub(2)).collect();
    let last = pieces.len().saturating_sub(1);
    for (at, piece) in pieces.into_iter().enumerate() {
        let start = if at == 0 { FU_START } else { 0 };
        let end = if at == last { FU_END } else { 0 };
        let mut payload = BytesMut::with_capacity(2 + piece.len());
        payload.put_u8(FU_A | (header & REF_IDC));
        payload.put_u8(start | end | (header & TYPE));
        payload.put_slice(piece);
        payloads.push(payload.freeze());
    }
}

/// Collects the NAL units of one access unit from its payloads.
#[derive(Debug, Default)]
pub struct Depacketizer {
    nals: Vec<Bytes>,
    fragments: Option<BytesMut>,
}

impl Depacketizer {
    /// Takes the next payload of the access unit.
    pub fn push(&mut self, payload: &Bytes) -> Result<(), DepacketizeError> {
        match nal_type(payload) {
            1..=23 => {
                self.whole()?;
                self.nals.push(payload.clone());
            }
            STAP_A => {
                self.whole()?;
                self.aggregate(payload)?;
            }
            FU_A => self.fragment(payload)?,
            _ => return Err(DepacketizeError::Type),
        }
        Ok(())
    }

    /// The access unit's NAL units, whole; nothing is left inside.
    pub fn finish(&mut self) -> Result<Vec<Bytes>, DepacketizeError> {
        let nals = std::mem::take(&mut self.nals);
        match self.fragments.take() {
            None => Ok(nals),
            Some(_) => Err(DepacketizeError::Fragment),
        }
    }

    /// Drops what was collected.
    pub fn reset(&mut self) {
        self.nals.clear();
        self.fragments = None;
    }

    fn whole(&self) -> Result<(), DepacketizeError> {
        if self.fragments.is_none() { Ok(()) } else { Err(DepacketizeError::Fragment) }
    }

    fn aggregate(&mut self, payload: &Bytes) -> Result<(), DepacketizeError> {
        let mut rest = payload.slice(1..);
        while !rest.is_empty() {
            let (length, _) = rest.split_first_chunk().ok_or(DepacketizeError::Short)?;
            let end = 2 + usize::from(u16::from_be_bytes(*length));
            if rest.len() < end || end == 2 {
                return Err(DepacketizeError::Short);
            }
            self.nals.push(rest.slice(2..end));
            rest = rest.slice(end..);
        }
        Ok(())
    }

    fn fragment(&mut self, payload: &Bytes) -> Result<(), DepacketizeError> {
        let (head, body) = payload.split_first_chunk::<2>().ok_or(DepacketizeError::Short)?;
        let [indicator, header] = *head;
        if header & FU_START != 0 {
            self.whole()?;
            let mut nal = BytesMut::with_capacity(16 * 1024);
            nal.put_u8((indicator & REF_IDC) | (header & TYPE));
            self.fragments = Some(nal);
        }
        let nal = self.fragments.as_mut().ok_or(DepacketizeError::Fragment)?;
        if nal_type(nal) != header & TYPE {
            return Err(DepacketizeError::Fragment);
        }
        nal.put_slice(body);
        if header & FU_END != 0 {
            self.nals.extend(self.fragments.take().map(BytesMut::freeze));
        }
        Ok(())
    }
}

/// Whether a decoder could begin here: at parameter sets or an IDR slice.
pub fn begins_keyframe(payload: &[u8]) -> bool {
    let unit = |at: usize| payload.get(at).map(|byte| byte & TYPE);
    let first = match unit(0) {
        // Behind its header and a length, and the type of what is cut.
        Some(STAP_A) => unit(3),
        Some(FU_A) => unit(1),
        single => single,
    };
    matches!(first, Some(NAL_IDR | NAL_SPS | NAL_PPS))
}

/// Whether a payload can be the first of an access unit.
pub fn can_start(payload: &[u8]) -> bool {
    nal_type(payload) != FU_A || payload.get(1).is_some_and(|header| header & FU_START != 0)
}

#[cfg(test)]
mod tests {
    use rtp::codec::h264::H264Packet;
    use rtp::packetizer::Depacketizer as _;

    use super::*;
    use crate::media::{Clip, ClipSize, Codec, join_nals};

    #[test]
    fn every_access_unit_comes_back_whole() {
        let clip = Clip::embedded(Codec::H264, ClipSize::Large).unwrap();
        let mut depacketizer = Depacketizer::default();
        for index in 0..u16::try_from(clip.len()).unwrap() {
            let unit = &clip.frame(index).unwrap().body;
            let payloads = payloads(unit, 1_170);
            assert!(can_start(&payloads[0]) && payloads.iter().all(|payload| payload.len() <= 1_170));
            let mut theirs = H264Packet::default();
            theirs.is_avc = true;
            let mut assembled = Vec::new();
            for payload in &payloads {
                depacketizer.push(payload).unwrap();
                assembled.extend_from_slice(&theirs.depacketize(payload).unwrap());
            }
            let nals = depacketizer.finish().unwrap();
            assert_eq!(&join_nals(nals.iter().map(AsRef::as_ref)), unit);
            assert_eq!(&assembled, unit, "another depacketizer reads the same");
        }
    }

    #[test]
    fn a_missing_fragment_is_an_error() {
        let clip = Clip::embedded(Codec::H264, ClipSize::Large).unwrap();
        let payloads = payloads(&clip.frame(3).unwrap().body, 1_170);
        let mut without_first = Depacketizer::default();
        assert_eq!(without_first.push(&payloads[1]), Err(DepacketizeError::Fragment));
        let mut without_last = Depacketizer::default();
        for payload in &payloads[..payloads.len() - 1] {
            without_last.push(payload).unwrap();
        }
        assert_eq!(without_last.finish(), Err(DepacketizeError::Fragment));
        assert!(!can_start(&payloads[1]));
    }
}

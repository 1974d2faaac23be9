//! Everything that a lean publisher sends: its tracks from the moment it is connected, and what feedback makes of them.

use std::time::Instant;

use bytes::Bytes;
use rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::receiver_report::ReceiverReport;
use rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtp::Packet;
use shared::marshal::Marshal;

use super::counts::Counts;
use super::description::StampIds;
use super::feedback;
use super::keys::Keys;
use super::sender::{Sender, SenderPlan};

/// A publisher's tracks.
#[derive(Debug)]
pub struct Outgoing {
    plans: Vec<SenderPlan>,
    agreed: StampIds,
    senders: Vec<Sender>,
    packets: Vec<Packet>,
    /// Id of the transport-wide sequence number, and the next one.
    transport: Option<(u8, u16)>,
}

impl Outgoing {
    /// Tracks that begin with the first call of [`Self::handle_timeout`].
    pub fn new(plans: Vec<SenderPlan>, agreed: StampIds, transport_cc: Option<u8>) -> Self {
        let transport = transport_cc.map(|id| (id, 0));
        Self { plans, agreed, senders: Vec::new(), packets: Vec::new(), transport }
    }

    /// When the next frame is due; `None` for who sends nothing, or has not begun.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.senders.iter().map(Sender::poll_timeout).min()
    }

    /// Makes the packets that are due.
    pub fn handle_timeout(&mut self, now: Instant, counts: &mut Counts) {
        self.begin(now);
        let before = self.packets.len();
        self.senders.iter_mut().for_each(|sender| sender.handle_timeout(now, &mut self.packets));
        counts.sent += u64::try_from(self.packets.len() - before).unwrap_or(0);
        counts.resumed += self.senders.iter_mut().map(|sender| std::mem::take(&mut sender.resumed)).sum::<u64>();
    }

    fn begin(&mut self, now: Instant) {
        let mut sections = 0;
        for plan in self.plans.drain(..) {
            sections += usize::from(plan.ids.begins_section());
            self.senders.push(Sender::new(now, plan, sections.saturating_sub(1), self.agreed));
        }
    }

    /// One packet of feedback about our tracks.
    pub fn on_feedback(&mut self, packet: &dyn rtcp::Packet, counts: &mut Counts) {
        let about = packet.destination_ssrc();
        if packet.as_any().is::<ReceiverReport>() {
            self.senders.iter_mut().filter(|it| about.contains(&it.ids.ssrc)).for_each(Sender::on_reception);
            return;
        }
        let Some(sender) = self.senders.iter_mut().find(|sender| about.contains(&sender.ids.ssrc)) else { return };
        let packet = packet.as_any();
        if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
            let before = self.packets.len();
            counts.nacks_in += 1;
            sender.on_nack(nack.nacks.iter().flat_map(|pair| pair.packet_list()), &mut self.packets);
            counts.resent += u64::try_from(self.packets.len() - before).unwrap_or(0);
        } else if packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>() {
            counts.plis_in += 1;
            let encoding = sender.ids.encoding;
            sender.on_keyframe_request();
            if encoding.is_some() {
                // As libwebrtc does: a keyframe of one encoding is one of all.
                self.senders.iter_mut().filter(|it| it.ids.encoding.is_some()).for_each(Sender::on_keyframe_request);
            }
        }
    }

    /// Appends a sender report of each track.
    pub fn report(&self, now: Instant, out: &mut Vec<u8>) {
        self.senders.iter().for_each(|sender| feedback::append(out, &sender.report(now)));
    }

    /// What is to be sent, sealed.
    pub fn poll(&mut self, keys: &mut Keys) -> Vec<Bytes> {
        let transport = &mut self.transport;
        let seal = |mut packet: Packet| {
            if let Some((id, number)) = transport {
                packet.header.set_extension(*id, Bytes::copy_from_slice(&number.to_be_bytes())).ok()?;
                *number = number.wrapping_add(1);
            }
            Some(keys.seal_rtp(&packet.marshal().ok()?)?.freeze())
        };
        self.packets.drain(..).filter_map(seal).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rtcp::reception_report::ReceptionReport;
    use rtcp::transport_feedbacks::transport_layer_nack::NackPair;

    use super::super::sender::SenderPlan;
    use super::*;
    use crate::client::PublishedTrack;
    use crate::media::mark::PublisherTag;
    use crate::media::{Clip, ClipSize, Codec};

    const AGREED: StampIds = StampIds { mid: Some(4), rid: Some(10), repaired_rid: Some(11), audio_level: Some(1) };

    /// A microphone, and a camera of two encodings behind it.
    fn outgoing() -> Outgoing {
        let plan = |codec, size, tag| {
            let clip = Arc::new(Clip::embedded(codec, size).unwrap());
            SenderPlan::new(Arc::new(PublishedTrack::new(PublisherTag(tag), clip)), u64::from(tag))
        };
        let plans = vec![
            plan(Codec::Opus, ClipSize::Small, 1),
            plan(Codec::Vp8, ClipSize::Tiny, 2).of_simulcast(0),
            plan(Codec::Vp8, ClipSize::Small, 3).of_simulcast(1),
        ];
        Outgoing::new(plans, AGREED, None)
    }

    fn sent(outgoing: &mut Outgoing, now: Instant) -> Vec<Packet> {
        outgoing.handle_timeout(now, &mut Counts::default());
        outgoing.packets.drain(..).collect()
    }

    fn stamps(packet: &Packet) -> [Option<Bytes>; 4] {
        [4, 10, 11, 1].map(|id| packet.header.get_extension(id))
    }

    #[test]
    fn packets_name_their_stream_until_a_report_covers_it() {
        let (mut outgoing, start) = (outgoing(), Instant::now());
        let first = sent(&mut outgoing, start);
        let name = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
        let level = stamps(&first[0])[3].clone();
        assert!(level.is_some());
        assert_eq!(stamps(&first[0]), [name("0"), None, None, level]);
        assert_eq!(stamps(&first[1]), [name("1"), name("q"), None, None]);
        let last = first.last().unwrap();
        assert_eq!(stamps(last), [name("1"), name("h"), None, None]);

        let ids = outgoing.senders[2].ids;
        let report = ReceptionReport { ssrc: ids.ssrc, ..ReceptionReport::default() };
        let report = ReceiverReport { reports: vec![report], ..ReceiverReport::default() };
        outgoing.on_feedback(&report, &mut Counts::default());
        let next = sent(&mut outgoing, start + Duration::from_millis(40));
        let of = |ssrc: u32| next.iter().find(|packet| packet.header.ssrc == ssrc).unwrap();
        assert_eq!(stamps(of(ids.ssrc)), [None, None, None, None]);
        assert_eq!(stamps(of(outgoing.senders[1].ids.ssrc))[1], name("q"));

        let nacks = vec![NackPair::new(last.header.sequence_number)];
        let nack = TransportLayerNack { sender_ssrc: 1, media_ssrc: ids.ssrc, nacks };
        outgoing.on_feedback(&nack, &mut Counts::default());
        let repeat = outgoing.packets.pop().unwrap();
        assert_eq!((Some(repeat.header.ssrc), stamps(&repeat)), (ids.rtx, [name("1"), None, name("h"), None]));
    }

    #[test]
    fn a_keyframe_of_one_encoding_is_one_of_all() {
        let (mut outgoing, start) = (outgoing(), Instant::now());
        sent(&mut outgoing, start);
        let pli = PictureLossIndication { sender_ssrc: 1, media_ssrc: outgoing.senders[2].ids.ssrc };
        outgoing.on_feedback(&pli, &mut Counts::default());
        let packets = sent(&mut outgoing, start + Duration::from_millis(333));
        let cameras = outgoing.senders.iter().filter(|sender| sender.ids.encoding.is_some());
        for sender in cameras {
            let of = |packet: &&Packet| packet.header.ssrc == sender.ids.ssrc;
            let keyframes =
                packets.iter().filter(of).filter(|it| crate::packetize::begins_keyframe(Codec::Vp8, &it.payload));
            assert_eq!(keyframes.count(), 1, "{:?}", sender.ids);
        }
    }
}

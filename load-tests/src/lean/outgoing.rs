//! Everything that a lean publisher sends: its tracks from the moment it is connected, and what feedback makes of them.

use std::time::Instant;

use bytes::Bytes;
use rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtp::Packet;
use shared::marshal::Marshal;

use super::counts::Counts;
use super::feedback;
use super::keys::Keys;
use super::sender::{Sender, SenderPlan};

/// A publisher's tracks.
#[derive(Debug)]
pub struct Outgoing {
    plans: Vec<SenderPlan>,
    senders: Vec<Sender>,
    packets: Vec<Packet>,
}

impl Outgoing {
    /// Tracks that begin with the first call of [`Self::handle_timeout`].
    pub fn new(plans: Vec<SenderPlan>) -> Self {
        Self { plans, senders: Vec::new(), packets: Vec::new() }
    }

    /// When the next frame is due; `None` for who sends nothing, or has not begun.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.senders.iter().map(Sender::poll_timeout).min()
    }

    /// Makes the packets that are due.
    pub fn handle_timeout(&mut self, now: Instant, counts: &mut Counts) {
        self.senders.extend(self.plans.drain(..).map(|plan| Sender::new(now, plan)));
        let before = self.packets.len();
        self.senders.iter_mut().for_each(|sender| sender.handle_timeout(now, &mut self.packets));
        counts.sent += u64::try_from(self.packets.len() - before).unwrap_or(0);
    }

    /// One packet of feedback about our tracks.
    pub fn on_feedback(&mut self, packet: &dyn rtcp::Packet, counts: &mut Counts) {
        let about = packet.destination_ssrc();
        let Some(sender) = self.senders.iter_mut().find(|sender| about.contains(&sender.ids.ssrc)) else { return };
        let packet = packet.as_any();
        if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
            let before = self.packets.len();
            counts.nacks_in += 1;
            sender.on_nack(nack.nacks.iter().flat_map(|pair| pair.packet_list()), &mut self.packets);
            counts.resent += u64::try_from(self.packets.len() - before).unwrap_or(0);
        } else if packet.is::<PictureLossIndication>() || packet.is::<FullIntraRequest>() {
            counts.plis_in += 1;
            sender.on_keyframe_request();
        }
    }

    /// Appends a sender report of each track.
    pub fn report(&self, now: Instant, out: &mut Vec<u8>) {
        self.senders.iter().for_each(|sender| feedback::append(out, &sender.report(now)));
    }

    /// What is to be sent, sealed.
    pub fn poll(&mut self, keys: &mut Keys) -> Vec<Bytes> {
        let seal = |packet: Packet| Some(keys.seal_rtp(&packet.marshal().ok()?)?.freeze());
        self.packets.drain(..).filter_map(seal).collect()
    }
}

//! What a peer says about itself, made into events: the clock of its streams (SR), the end of one (BYE), and what it
//! believes it can receive (REMB).

use std::time::Instant;

use super::event::ControlEvent;
use super::stage::{Outbox, Stage};
use crate::rtcp::Message;

/// The interceptor's stage.
pub(super) struct Notices;

impl Stage for Notices {
    fn handle_rtcp(&mut self, _now: Instant, message: &Message<'_>, out: &mut Outbox) {
        match *message {
            Message::SenderReport { ssrc, ntp, rtp, .. } => out.event(ControlEvent::SenderClock { ssrc, ntp, rtp }),
            Message::Goodbye { sources } => sources.iter().for_each(|ssrc| out.event(ControlEvent::Bye { ssrc })),
            Message::Remb { bitrate_bps } => out.event(ControlEvent::Remb { bitrate_bps }),
            Message::ReceiverReport { .. }
            | Message::Nack { .. }
            | Message::PictureLoss { .. }
            | Message::FullIntra { .. } => {}
        }
    }
}

//! What one part of a control path does with what passes, and where it puts what comes of it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::config::{Arrival, RemoteStream};
use super::counters::ControlCounters;
use super::event::{Control, ControlEvent, ReceptionReport};
use super::outgoing;
use crate::id::Ssrc;
use crate::limits::CONTROL_EVENTS_MAX;
use crate::rtcp::Message;

/// One of our interceptors; everything has a default of "nothing".
pub(super) trait Stage {
    /// An RTP packet arrived from the peer.
    fn handle_arrival(&mut self, _now: Instant, _arrival: &Arrival, _out: &mut Outbox) {}
    /// An RTCP packet arrived from the peer.
    fn handle_rtcp(&mut self, _now: Instant, _message: &Message<'_>, _out: &mut Outbox) {}
    /// The application says something.
    fn handle_control(&mut self, _now: Instant, _control: &Control, _out: &mut Outbox) {}
    /// Time has passed.
    fn handle_timeout(&mut self, _now: Instant, _out: &mut Outbox) {}
    /// When `handle_timeout` is due next.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
    fn bind_remote(&mut self, _stream: &RemoteStream) {}
    fn unbind_remote(&mut self, _ssrc: Ssrc) {}
    fn bind_local(&mut self, _ssrc: Ssrc) {}
    fn unbind_local(&mut self, _ssrc: Ssrc) {}
}

/// What the stages emit, and count.
#[derive(Default)]
pub(super) struct Outbox {
    events: VecDeque<ControlEvent>,
    /// Packets that belong together.
    messages: VecDeque<Vec<Box<dyn ::rtcp::Packet>>>,
    /// Reports as they are sent, back to back, and the end of each.
    reports: Vec<u8>,
    report_ends: Vec<usize>,
    pub(super) counters: ControlCounters,
    /// Smoothed, as reception reports tell it.
    pub(super) round_trip: Option<Duration>,
}

impl Outbox {
    /// Tells the application.
    pub(super) fn event(&mut self, event: ControlEvent) {
        if let ControlEvent::Reception(ReceptionReport { round_trip: Some(sample), .. }) = event {
            self.round_trip = Some(self.round_trip.map_or(sample, |smoothed| (smoothed * 7 + sample) / 8));
        }
        if self.events.len() >= CONTROL_EVENTS_MAX {
            self.counters.events_shed += 1;
            return;
        }
        // One event is all that is usual here: a queue that starts at the library's four costs more than what it holds.
        self.events.reserve_exact(1);
        self.events.push_back(event);
    }

    /// Sends to the peer, in one datagram; our SSRC is put in as the sender's.
    pub(super) fn send(&mut self, packets: Vec<Box<dyn ::rtcp::Packet>>) {
        self.messages.reserve_exact(1);
        self.messages.push_back(packets);
    }

    /// Sends a report, which is written behind others; it stays in one datagram.
    pub(super) fn report(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.reports);
        self.report_ends.push(self.reports.len());
    }

    pub(super) fn poll_event(&mut self) -> Option<ControlEvent> {
        self.events.pop_front()
    }

    /// Puts all that is to be sent into datagrams, and what the library's interceptors send before it.
    pub(super) fn pack(
        &mut self,
        theirs: impl Iterator<Item = Vec<Box<dyn ::rtcp::Packet>>>,
        local: Ssrc,
        datagrams: &mut VecDeque<Vec<u8>>,
    ) {
        let begins = std::iter::once(&0).chain(&self.report_ends);
        let reports = begins.zip(&self.report_ends).filter_map(|(begin, end)| self.reports.get(*begin..*end));
        let messages = theirs.chain(self.messages.drain(..));
        outgoing::pack(messages, reports, local, &mut self.counters, datagrams);
        self.reports.clear();
        self.report_ends.clear();
    }
}

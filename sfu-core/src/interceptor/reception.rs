//! What a publisher is told of what came: receiver reports and transport-wide feedback, by the library's interceptors. They are
//! driven one by one and not through the library's chain, which allocates for each packet that passes it.

use std::time::{Duration, Instant};

use ::interceptor::{
    AttributedPacket, Interceptor, Packet, ReceiverReportBuilder, ReceiverReportInterceptor, TaggedPacket,
    TwccReceiverBuilder, TwccReceiverInterceptor,
};
use ::rtp::header::{EXTENSION_PROFILE_ONE_BYTE, Extension, Header};
use bytes::BytesMut;
use sansio::Protocol;
use shared::TransportContext;
use shared::error::Error;

use super::config::{Arrival, RemoteStream, named, transport_wide_info};
use crate::id::Ssrc;

/// Time between transport-wide feedbacks. Senders' estimators are made for 50 to 250 ms.
const TRANSPORT_CC_INTERVAL: Duration = Duration::from_millis(100);
/// Time between receiver reports (RFC 3550 §6.2 allows less than its 5 s to fast links; browsers use 1 s).
const RECEIVER_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Both interceptors, and what an arrival is described to them with, used again and again.
pub(super) struct Reception {
    reports: ReceiverReportInterceptor,
    transport: Option<Transport>,
}

/// Transport-wide feedback, where it is agreed on.
struct Transport {
    interceptor: TwccReceiverInterceptor,
    id: u8,
    extensions: Vec<Extension>,
    number: BytesMut,
}

impl Reception {
    /// With the id under which transport-wide sequence numbers are found, where they are agreed on.
    pub(super) fn new(transport_cc: Option<u8>) -> Self {
        let transport = transport_cc.map(|id| {
            let mut interceptor = TwccReceiverBuilder::new().with_interval(TRANSPORT_CC_INTERVAL).build();
            // One binding for every SSRC of the transport.
            interceptor.bind_remote_stream(&transport_wide_info(id));
            Transport { interceptor, id, extensions: Vec::new(), number: BytesMut::new() }
        });
        let reports = ReceiverReportBuilder::new().with_interval(RECEIVER_REPORT_INTERVAL).build();
        Self { reports, transport }
    }

    /// A stream that is to be reported on.
    pub(super) fn bind(&mut self, stream: &RemoteStream) {
        self.reports.bind_remote_stream(&stream.info());
    }

    /// It is gone.
    pub(super) fn unbind(&mut self, ssrc: Ssrc) {
        self.reports.unbind_remote_stream(&named(ssrc));
    }

    /// An RTP packet arrived.
    pub(super) fn handle_arrival(&mut self, now: Instant, arrival: &Arrival) -> Result<(), Error> {
        let mut header = Header {
            version: 2,
            sequence_number: arrival.sequence.0,
            timestamp: arrival.timestamp.0,
            ssrc: arrival.ssrc.0,
            ..Header::default()
        };
        if let Some(transport) = &mut self.transport {
            header.extensions = std::mem::take(&mut transport.extensions);
            if let Some(number) = arrival.transport_sequence {
                transport.number.extend_from_slice(&number.to_be_bytes());
                let payload = transport.number.split().freeze();
                header.extension = true;
                header.extension_profile = EXTENSION_PROFILE_ONE_BYTE;
                header.extensions.push(Extension { id: transport.id, payload });
            }
        }
        let mut packet = tagged(now, Packet::Rtp(::rtp::Packet { header, ..::rtp::Packet::default() }));
        self.reports.handle_read(packet)?;
        let Some(passed) = self.reports.poll_read() else { return Ok(()) };
        packet = passed;
        if let Some(transport) = &mut self.transport {
            transport.interceptor.handle_read(packet)?;
            if let Some(Packet::Rtp(passed)) = transport.interceptor.poll_read().map(|passed| passed.message.packet) {
                transport.extensions = passed.header.extensions;
                transport.extensions.clear();
            }
        }
        Ok(())
    }

    /// A sender report came.
    pub(super) fn handle_sender_report(&mut self, now: Instant, ssrc: Ssrc, ntp: u64) -> Result<(), Error> {
        let report = ::rtcp::sender_report::SenderReport { ssrc: ssrc.0, ntp_time: ntp, ..Default::default() };
        self.reports.handle_read(tagged(now, Packet::Rtcp(vec![Box::new(report)])))?;
        while self.reports.poll_read().is_some() {}
        Ok(())
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.reports.handle_timeout(now)?;
        self.transport.as_mut().map_or(Ok(()), |transport| transport.interceptor.handle_timeout(now))
    }

    pub(super) fn poll_timeout(&mut self) -> Option<Instant> {
        let transport = self.transport.as_mut().and_then(|transport| transport.interceptor.poll_timeout());
        [self.reports.poll_timeout(), transport].into_iter().flatten().min()
    }

    /// The next packets for the peer.
    pub(super) fn poll_message(&mut self) -> Option<Vec<Box<dyn ::rtcp::Packet>>> {
        let transport = |it: &mut Self| it.transport.as_mut().and_then(|transport| transport.interceptor.poll_write());
        let message = self.reports.poll_write().or_else(|| transport(self))?;
        match message.message.packet {
            Packet::Rtcp(packets) => Some(packets),
            _ => None,
        }
    }
}

/// A packet of the library's; where it came from is the transport's business, not an interceptor's.
fn tagged(now: Instant, packet: Packet) -> TaggedPacket {
    TaggedPacket { now, transport: TransportContext::default(), message: AttributedPacket::new(packet) }
}

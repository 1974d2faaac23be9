//! Every metric of the server, declared here: `sfu_<thing>_<unit>[_total]`, base units, no label without a bound. Counters get
//! their `_total` when written.

mod auth;
mod sample;
mod signal;

pub use auth::AuthMetrics;
pub use sample::Sample;
pub use signal::{Shed, SignalMetrics};

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use sfu_core::stats::{InboundRtp, ShardStats, SlotState, SwitchState};

use crate::media::Counts;

/// Upper bounds of the request histogram, seconds: an answer takes about a millisecond, a stuck shard five seconds.
const REQUEST_SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

/// Metrics that are counted as things happen.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    /// HTTP connections that are open.
    pub connections: Gauge,
    /// HTTP connections closed at once because too many were open.
    pub connections_refused: Counter,
    /// Handshakes of TLS that failed, or took too long.
    pub tls_handshakes_failed: Counter,
    pub signal: SignalMetrics,
    pub auth: AuthMetrics,
}

impl Metrics {
    pub fn new() -> Self {
        let requests = Family::default();
        let histogram: fn() -> Histogram = || Histogram::new(REQUEST_SECONDS);
        let request_seconds = Family::new_with_constructor(histogram);
        let mut registry = Registry::default();
        registry.register("sfu_http_requests", "HTTP requests by route and status", Family::clone(&requests));
        registry.register(
            "sfu_http_request_duration_seconds",
            "Time from a request's head to its response's head",
            Family::clone(&request_seconds),
        );
        let connections = Gauge::default();
        registry.register("sfu_http_connections", "HTTP connections that are open", Gauge::clone(&connections));
        let connections_refused = Counter::default();
        let tls_handshakes_failed = Counter::default();
        registry.register(
            "sfu_tls_handshakes_failed",
            "TLS handshakes of HTTPS that failed, or took too long",
            Counter::clone(&tls_handshakes_failed),
        );
        registry.register(
            "sfu_http_connections_refused",
            "HTTP connections closed at once because too many were open",
            Counter::clone(&connections_refused),
        );
        let signal = SignalMetrics::default();
        signal.register(&mut registry);
        let auth = AuthMetrics::default();
        auth.register(&mut registry);
        Self {
            registry,
            requests,
            request_seconds,
            connections,
            connections_refused,
            tls_handshakes_failed,
            signal,
            auth,
        }
    }

    /// Counts a request that was answered.
    pub fn count_request(&self, method: &Method, route: String, status: StatusCode, took: Duration) {
        let labels = RequestLabels { method: bounded(method), route: route.clone(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabel { route }).observe(took.as_secs_f64());
    }

    /// Everything as OpenMetrics text.
    pub fn encode(&self, sample: Sample) -> Result<String, fmt::Error> {
        let mut sampled = Registry::default();
        sampled.register_collector(Box::new(sample));
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &sampled)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Clients may invent methods; labels may not be theirs.
fn bounded(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Gauges of the whole process.
pub(super) const ROOMS: (&str, &str) = ("sfu_rooms", "Rooms with at least one participant");
pub(super) const PUBLISHERS: (&str, &str) = ("sfu_publishers", "Live WHIP resources");
pub(super) const VIEWERS: (&str, &str) = ("sfu_viewers", "Live WHEP resources");
pub(super) const DRAINING: (&str, &str) = ("sfu_draining", "1 while the server shuts down");
pub(super) const TASKS: (&str, &str) = ("sfu_tasks", "Tasks of the control plane that live");
/// Gauge of a shard thread.
pub(super) const SHARD_UP: (&str, &str) = ("sfu_shard_up", "1 while the media thread turns its loop");

/// Share of time in which a shard thread does not sleep, and its time on a processor.
pub(super) const SHARD_BUSY: (&str, &str) =
    ("sfu_shard_busy_ratio", "Share of the last second in which the media thread did not sleep");
pub(super) const SHARD_CPU: (&str, &str) = ("sfu_shard_cpu_seconds", "Processor time of the media thread");

/// Name, help and value of a counter.
pub(super) type Row<T> = (&'static str, &'static str, fn(&T) -> u64);

/// Counters of the shard threads' sockets.
pub(super) const SOCKETS: &[Row<Counts>] = &[
    ("sfu_udp_received_datagrams", "UDP datagrams received", |c| load(&c.received_datagrams)),
    ("sfu_udp_received_bytes", "UDP payload bytes received", |c| load(&c.received_bytes)),
    ("sfu_udp_receives", "System calls that received datagrams", |c| load(&c.receives)),
    ("sfu_udp_sent_datagrams", "UDP datagrams sent", |c| load(&c.sent_datagrams)),
    ("sfu_udp_sent_bytes", "UDP payload bytes sent", |c| load(&c.sent_bytes)),
    ("sfu_udp_sends", "System calls that sent datagrams", |c| load(&c.sends)),
    ("sfu_udp_send_errors", "Sends that the kernel refused", |c| load(&c.send_errors)),
    ("sfu_udp_send_dropped_datagrams", "Datagrams dropped because a socket stayed full", |c| load(&c.send_dropped)),
    ("sfu_udp_offload_failures", "Batches sent singly because segmentation offload failed", |c| load(&c.gso_fallbacks)),
    ("sfu_tcp_accepted_connections", "Media connections taken in", |c| load(&c.tcp_accepted)),
    ("sfu_tcp_closed_connections", "Media connections closed, by whomever", |c| load(&c.tcp_closed)),
    ("sfu_tcp_refused_connections", "Media connections refused because there were too many", |c| load(&c.tcp_refused)),
    ("sfu_tcp_stranger_connections", "Media connections closed because they belonged to nobody here", |c| {
        load(&c.tcp_strangers)
    }),
    ("sfu_tcp_malformed_connections", "Media connections closed because of a frame that was too long", |c| {
        load(&c.tcp_frames_too_long)
    }),
    ("sfu_tcp_silent_connections", "Media connections closed because nothing came any more", |c| load(&c.tcp_silent)),
    ("sfu_tcp_received_datagrams", "Datagrams received over TCP", |c| load(&c.tcp_received_datagrams)),
    ("sfu_tcp_received_bytes", "Bytes received over TCP", |c| load(&c.tcp_received_bytes)),
    ("sfu_tcp_sent_bytes", "Bytes sent over TCP", |c| load(&c.tcp_sent_bytes)),
    ("sfu_tcp_sends", "System calls that sent something over TCP", |c| load(&c.tcp_sends)),
    ("sfu_tcp_dropped_sends", "Sends over TCP dropped because the connection was full, or gone", |c| {
        load(&c.tcp_send_dropped)
    }),
];

/// Counters of the shards themselves.
pub(super) const CORE_COUNTERS: &[Row<ShardStats>] = &[
    ("sfu_unaddressed_datagrams", "Datagrams for nobody here", |s| s.counters.datagrams_unaddressed),
    ("sfu_rtp_received_packets", "Authentic RTP packets received", |s| s.counters.rtp_packets_received),
    ("sfu_rtp_sent_packets", "RTP packets sent to subscribers, repeats included", |s| s.counters.rtp_packets_sent),
    ("sfu_rtp_sent_bytes", "UDP payload bytes of RTP sent to subscribers", |s| s.counters.rtp_bytes_sent),
    ("sfu_rtp_padded_packets", "RTP packets padded to the size of those beside them", |s| {
        s.counters.rtp_packets_padded
    }),
    ("sfu_rtp_malformed_packets", "Authentic RTP packets that could not be parsed", |s| s.counters.rtp_malformed),
    ("sfu_rtp_unroutable_packets", "RTP packets of no agreed track or format", |s| s.counters.rtp_unroutable),
    ("sfu_rtp_padding_packets", "Padding that publishers probe with", |s| s.counters.rtp_padding),
    ("sfu_rtcp_received_packets", "RTCP packets received", |s| s.counters.rtcp_packets_received),
    ("sfu_feedback_arrived_packets", "Packets that viewers reported as arrived", |s| s.counters.transport_cc_received),
    ("sfu_probe_packets", "Packets of nothing but padding, sent to find out what links carry", |s| {
        s.counters.probe_packets_sent
    }),
    ("sfu_feedback_missing_packets", "Packets that viewers reported as missing", |s| s.counters.transport_cc_missing),
    ("sfu_rtcp_sent_packets", "RTCP packets sent", |s| s.counters.rtcp_packets_sent),
    ("sfu_transmits", "Batches handed to the sockets", |s| s.counters.transmits),
    ("sfu_relay_sent_packets", "Copies of packets given to other shards of a room", |s| s.counters.relay_packets_sent),
    ("sfu_relay_received_packets", "Copies of packets taken from other shards", |s| s.counters.relay_packets_received),
    ("sfu_relay_dropped_packets", "Packets that another shard was too slow to take a copy of", |s| {
        s.counters.relay_packets_dropped
    }),
    ("sfu_relay_restarts", "Times that another shard was so far behind that it was told everything anew", |s| {
        s.counters.relay_restarts
    }),
    ("sfu_rings_shrunk", "Rings made smaller because all took more memory than they may", |s| s.counters.rings_shrunk),
    ("sfu_encodings_switched_off", "Times that a publisher was told not to send an encoding that nobody wants", |s| {
        s.counters.encodings_switched_off
    }),
    ("sfu_encodings_switched_on", "Times that a publisher was told to send such an encoding again", |s| {
        s.counters.encodings_switched_on
    }),
    ("sfu_refused_packets", "Packets of publishers refused because they were above a cap", |s| {
        s.counters.packets_refused
    }),
    ("sfu_refused_bytes", "UDP payload bytes of those", |s| s.counters.bytes_refused),
    ("sfu_streams_blocked", "Times that a TCP connection took no more and media waited", |s| {
        s.counters.streams_blocked
    }),
    ("sfu_streams_closed", "TCP connections that ended under their participant", |s| s.counters.streams_closed),
    ("sfu_panics", "Faults of the server's own, each the end of one transport", |s| s.counters.panics_caught),
    ("sfu_transports_opened", "Transports made", |s| s.counters.transports_opened),
    ("sfu_transports_closed", "Transports ended", |s| s.counters.transports_closed),
    ("sfu_transports_refused", "Offers refused", |s| s.counters.transports_refused),
    ("sfu_inbound_packets", "Packets of published encodings", |s| s.encodings.packets_received),
    ("sfu_inbound_bytes", "Payload bytes of published encodings", |s| s.encodings.bytes_received),
    ("sfu_inbound_repaired_packets", "Repeats received from publishers", |s| {
        s.encodings.retransmitted_packets_received
    }),
    ("sfu_inbound_duplicate_packets", "Packets received twice", |s| s.encodings.packets_duplicated),
    ("sfu_inbound_discarded_packets", "Packets too old to be of use", |s| s.encodings.packets_discarded),
    ("sfu_inbound_frames", "Frames of published encodings", |s| s.encodings.frames_received),
    ("sfu_inbound_keyframes", "Keyframes of published encodings", |s| s.encodings.key_frames_received),
    ("sfu_outbound_packets", "Packets sent through slots, without repeats", |s| s.slots.packets_sent),
    ("sfu_outbound_bytes", "Payload bytes sent through slots", |s| s.slots.bytes_sent),
    ("sfu_outbound_repeated_packets", "Repeats sent to subscribers", |s| s.slots.retransmitted_packets_sent),
    ("sfu_outbound_refused_repeats", "Repeats asked for that could not be sent", |s| s.slots.repeats_refused),
    ("sfu_outbound_nacks", "NACKs of subscribers", |s| s.slots.nack_count),
    ("sfu_outbound_keyframe_requests", "PLIs of subscribers", |s| s.slots.pli_count),
    ("sfu_outbound_skips", "Times a slow subscriber was moved on", |s| s.slots.skips),
    ("sfu_outbound_codec_mismatches", "Packets in a format that a slot did not agree to", |s| s.slots.codec_mismatches),
    ("sfu_outbound_packets_left_out", "Packets of frames left out to send less", |s| s.slots.packets_left_out),
    ("sfu_outbound_late_packets", "Packets too late to be sent under their number", |s| s.slots.late_packets),
    ("sfu_outbound_switches", "Changes of the encoding behind a slot", |s| s.slots.switches),
    ("sfu_data_received_messages", "Messages of data channels received", |s| s.data.messages_received),
    ("sfu_data_received_bytes", "Bytes of those messages", |s| s.data.bytes_received),
    ("sfu_data_sent_messages", "Messages of data channels sent, echoes included", |s| s.data.messages_sent),
    ("sfu_data_sent_bytes", "Bytes of those messages", |s| s.data.bytes_sent),
    ("sfu_data_undelivered_messages", "Messages for participants who opened no channel", |s| {
        s.counters.data_undelivered
    }),
    ("sfu_data_unheard_messages", "Messages on data channels that nobody listens to", |s| s.counters.data_unheard),
    ("sfu_data_not_agreed_packets", "SCTP packets of clients that did not offer data channels", |s| {
        s.counters.data_not_agreed
    }),
];

/// Gauges of the shards themselves.
pub(super) const CORE_GAUGES: &[Row<ShardStats>] = &[
    ("sfu_transports", "Transports that live", |s| size(s.transports.len())),
    ("sfu_transports_connected", "Transports that media can flow over", |s| {
        size(s.transports.iter().filter(|transport| transport.connected).count())
    }),
    ("sfu_encodings", "Encodings that are published", |s| size(s.inbound.len())),
    ("sfu_encodings_off", "Encodings that their publishers do not send because nobody wants them", |s| {
        size(s.inbound.iter().filter(|encoding| encoding.switch == SwitchState::Off { heeded: true }).count())
    }),
    ("sfu_publish_saved_bits_per_second", "What those would cost by what they cost last", |s| {
        s.inbound.iter().map(InboundRtp::saved_bps).sum()
    }),
    (
        "sfu_inbound_missing_packets",
        "Packets of published encodings that have not come; a repeat takes one away",
        |s| s.encodings.packets_lost(),
    ),
    ("sfu_ring_bytes", "Memory of the packets kept for subscribers", |s| {
        size(s.inbound.iter().map(|encoding| encoding.ring_bytes).sum())
    }),
    ("sfu_slots", "Slots of subscribers", |s| size(s.outbound.len())),
    ("sfu_slots_live", "Slots that carry media", |s| {
        size(s.outbound.iter().filter(|slot| slot.state == SlotState::Live).count())
    }),
    ("sfu_timers", "Timers that are set", |s| size(s.timers)),
];

/// Counters that the core names itself: name, help, label, and the named values.
pub(super) const CORE_NAMED: &[(&str, &str, &str, Named)] = &[
    ("sfu_udp_batched_datagrams", "UDP datagrams to send, by how many leave in one send with them", "batch", |s| {
        s.counters.batches.named().collect()
    }),
    ("sfu_dropped_datagrams", "Datagrams dropped by a transport, by reason", "reason", |s| {
        s.transport.named().collect()
    }),
    (
        "sfu_data_events",
        "Associations, channels, packets and messages of data channels, by what became of them",
        "event",
        |s| s.data.events().collect(),
    ),
    ("sfu_feedback_events", "RTCP feedback towards publishers and from subscribers", "event", |s| {
        s.control.named().collect()
    }),
];

/// Reads a group of counters with their names.
pub(super) type Named = fn(&ShardStats) -> Vec<(&'static str, u64)>;

fn size(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

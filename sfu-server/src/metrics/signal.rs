//! What signalling counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::signal::wire::ErrorCode;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TypeLabel {
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// What a limit kept out or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shed {
    /// A socket beyond the limits.
    Socket,
    /// A socket that did not join in time.
    NoJoin,
    /// A socket that was not heard of.
    PingTimeout,
    /// A participant that said too much.
    Flood,
    /// A socket that did not read.
    SlowReader,
    /// An event for data channels that their shard could not queue, and that went by socket.
    Event,
}

impl Shed {
    fn reason(self) -> &'static str {
        match self {
            Self::Socket => "socket_refused",
            Self::NoJoin => "no_join",
            Self::PingTimeout => "ping_timeout",
            Self::Flood => "flood",
            Self::SlowReader => "slow_reader",
            Self::Event => "event",
        }
    }
}

/// Counters and gauges of signalling.
#[derive(Debug, Default)]
pub struct SignalMetrics {
    /// WebSockets that are open.
    pub sockets: Gauge,
    /// Participants by socket, absent ones among them.
    pub participants: Gauge,
    received: Family<TypeLabel, Counter>,
    /// Messages queued for sockets.
    pub messages_sent: Counter,
    refused: Family<CodeLabel, Counter>,
    shed: Family<ReasonLabel, Counter>,
    resumes: Family<OutcomeLabel, Counter>,
}

impl SignalMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("sfu_sockets", "WebSockets that are open", Gauge::clone(&self.sockets));
        registry.register(
            "sfu_participants",
            "Participants of rooms by WebSocket, those among them whose socket may come back",
            Gauge::clone(&self.participants),
        );
        registry.register(
            "sfu_signal_received_messages",
            "Requests over WebSockets that could be read, by type",
            Family::clone(&self.received),
        );
        registry.register(
            "sfu_signal_sent_messages",
            "Messages queued for WebSockets",
            Counter::clone(&self.messages_sent),
        );
        registry.register(
            "sfu_signal_refused_messages",
            "Requests over WebSockets that were refused, by error code",
            Family::clone(&self.refused),
        );
        registry.register("sfu_signal_shed", "What a limit of signalling kept out or ended", Family::clone(&self.shed));
        registry.register(
            "sfu_signal_resumes",
            "Participants that came back over another WebSocket, and tokens that named nobody",
            Family::clone(&self.resumes),
        );
    }

    /// Counts a request by its type.
    pub fn received(&self, kind: &'static str) {
        self.received.get_or_create(&TypeLabel { r#type: kind }).inc();
    }

    /// Counts a refusal.
    pub fn refused(&self, code: ErrorCode) {
        self.refused.get_or_create(&CodeLabel { code: name(code) }).inc();
    }

    /// Counts what a limit took away.
    pub fn shed(&self, shed: Shed) {
        self.shed.get_or_create(&ReasonLabel { reason: shed.reason() }).inc();
    }

    /// Counts an attempt to come back.
    pub fn resumed(&self, succeeded: bool) {
        let outcome = if succeeded { "resumed" } else { "refused" };
        self.resumes.get_or_create(&OutcomeLabel { outcome }).inc();
    }
}

fn name(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Malformed => "malformed",
        ErrorCode::InvalidField => "invalid_field",
        ErrorCode::UnknownType => "unknown_type",
        ErrorCode::OutOfOrder => "out_of_order",
        ErrorCode::UnsupportedVersion => "unsupported_version",
        ErrorCode::Unauthorized => "unauthorized",
        ErrorCode::TokenExpired => "token_expired",
        ErrorCode::Forbidden => "forbidden",
        ErrorCode::IdentityTaken => "identity_taken",
        ErrorCode::ResumeFailed => "resume_failed",
        ErrorCode::BadSdp => "bad_sdp",
        ErrorCode::NotFound => "not_found",
        ErrorCode::TooLarge => "too_large",
        ErrorCode::TooMany => "too_many",
        ErrorCode::Unavailable => "unavailable",
        ErrorCode::Internal => "internal",
    }
}

//! How much a subscriber's transport may be sent: Google Congestion Control (draft-ietf-rmcat-gcc-02) on the sender's side, fed
//! with transport-wide feedback. Pure: told the time, draws nothing, and nothing it is told makes it leave its bounds.
//!
//! Walk a packet: it is noted in `departures` and their [`history`], and nothing else is touched for it. Walk a feedback: the history
//! (when was it sent) → `together` → `judge`: `arrival_clock` → `bursts` → `trend` and `queue` (joined in `delay`), `acknowledged`,
//! `losses`, `sending` → `rate_control`. `silence` is feedback that does not come, and `probes` find what the link holds beyond
//! what is sent.
//!
//! *Why not the `Gcc` of `rtc-interceptor`*, fed through `on_reports`: its rate control is closed, and what must be cured lies in
//! it. It grows whatever arrives; takes a sender that has nothing more to send for one that is held up, and jitter for a queue;
//! takes no measurement from a probe; its loss control falls to the floor on a radio that loses a tenth, and grows without end
//! while nothing is lost, so that it is no bound when losses begin. It wants a report of eleven fields for each packet in a list of
//! its own, where here feedback is read in place against sixteen bytes for a send.

mod acknowledged;
mod arrival_clock;
mod bursts;
mod ceiling;
mod cluster;
mod delay;
mod departures;
mod estimator;
mod history;
mod judge;
mod loss;
mod onset;
mod open_probe;
mod probes;
mod queue;
mod rate_control;
mod rates;
mod sending;
mod silence;
mod together;
mod trend;

pub use estimator::Estimator;
pub use history::SentKind;

use std::time::Duration;

/// What an estimator begins with, bit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EstimatorConfig {
    /// A guess that the first feedback corrects.
    pub start_bps: u64,
    /// It never says less.
    pub min_bps: u64,
    /// It never says more.
    pub max_bps: u64,
    pub feedback: FeedbackKind,
}

/// What the receiver tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackKind {
    /// When each packet arrived (transport-cc).
    TransportWide,
    /// How much it can take (REMB), and nothing else: it is believed.
    ReceiverEstimate,
}

/// What can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// What should be sent now.
    pub bps: u64,
    /// What may be chosen to be sent: more, while less is sent for a moment so that a short queue drains.
    pub carries_bps: u64,
    pub state: EstimateState,
    /// Lost of the last packets, thousandths.
    pub loss_permille: u16,
    /// How long every packet waits on its way, of late.
    pub queue_delay: Duration,
}

/// Why an estimate is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EstimateState {
    /// No feedback has come yet.
    Startup,
    /// The link has room.
    Growing,
    /// There may be a queue, or something is lost, or feedback does not come.
    Holding,
    /// The link was full, a moment ago: a queue grew in front of it.
    Reducing,
    /// Much was lost, a moment ago, and less is sent to see whether less is lost then.
    Trying,
    /// Less is sent than might be, so that nothing is learnt of the link.
    ApplicationLimited,
}

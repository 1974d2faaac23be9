//! Two servers under one load, in figures: what each of them delivered, what that cost, and whether the two can be compared.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lean::shape::{Part, Seat};
use crate::lean::{CrowdReport, Shape};
use crate::scenario::Percentiles;
use crate::verify::Fault;

/// Who delivers less of what is due did less than it was asked to, so its cost is no cost of this load, per cent. Frames come in
/// bursts, so a rate over a window of some seconds is one or two per cent in doubt.
const DELIVERED_MIN: f64 = 97.0;
/// The same of packets that never came; numbers are counted, there is no doubt.
const LOST_MAX: f64 = 1.0;
/// Words about failures that are kept of each side.
const FAILURES_MAX: usize = 3;

/// A figure of repeated runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// Zeros of no figures.
    pub fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<_> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { median: at(sorted.len() / 2), min: at(0), max: at(sorted.len().saturating_sub(1)) }
    }
}

/// One server's figures under one load, over all runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Side {
    /// CPU time of the server per packet that clients received, ns.
    pub ns_per_packet: Spread,
    pub packets_per_second: Spread,
    /// Of what publishers sent, to each who watches: the share that came, retransmissions included, per cent.
    pub delivered_percent: Spread,
    /// Processors' worth of work of the server.
    pub server_cores: Spread,
    pub latency_p50_ms: Spread,
    pub latency_p99_ms: Spread,
    /// Viewers of the worst run that never connected, or were refused.
    pub absent: usize,
    /// Packets that never came, not even again, over all runs.
    pub lost: u64,
    /// Their share of all that were due, per cent.
    pub lost_percent: f64,
    pub faults: BTreeMap<Fault, u64>,
    pub failures: Vec<String>,
    /// Of the clients and of this machine.
    pub warnings: Vec<String>,
}

impl Side {
    /// What `reports` say of one server under `shape`.
    pub fn of(shape: &Shape, reports: &[CrowdReport]) -> Self {
        let spread = |of: &dyn Fn(&CrowdReport) -> f64| Spread::of(reports.iter().map(of));
        let latency = |of: fn(&Percentiles) -> f64| spread(&move |report| of(&report.frame_latency));
        let expected = shape.watching().len();
        let mut side = Self {
            ns_per_packet: spread(&|report| report.measured.server_ns_per_packet.unwrap_or_default()),
            packets_per_second: spread(&|report| report.measured.flow.packets_per_second),
            delivered_percent: spread(&|report| delivered_percent(shape, report)),
            server_cores: spread(&|report| report.measured.server_cores.unwrap_or_default()),
            latency_p50_ms: latency(|latency| latency.p50_ms),
            latency_p99_ms: latency(|latency| latency.p99_ms),
            absent: reports.iter().map(|report| expected.saturating_sub(report.connected)).max().unwrap_or_default(),
            ..Self::default()
        };
        for report in reports {
            report.faults.iter().for_each(|(fault, count)| *side.faults.entry(*fault).or_insert(0) += count);
            side.failures.extend(report.failures.iter().take(FAILURES_MAX).cloned());
            side.warnings.extend(report.warnings.iter().cloned());
        }
        side.failures.truncate(FAILURES_MAX);
        side.warnings.truncate(FAILURES_MAX);
        side.lost = side.faults.get(&Fault::Lost).copied().unwrap_or_default();
        let came: f64 = reports.iter().map(|report| float(report.packets)).sum();
        side.lost_percent = 100.0 * float(side.lost) / (came + float(side.lost)).max(1.0);
        side
    }

    /// Whether it did the whole work in every run.
    pub fn is_whole(&self) -> bool {
        let came = self.delivered_percent.min >= DELIVERED_MIN && self.lost_percent <= LOST_MAX;
        self.absent == 0 && came && self.ns_per_packet.min > 0.0
    }

    /// Faults that no loss explains, and that a server must never cause. A start without a keyframe is not among them: Janus
    /// forwards from the packet that comes next, and the picture begins with the keyframe that it asks for.
    pub fn is_broken(&self) -> bool {
        self.faults.keys().any(|fault| !fault.may_follow_loss())
    }
}

/// Two servers under one load.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Such as `1 → 50`.
    pub load: String,
    pub shape: Shape,
    pub ours: Side,
    pub janus: Side,
    /// Janus' cost by ours; none where one of them did not do the whole work.
    pub ratio: Option<f64>,
    pub warnings: Vec<String>,
}

impl Row {
    pub fn new(shape: &Shape, ours: Side, janus: Side) -> Self {
        let load = if shape.subscribers > 0 {
            format!("{} → {}", shape.publishers, shape.subscribers)
        } else {
            format!("{0} × {0}", shape.publishers)
        };
        let whole = ours.is_whole() && janus.is_whole();
        let ratio = whole.then(|| janus.ns_per_packet.median / ours.ns_per_packet.median);
        let mut warnings = Vec::new();
        for (name, side) in [("ours", &ours), ("Janus", &janus)] {
            warnings.extend(remarks(side).into_iter().map(|words| format!("{load}, {name}: {words}")));
        }
        Self { load, shape: shape.clone(), ours, janus, ratio, warnings }
    }
}

/// What must be known beside a side's figures.
fn remarks(side: &Side) -> Vec<String> {
    let mut remarks = Vec::new();
    if !side.is_whole() {
        remarks.push(format!(
            "{:.1} % of the packets came, {:.1} % never, and {} viewers were absent: what it cost is not the cost of this load, so there is no ratio",
            side.delivered_percent.min, side.lost_percent, side.absent
        ));
    }
    if side.lost > 0 {
        remarks.push(format!("{} packets never came", side.lost));
    }
    if side.is_broken() {
        remarks.push(format!("what came is wrong: {:?}; {:?}", side.faults, side.failures));
    }
    remarks.extend(side.warnings.iter().cloned());
    remarks
}

/// Of what is due to all who watch, the share that came.
fn delivered_percent(shape: &Shape, report: &CrowdReport) -> f64 {
    let due = report.measured.sent_per_second * copies(shape);
    if due > 0.0 { 100.0 * report.measured.flow.packets_per_second / due } else { 0.0 }
}

/// How many viewers each packet of a publisher is due to.
fn copies(shape: &Shape) -> f64 {
    let watched = |seat: &Seat| match &seat.part {
        Part::Watch(publishers) => publishers.len(),
        Part::Publish | Part::Follow(_) => 0,
    };
    let watched: usize = shape.watching().iter().map(watched).sum();
    let (watched, publishing) = (u64::try_from(watched), u64::try_from(shape.publishing().len().max(1)));
    float(watched.unwrap_or_default()) / float(publishing.unwrap_or(1))
}

/// Exact below 2⁵³, which no counter here comes near.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "there is no other way from u64 to f64")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lean::{Media, Publishers, Shows, Verify};
    use crate::media::{ClipSize, Codec};

    fn shape(publishers: u16, subscribers: u16) -> Shape {
        Shape {
            name: "webinar",
            rooms: 1,
            publishers,
            publishers_do: if subscribers > 0 { Publishers::Publish } else { Publishers::Meet },
            subscribers,
            shows: Shows::Everybody,
            media: Media::Video,
            codec: Codec::Vp8,
            clip: ClipSize::Large,
            seed: 1,
            seconds: 1,
            ramp_seconds: 1,
            verify: Verify::Sampled,
        }
    }

    fn side(cost: f64, delivered: f64) -> Side {
        let spread = |figure| Spread::of([figure].into_iter());
        Side { ns_per_packet: spread(cost), delivered_percent: spread(delivered), ..Side::default() }
    }

    #[test]
    fn each_packet_is_due_to_all_who_watch_it() {
        let near = |figure: f64, expected: f64| assert!((figure - expected).abs() < 1e-9, "{figure}, not {expected}");
        near(copies(&shape(1, 50)), 50.0);
        near(copies(&shape(10, 0)), 9.0);
        near(copies(&shape(0, 5)), 0.0);
    }

    #[test]
    fn who_loses_packets_is_not_cheaper_for_it() {
        let row = Row::new(&shape(1, 50), side(1_000.0, 100.0), side(9_000.0, 99.8));
        assert_eq!((row.load.as_str(), row.ratio, row.warnings.len()), ("1 → 50", Some(9.0), 0));
        let row = Row::new(&shape(1, 500), side(1_000.0, 100.0), side(2_000.0, 61.0));
        assert_eq!(row.ratio, None);
        assert!(row.warnings[0].starts_with("1 → 500, Janus: 61.0 % of the packets came"), "{:?}", row.warnings);
        let lossy = Side { lost_percent: 1.5, ..side(9_000.0, 100.0) };
        assert_eq!(Row::new(&shape(1, 50), side(1_000.0, 100.0), lossy).ratio, None);
        let absent = Side { absent: 3, ..side(1_000.0, 100.0) };
        assert_eq!(Row::new(&shape(10, 0), absent, side(9_000.0, 100.0)).ratio, None);
    }

    #[test]
    fn wrong_media_is_said_and_a_late_keyframe_is_not_wrong() {
        let with = |fault| Side { faults: BTreeMap::from([(fault, 1)]), ..side(1.0, 100.0) };
        assert!(with(Fault::WrongPublisher).is_broken() && with(Fault::Altered).is_broken());
        assert!(!with(Fault::NotKeyframeStart).is_broken());
        let row = Row::new(&shape(10, 0), side(1.0, 100.0), with(Fault::WrongPublisher));
        assert!(row.warnings[0].contains("WrongPublisher"), "{:?}", row.warnings);
    }
}

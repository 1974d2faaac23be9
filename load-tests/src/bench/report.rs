//! A row's figures, and all of a benchmark's.

use std::collections::BTreeMap;

use serde::Serialize;

use super::batches::Batches;
use super::rows::Row;
use super::system::Sends;
use super::whole::delivered_min;
use crate::account::{float, processors};
use crate::lean::reach::Reached;
use crate::lean::strain::Strain;
use crate::lean::window::Measured;
use crate::lean::{CrowdReport, Offload, Shape};
use crate::profile::{Breakdown, Stack};
use crate::scenario::Percentiles;
use crate::verify::Fault;

/// Share of all processors above which clients and server are in each other's way.
const BUSY: f64 = 0.9;
/// Work of other processes above which figures are disturbed, processors.
const OTHERS_BUSY: f64 = 0.2;

/// Middle and ends of repeated measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// Of any number of figures; zero of none.
    pub fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<_> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { median: at(sorted.len() / 2), min: at(0), max: at(sorted.len().saturating_sub(1)) }
    }
}

/// One window's figures.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) measured: Measured,
    /// Processors' worth of work of this process.
    pub(super) client_cores: f64,
    /// The same of all others but the server.
    pub(super) other_cores: f64,
    /// What the server sent meanwhile, where it tells.
    pub(super) sends: Option<Sends>,
}

/// Resident memory of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Memory {
    /// Without anybody.
    pub empty_kib: f64,
    /// Added by each viewer who waits in an empty room, where that was measured.
    pub idle_kib: Option<f64>,
    /// Added by each who takes part, with all that it publishes and watches.
    pub participant_kib: f64,
    /// Added by the viewers, for each of their slots, a share of their transports in it.
    pub subscription_kib: f64,
}

/// One row's figures; spreads are over the windows.
#[derive(Clone, Debug, Serialize)]
pub struct RowReport {
    pub name: String,
    pub shape: Shape,
    /// Whether viewers received by `UDP_GRO`.
    pub gro: bool,
    /// CPU time of the server for each packet that a viewer received, however often it came.
    pub ns_per_packet: Spread,
    /// What the kernel alone took right after for the same sends to as many sockets; where the server tells its sends.
    pub bare_ns_per_packet: Option<f64>,
    pub packets_per_second: Spread,
    /// Datagrams that one send took along, feedback among them; where the server tells.
    pub packets_per_send: Option<Spread>,
    /// Datagrams by the size of the sends that they left in, over all windows; where the server tells.
    pub batches: Option<Batches>,
    /// RTP packets with a byte of padding that made them as large as others of their send, of all that left, per cent; where
    /// the server tells.
    pub padded_percent: Option<f64>,
    pub server_cores: Spread,
    pub client_cores: Spread,
    /// CPU time of the viewers' threads for each packet.
    pub client_ns_per_packet: Spread,
    /// Processors' worth of work by other processes of this machine.
    pub other_cores: Spread,
    pub memory: Memory,
    /// Where a packet's time goes, in a window of its own; where that was looked at.
    pub breakdown: Option<Breakdown>,
    /// What was seen of it.
    #[serde(skip)]
    pub stacks: Vec<Stack>,
    /// From the publisher's turn to send a frame to the last viewer's having it: quantiles over the frames of a window that all
    /// have, ms.
    pub to_the_last_p50_ms: Spread,
    pub to_the_last_p99_ms: Spread,
    /// The clients' own part of it, at least: the median, ms.
    pub queued_p50_ms: Spread,
    /// Frames that reached everybody, of those of a window, per cent; none where the server chooses what is sent to whom.
    pub frames_to_all_percent: Option<Spread>,
    /// The same to every viewer, since they joined.
    pub frame_latency: Percentiles,
    /// From a viewer's offer to its first frame.
    pub first_frame: Percentiles,
    /// Of what publishers sent in a window, to each who watches: the share that came, per cent; none where the server chooses what
    /// is sent to whom. Frames come in bursts, so one or two per cent are in doubt.
    pub delivered_percent: Option<Spread>,
    /// What it must be at least, as windows are long.
    pub delivered_min_percent: f64,
    /// Viewers who were refused, or never connected.
    pub absent: usize,
    /// Packets that never came, since the viewers joined.
    pub lost: u64,
    /// Their share of all that were due, per cent.
    pub lost_percent: f64,
    /// Packets that came late or by retransmission.
    pub mended: u64,
    /// What was wrong with media, by kind.
    pub faults: BTreeMap<Fault, u64>,
    pub warnings: Vec<String>,
    pub failures: Vec<String>,
    pub failures_total: usize,
}

impl RowReport {
    pub(super) fn new(row: &Row, samples: &[Sample], memory: Memory, report: CrowdReport) -> Self {
        let spread = |of: fn(&Sample) -> f64| Spread::of(samples.iter().map(of));
        let sends = || samples.iter().filter_map(|sample| sample.sends.as_ref());
        let per_send: Vec<f64> = sends().filter_map(Sends::datagrams_per_call).collect();
        let datagrams: u64 = sends().map(|sends| sends.datagrams).sum();
        let padded: u64 = sends().map(|sends| sends.padded).sum();
        let to_all: Vec<f64> = samples.iter().filter_map(|sample| to_all_percent(&sample.measured.frames)).collect();
        let lost = report.faults.get(&Fault::Lost).copied().unwrap_or_default();
        let copies = row.shape.copies().map(f64::from);
        let delivered = |copies| Spread::of(samples.iter().map(|it| delivered_percent(&it.measured, copies)));
        let mut row = Self {
            name: row.name.clone(),
            shape: row.shape.clone(),
            gro: row.offload == Offload::On,
            ns_per_packet: spread(|sample| sample.measured.server_ns_per_packet.unwrap_or_default()),
            bare_ns_per_packet: None,
            packets_per_second: spread(|sample| sample.measured.flow.packets_per_second),
            packets_per_send: (!per_send.is_empty()).then(|| Spread::of(per_send.iter().copied())),
            batches: sends().map(|sends| sends.batches.clone()).reduce(|mut all, window| {
                all.add(&window);
                all
            }),
            padded_percent: (datagrams > 0).then(|| 100.0 * float(padded) / float(datagrams)),
            server_cores: spread(|sample| sample.measured.server_cores.unwrap_or_default()),
            client_cores: spread(|sample| sample.client_cores),
            client_ns_per_packet: spread(|sample| sample.measured.flow.ns_per_packet),
            other_cores: spread(|sample| sample.other_cores),
            memory,
            breakdown: None,
            stacks: Vec::new(),
            to_the_last_p50_ms: spread(|sample| sample.measured.frames.to_the_last.p50_ms),
            to_the_last_p99_ms: spread(|sample| sample.measured.frames.to_the_last.p99_ms),
            queued_p50_ms: spread(|sample| sample.measured.frames.queued.p50_ms),
            frames_to_all_percent: (!to_all.is_empty()).then(|| Spread::of(to_all.iter().copied())),
            frame_latency: report.frame_latency,
            first_frame: report.first_frame,
            delivered_percent: copies.map(delivered),
            delivered_min_percent: delivered_min(
                samples.iter().map(|it| it.measured.flow.seconds).fold(f64::MAX, f64::min),
            ),
            absent: row.shape.watching().len().saturating_sub(report.connected),
            lost,
            lost_percent: 100.0 * float(lost) / float(report.packets + lost).max(1.0),
            mended: report.mended,
            faults: report.faults,
            warnings: strain(samples).warnings(),
            failures: report.failures,
            failures_total: report.failures_total,
        };
        row.warnings.extend(warnings(&row));
        row
    }
}

#[cfg(test)]
impl RowReport {
    /// All zeros, for tests that need some figures only.
    pub(crate) fn of_nothing(row: &Row) -> Self {
        let zero = Spread::default();
        Self {
            name: row.name.clone(),
            shape: row.shape.clone(),
            gro: row.offload == Offload::On,
            ns_per_packet: zero,
            bare_ns_per_packet: None,
            packets_per_second: zero,
            packets_per_send: None,
            batches: None,
            padded_percent: None,
            server_cores: zero,
            client_cores: zero,
            client_ns_per_packet: zero,
            other_cores: zero,
            memory: Memory::default(),
            breakdown: None,
            stacks: Vec::new(),
            to_the_last_p50_ms: zero,
            to_the_last_p99_ms: zero,
            queued_p50_ms: zero,
            frames_to_all_percent: None,
            frame_latency: Percentiles::default(),
            first_frame: Percentiles::default(),
            delivered_percent: None,
            delivered_min_percent: super::whole::DELIVERED_MIN,
            absent: 0,
            lost: 0,
            lost_percent: 0.0,
            mended: 0,
            faults: BTreeMap::new(),
            warnings: Vec::new(),
            failures: Vec::new(),
            failures_total: 0,
        }
    }
}

/// Of all windows, not of the last alone.
fn strain(samples: &[Sample]) -> Strain {
    samples.iter().map(|sample| Strain::of(&sample.measured)).fold(Strain::default(), Strain::worst)
}

fn to_all_percent(reached: &Reached) -> Option<f64> {
    Some(100.0 * float(reached.to_all?) / float(reached.frames.max(1)))
}

fn delivered_percent(measured: &Measured, copies: f64) -> f64 {
    let due = measured.sent_per_second * copies;
    if due > 0.0 { 100.0 * measured.flow.packets_per_second / due } else { 0.0 }
}

/// What makes the figures this machine's instead of the server's, beside what the crowd itself noticed.
fn warnings(row: &RowReport) -> Vec<String> {
    let mut warnings = Vec::new();
    let cores = f64::from(u32::try_from(processors()).unwrap_or(1));
    let (server, clients, others) = (row.server_cores.max, row.client_cores.max, row.other_cores.max);
    if server + clients > BUSY * cores {
        warnings.push(format!(
            "clients ({clients:.2}) and server ({server:.2}) use nearly all of {cores} processors: latency and loss are this machine's"
        ));
    }
    if others > OTHERS_BUSY {
        warnings.push(format!(
            "other processes use {others:.2} processors meanwhile: latency and loss say little, cost a little too much"
        ));
    }
    warnings
}

/// A row without figures.
#[derive(Clone, Debug, Serialize)]
pub struct PassedOver {
    pub name: String,
    pub why: String,
    /// Whether it was to be measured and could not.
    pub failed: bool,
}

/// All figures, and where they were taken.
#[derive(Clone, Debug, Serialize)]
pub struct BenchReport {
    pub system: String,
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    pub window_seconds: f64,
    pub repeats: u16,
    pub rows: Vec<RowReport>,
    pub passed_over: Vec<PassedOver>,
}

impl BenchReport {
    /// Whether all media was right and every row could be measured; slow is not wrong.
    pub fn verified(&self) -> bool {
        let failed = self.passed_over.iter().any(|row| row.failed);
        !failed && self.rows.iter().all(|row| row.failures.is_empty())
    }

    /// The row with this name.
    pub fn row(&self, name: &str) -> Option<&RowReport> {
        self.rows.iter().find(|row| row.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(Spread::of([5.0, 1.0, 9.0].into_iter()), Spread { median: 5.0, min: 1.0, max: 9.0 });
        assert_eq!(Spread::of(std::iter::empty()), Spread::default());
    }
}

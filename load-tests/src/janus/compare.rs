//! Carries out the comparison: each load in turns on a fresh server of ours and on a fresh Janus, so that whatever changes on the
//! machine meets both.

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::comparison::{Row, Side};
use super::system::Janus;
use crate::bench::{BenchError, Sfu, System, kernel, processor, processors};
use crate::lean::{self, CrowdOptions, CrowdReport, LeanError, Live, Offload, Shape};

/// What to compare.
#[derive(Clone, Debug)]
pub struct ComparePlan {
    pub ours: Sfu,
    pub janus: Janus,
    pub loads: Vec<Shape>,
    /// Runs of each load on each server; medians are the result.
    pub repeats: u16,
    /// Threads that carry the viewers.
    pub threads: usize,
}

/// All figures, and where they were taken.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    pub janus_version: String,
    pub repeats: u16,
    pub rows: Vec<Row>,
}

/// A comparison that could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error(transparent)]
    Server(#[from] BenchError),
    #[error(transparent)]
    Crowd(#[from] LeanError),
    #[error("stopped before the first load was measured")]
    Stopped,
}

impl Comparison {
    /// Whether nothing came that no server may send; slow, and lost, is not wrong.
    pub fn verified(&self) -> bool {
        !self.rows.iter().any(|row| row.ours.is_broken() || row.janus.is_broken())
    }
}

/// Measures every load on both; `stop` ends after what is measured so far.
pub async fn compare(plan: &ComparePlan, live: &Live, stop: &CancellationToken) -> Result<Comparison, CompareError> {
    let mut comparison = Comparison {
        processor: processor(),
        processors: processors(),
        kernel: kernel(),
        // Before anything is measured for minutes: is it there at all?
        janus_version: plan.janus.version().await?,
        repeats: plan.repeats,
        rows: Vec::new(),
    };
    let systems: [&dyn System; 2] = [&plan.ours, &plan.janus];
    for shape in &plan.loads {
        let mut reports = [Vec::new(), Vec::new()];
        for run in 1..=plan.repeats {
            for (system, reports) in systems.iter().zip(&mut reports) {
                if !stop.is_cancelled() {
                    reports.push(on(*system, plan, shape, live, stop).await?);
                    tell(plan, shape, run, &system.name(), reports);
                }
            }
        }
        // What was interrupted says nothing.
        reports.iter_mut().for_each(|reports| reports.retain(|report| !report.interrupted));
        let [ours, janus] = reports;
        if !ours.is_empty() && !janus.is_empty() {
            comparison.rows.push(Row::new(shape, Side::of(shape, &ours), Side::of(shape, &janus)));
        }
        if stop.is_cancelled() {
            break;
        }
    }
    if comparison.rows.is_empty() { Err(CompareError::Stopped) } else { Ok(comparison) }
}

/// One crowd on a server of its own.
async fn on(
    system: &dyn System,
    plan: &ComparePlan,
    shape: &Shape,
    live: &Live,
    stop: &CancellationToken,
) -> Result<CrowdReport, CompareError> {
    let running = system.start().await?;
    let options = CrowdOptions {
        threads: plan.threads,
        bind: running.bind(),
        offload: Offload::On,
        server_pid: Some(running.pid()),
    };
    let report = lean::run(running.entrance(), shape, &options, live, stop).await;
    running.stop().await;
    Ok(report?)
}

/// A line for each run: the whole takes minutes.
fn tell(plan: &ComparePlan, shape: &Shape, run: u16, who: &str, reports: &[CrowdReport]) {
    let Some(report) = reports.last() else { return };
    let side = Side::of(shape, std::slice::from_ref(report));
    eprintln!(
        "{} of {} publishers and {} viewers, run {run} of {}, {who}: {:.0} ns a packet, {:.0} packets/s, {:.1} % delivered",
        shape.name,
        shape.publishers,
        shape.viewers(),
        plan.repeats,
        side.ns_per_packet.median,
        side.packets_per_second.median,
        side.delivered_percent.median,
    );
}

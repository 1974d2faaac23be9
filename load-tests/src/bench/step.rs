//! One crowd: memory of idle and of watching viewers, then windows of forwarding.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::process::{ServerProcess, machine_cpu, own_cpu, processors};
use super::{BenchError, BenchPlan};
use crate::client::CountersSnapshot;
use crate::media::ClipSize;
use crate::scenario::{Percentiles, Plan, Progress, Report, Stage, Tolerance, Window};

/// Time for allocations of the joining to settle, and for first frames.
const SETTLE: Duration = Duration::from_secs(2);
/// Share of all processors above which clients and server are in each other's way.
const BUSY: f64 = 0.9;
/// Work of other processes above which figures are disturbed, processors.
const OTHERS_BUSY: f64 = 0.2;
/// Above this a frame is late by more than its own length, ms.
const LATE_MS: f64 = 33.0;

/// Middle and ends of repeated measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

/// One crowd's figures.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    pub viewers: u16,
    /// CPU time of the server per packet that a viewer received, retransmissions included.
    pub ns_per_packet: Spread,
    pub packets_per_second: f64,
    /// Processors' worth of work that the server did.
    pub server_cores: f64,
    pub client_cores: f64,
    /// Resident memory of the server without anybody.
    pub server_kib: f64,
    /// Added by each viewer that is connected to an empty room.
    pub kib_per_idle_viewer: f64,
    /// Added by each viewer that watches.
    pub kib_per_watching_viewer: f64,
    pub frame_latency: Percentiles,
    pub first_frame: Percentiles,
    /// Packets that a viewer missed by sequence number; retransmissions may have mended them.
    pub packets_lost: u64,
    /// Processors' worth of work by other processes of this machine.
    pub other_cores: f64,
    pub warnings: Vec<String>,
    pub failures: Vec<String>,
}

/// One window's figures.
struct Measured {
    ns_per_packet: f64,
    server_cores: f64,
    client_cores: f64,
    other_cores: f64,
    window: Window,
}

pub(super) async fn measure(
    plan: &BenchPlan,
    viewers: u16,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Step, BenchError> {
    let (server_kib, kib_per_idle_viewer) = idle(plan, viewers, progress, stop).await?;
    let process = ServerProcess::start(&plan.server).await?;
    let watching = plan_of(plan, viewers, 1);
    let publishing = Stage::set(&process.server, &plan_of(plan, 0, 1), progress, stop).await?;
    tokio::time::sleep(SETTLE).await;
    let before = process.resident()?;
    let stage = publishing.watched_by(&process.server, &watching, progress, stop).await?;
    tokio::time::sleep(SETTLE).await;
    let mut measured = Vec::new();
    for _ in 0..plan.repeats {
        measured.push(window(&process, &stage, plan.window, progress, stop).await?);
        if stop.is_cancelled() {
            break;
        }
    }
    let kib_per_watching_viewer = kib(process.resident()?.saturating_sub(before)) / f64::from(viewers.max(1));
    let packets_lost = measured.iter().map(|measured| measured.window.received.missing_in).sum();
    let last = measured.last().map(|measured| measured.window.clone());
    let findings = stage.clear().await;
    process.stop().await;
    let last = last.ok_or(BenchError::Stopped)?;
    let report = Report::new(&watching, &last, findings);
    let mean = |of: fn(&Measured) -> f64| spread(measured.iter().map(of)).median;
    let mut step = Step {
        viewers,
        ns_per_packet: spread(measured.iter().map(|measured| measured.ns_per_packet)),
        packets_per_second: per_second(last.received, last.length),
        server_cores: mean(|measured| measured.server_cores),
        client_cores: mean(|measured| measured.client_cores),
        server_kib,
        kib_per_idle_viewer,
        kib_per_watching_viewer,
        frame_latency: report.frame_latency,
        first_frame: report.first_frame,
        packets_lost,
        other_cores: mean(|measured| measured.other_cores),
        warnings: Vec::new(),
        failures: report.failures,
    };
    step.warnings = warnings(&step);
    Ok(step)
}

/// Memory of the server alone, and what each viewer of an empty room adds, KiB.
async fn idle(
    plan: &BenchPlan,
    viewers: u16,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<(f64, f64), BenchError> {
    let process = ServerProcess::start(&plan.server).await?;
    let alone = process.resident()?;
    // The first to join makes what all share.
    let first = Stage::set(&process.server, &plan_of(plan, 1, 0), progress, stop).await?;
    tokio::time::sleep(SETTLE).await;
    let before = process.resident()?;
    let stage = first.watched_by(&process.server, &plan_of(plan, viewers, 0), progress, stop).await?;
    tokio::time::sleep(SETTLE).await;
    let each = kib(process.resident()?.saturating_sub(before)) / f64::from(viewers.max(1));
    stage.clear().await;
    process.stop().await;
    Ok((kib(alone), each))
}

async fn window(
    process: &ServerProcess,
    stage: &Stage,
    length: Duration,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Measured, BenchError> {
    let (start, server, own, machine) = (Instant::now(), process.cpu()?, own_cpu()?, machine_cpu());
    let window = Window::open(stage);
    progress.playing(length, stop).await;
    let (server, own) = (process.cpu()?.saturating_sub(server), own_cpu()?.saturating_sub(own));
    let machine = machine_cpu().saturating_sub(machine);
    let window = window.close(stage);
    let elapsed = start.elapsed().as_secs_f64();
    Ok(Measured {
        ns_per_packet: server.as_secs_f64() * 1e9 / float(packets(window.received)).max(1.0),
        server_cores: server.as_secs_f64() / elapsed,
        client_cores: own.as_secs_f64() / elapsed,
        other_cores: machine.saturating_sub(own + server).as_secs_f64() / elapsed,
        window,
    })
}

fn plan_of(plan: &BenchPlan, viewers: u16, publishers: u16) -> Plan {
    Plan {
        rooms: 1,
        publishers,
        subscribers: viewers,
        duration: plan.window,
        codec: plan.codec,
        audio: plan.audio,
        clip: ClipSize::Large,
        seed: 1,
        judged: plan.judged,
        tolerance: Tolerance::None,
        bind: "127.0.0.1:0".to_owned(),
        connect_patience: Duration::from_secs(20),
        relay_port: None,
    }
}

fn packets(counters: CountersSnapshot) -> u64 {
    counters.rtp_in + counters.rtx_in
}

fn per_second(counters: CountersSnapshot, length: Duration) -> f64 {
    float(packets(counters)) / length.as_secs_f64().max(0.001)
}

fn warnings(step: &Step) -> Vec<String> {
    let mut warnings = Vec::new();
    let cores = float(u64::try_from(processors()).unwrap_or(1));
    let used = step.client_cores + step.server_cores;
    if used > BUSY * cores {
        warnings.push(format!(
            "clients ({:.2}) and server ({:.2}) use {used:.2} of {cores} processors: latency and loss are this machine's, not the server's",
            step.client_cores, step.server_cores
        ));
    } else if step.client_cores > BUSY * (cores - 1.0).max(1.0) {
        warnings.push(format!("the clients use {:.2} processors and may be the bottleneck", step.client_cores));
    }
    if step.other_cores > OTHERS_BUSY {
        warnings.push(format!(
            "other processes use {:.2} processors meanwhile: latency and loss say little, cost a little too much",
            step.other_cores
        ));
    }
    if step.frame_latency.p99_ms > LATE_MS {
        warnings.push(format!("frames arrive late, p99 {:.1} ms", step.frame_latency.p99_ms));
    }
    warnings
}

fn spread(of: impl Iterator<Item = f64>) -> Spread {
    let mut sorted: Vec<_> = of.collect();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    Spread { median: at(sorted.len() / 2), min: at(0), max: at(sorted.len().saturating_sub(1)) }
}

fn kib(bytes: u64) -> f64 {
    float(bytes) / 1024.0
}

/// Exact below 2⁵³, which no counter here comes near.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "there is no other way from u64 to f64")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        let spread = spread([5.0, 1.0, 9.0].into_iter());
        assert_eq!(spread, Spread { median: 5.0, min: 1.0, max: 9.0 });
    }
}

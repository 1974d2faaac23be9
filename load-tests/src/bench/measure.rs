//! One row: memory of those who wait, then of those who watch, and windows of forwarding.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::bare;
use super::report::{Memory, RowReport, Sample};
use super::rows::Row;
use super::system::Running;
use super::{BenchError, BenchPlan};
use crate::account::{ThreadTimes, float, machine_cpu, resident_of};
use crate::lean::{Crowd, CrowdOptions, Live, Offload, Publishers, Shape};
use crate::profile::{self, Breakdown, ProfileError, Stack};

/// Time for allocations of the joining to settle.
const SETTLE: Duration = Duration::from_secs(1);

pub(super) async fn measure(
    plan: &BenchPlan,
    row: &Row,
    live: &Live,
    stop: &CancellationToken,
) -> Result<RowReport, BenchError> {
    let idle_kib = if row.measures_idle { Some(idle(plan, row, live, stop).await?) } else { None };
    let running = plan.system.start().await?;
    let (pid, shape) = (running.pid(), &row.shape);
    let empty = resident(pid)?;
    let mut crowd = Crowd::gather(running.entrance(), shape, &options(plan, running.as_ref(), row.offload))?;
    crowd.publish(live, stop).await?;
    tokio::time::sleep(SETTLE).await;
    let published = resident(pid)?;
    crowd.watch(live, stop).await;
    tokio::time::sleep(SETTLE).await;
    let mut samples = Vec::new();
    while samples.len() < usize::from(plan.repeats) && !stop.is_cancelled() {
        samples.push(sample(plan.window, running.as_ref(), &crowd, live, stop).await?);
    }
    let full = resident(pid)?;
    let profiled = if row.profiles { Some(profile(plan.window, pid, &crowd, live, stop).await) } else { None };
    let last = samples.last().ok_or(BenchError::Stopped)?.measured.clone();
    let report = crowd.leave(last, stop.is_cancelled()).await;
    running.stop().await;
    let bare = bare_load(row, &samples).map(|load| tokio::task::spawn_blocking(move || bare::ns_per_datagram(&load)));
    let bare_ns_per_packet = match bare {
        Some(measuring) => measuring.await.ok().and_then(Result::ok),
        None => None,
    };
    let each = |bytes: u64, count: u32| kib(bytes) / f64::from(count.max(1));
    let memory = Memory {
        empty_kib: kib(empty),
        idle_kib,
        participant_kib: each(full.saturating_sub(empty), people(shape)),
        subscription_kib: each(full.saturating_sub(published), subscriptions(shape)),
    };
    let mut row = RowReport { bare_ns_per_packet, ..RowReport::new(row, &samples, memory, report) };
    match profiled {
        Some(Ok((breakdown, stacks))) => (row.breakdown, row.stacks) = (Some(breakdown), stacks),
        Some(Err(why)) => row.warnings.push(format!("where its time goes is not known: {why}")),
        None => {}
    }
    Ok(row)
}

/// Where a packet's time goes, in a window that nothing else is taken from: looking costs a little.
async fn profile(
    window: Duration,
    pid: u32,
    crowd: &Crowd,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(Breakdown, Vec<Stack>), ProfileError> {
    let folder = std::env::temp_dir();
    let (stacks, measured) = tokio::join!(profile::record(pid, window, &folder), crowd.play(window, live, stop));
    let stacks = stacks?;
    Ok((Breakdown::new(&stacks, measured.server_ns_per_packet.unwrap_or_default()), stacks))
}

/// What the viewers received, as the sends in which it left; `None` where the server does not tell those.
fn bare_load(row: &Row, samples: &[Sample]) -> Option<bare::Load> {
    let sample = samples.last()?;
    let flow = &sample.measured.flow;
    let receivers = usize::from(row.shape.rooms) * usize::from(row.shape.viewers());
    let per_send = sample.sends.as_ref()?.datagrams_per_call()?;
    let bytes = flow.megabits_per_second * 1e6 / 8.0 / flow.packets_per_second;
    let load = bare::Load {
        receivers,
        datagrams_per_send: whole(per_send)?,
        datagram_bytes: whole(bytes)?,
        datagrams_per_second: flow.packets_per_second,
        offload: row.offload,
    };
    (receivers > 0).then_some(load)
}

/// The nearest whole number from one on.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is finite, and far below 2⁵³"
)]
fn whole(number: f64) -> Option<usize> {
    number.is_finite().then(|| number.round().clamp(1.0, 1e9) as usize)
}

/// Memory that each viewer of an empty room adds, KiB.
async fn idle(plan: &BenchPlan, row: &Row, live: &Live, stop: &CancellationToken) -> Result<f64, BenchError> {
    let shape = Shape { publishers: 0, publishers_do: Publishers::Publish, ..row.shape.clone() };
    let running = plan.system.start().await?;
    let before = resident(running.pid())?;
    let mut crowd = Crowd::gather(running.entrance(), &shape, &options(plan, running.as_ref(), row.offload))?;
    crowd.watch(live, stop).await;
    tokio::time::sleep(SETTLE).await;
    let after = resident(running.pid())?;
    let nothing = crowd.play(Duration::ZERO, live, stop).await;
    crowd.leave(nothing, false).await;
    running.stop().await;
    Ok(kib(after.saturating_sub(before)) / f64::from(people(&shape).max(1)))
}

fn options(plan: &BenchPlan, running: &dyn Running, offload: Offload) -> CrowdOptions {
    CrowdOptions { threads: plan.threads, bind: running.bind(), offload, server_pid: Some(running.pid()) }
}

async fn sample(
    window: Duration,
    running: &dyn Running,
    crowd: &Crowd,
    live: &Live,
    stop: &CancellationToken,
) -> Result<Sample, BenchError> {
    let sends = running.sends().await;
    let (start, own, machine) = (Instant::now(), own_threads()?, machine_cpu());
    let measured = crowd.play(window, live, stop).await;
    let elapsed = start.elapsed().as_secs_f64();
    let own = own_threads()?.since(&own).as_secs_f64() / elapsed;
    let machine = machine_cpu().saturating_sub(machine).as_secs_f64() / elapsed;
    let sends = running.sends().await.zip(sends).map(|(now, before)| now.since(&before));
    let server = measured.server_cores.unwrap_or_default();
    Ok(Sample { client_cores: own, other_cores: (machine - own - server).max(0.0), sends, measured })
}

/// Who takes part: those who publish and watch are one each.
pub(super) fn people(shape: &Shape) -> u32 {
    u32::from(shape.rooms) * (u32::from(shape.publishers) + u32::from(shape.subscribers))
}

/// Slots of all viewers.
pub(super) fn subscriptions(shape: &Shape) -> u32 {
    let media = u32::from(shape.media.has_video()) + u32::from(shape.media.has_audio());
    u32::from(shape.rooms) * (0..shape.viewers()).map(|viewer| shape.slots(viewer)).sum::<u32>() * media
}

/// CPU time of this process, by thread: what one did before it ended must not be taken off what the others did.
fn own_threads() -> Result<ThreadTimes, BenchError> {
    let pid = std::process::id();
    ThreadTimes::of(pid).map_err(|source| BenchError::Accounting { pid, source })
}

fn resident(pid: u32) -> Result<u64, BenchError> {
    resident_of(pid).map_err(|source| BenchError::Accounting { pid, source })
}

fn kib(bytes: u64) -> f64 {
    float(bytes) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::matrix;
    use crate::media::Codec;

    #[test]
    fn who_takes_part_and_how_many_slots_they_have_follows_from_the_shape() {
        let rows = matrix(Codec::Vp8);
        let of = |name: &str| {
            let row = rows.iter().find(|row| row.name == name).unwrap();
            (people(&row.shape), subscriptions(&row.shape))
        };
        assert_eq!(of("webinar-200"), (201, 200));
        assert_eq!(of("meeting-30"), (30, 870));
        assert_eq!(of("rooms-50-single"), (100, 100));
        assert_eq!(of("audio-100"), (100, 300));
    }
}

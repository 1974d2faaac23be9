//! Datagrams of nobody at the media ports, as fast as a thread can or as one is told, while a small webinar watches.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::audience::{Audience, Seen};
pub use super::noise::Kind;
use super::noise::Noise;
use super::puppet::Strings;
use super::report::float;
use super::{AttackError, AttackReport, Target};
use crate::lean::description::{Answer, Direction};
use crate::media::ClipSize;

/// Addresses that the flood comes from.
const SOURCES: usize = 64;
/// Datagrams between two looks at the clock.
const STRIDE: usize = 64;
/// Strides between two looks at what came back.
const STRIDES_PER_DRAIN: u32 = 64;
/// Offers that are made to learn of the media ports; each goes to the shard that its room belongs to.
const ROOMS_ASKED: u16 = 16;
/// Who loses more without a flood has nothing that a flood could be compared with, per cent.
const QUIET_LOST_PERCENT_MAX: f64 = 5.0;
/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How hard.
#[derive(Clone, Copy, Debug)]
pub struct FloodPlan {
    pub kind: Kind,
    /// Datagrams a second, at most.
    pub rate: u32,
    pub seconds: u32,
    pub viewers: u16,
}

/// What one thread did.
#[derive(Clone, Copy, Debug, Default)]
struct Poured {
    datagrams: u64,
    bytes: u64,
    bytes_back: u64,
    seconds: f64,
}

/// Floods `target`: the audience's media loss over that of an equal time without a flood, the server's memory, and whether
/// it answers more than it is sent.
pub async fn run(target: &Target, plan: &FloodPlan) -> Result<AttackReport, AttackError> {
    let strings = Strings::new(target, ClipSize::Small)?;
    let time = Duration::from_secs(u64::from(plan.seconds));
    let quiet = Audience::gather(target, plan.viewers).await?;
    let (quiet, ()) = quiet.during(tokio::time::sleep(time)).await;

    let (ports, ufrag, asked) = media_ports(&strings).await?;
    let audience = Audience::gather(target, plan.viewers).await?;
    let (before, memory_before) = (target.page().await?, target.resident());
    let sources: Vec<UdpSocket> =
        (0..SOURCES).map(|_| UdpSocket::bind(&target.bind)).collect::<Result<_, std::io::Error>>()?;
    let noise = Noise::new(target.seed, &strings.identity, &ufrag)?;
    let plan_of_thread = *plan;
    let pouring = tokio::task::spawn_blocking(move || pour(noise, &sources, &ports, &plan_of_thread));
    let (flooded, (poured, memory_most)) = audience.during(watch_memory(target, pouring)).await;
    let poured = poured?;
    let after = target.page().await?;
    for resource in asked {
        target.server.end(&resource.url).await?;
    }

    let mut report = AttackReport::new("flood");
    report.figure("viewers", f64::from(plan.viewers), "");
    report.figure("flood sent", float(poured.datagrams) / poured.seconds.max(0.001), "packets/s");
    report.figure("flood sent", float(poured.bytes) * 8e-6 / poured.seconds.max(0.001), "Mbit/s");
    let received = after.since(&before, "sfu_udp_received_datagrams_total")?;
    report.figure(
        "the server read, the audience's packets included",
        received / poured.seconds.max(0.001),
        "packets/s",
    );
    let unaddressed = after.since(&before, "sfu_unaddressed_datagrams_total")?;
    report.figure("dropped as nobody's", unaddressed, "packets");
    tell_loss(&mut report, &quiet, &flooded);
    match memory_before.zip(memory_most) {
        Some((before, most)) => {
            report.figure("server memory before", float(before) / 1_048_576.0, "MiB");
            report.bar("server memory added", 100.0 * (float(most) / float(before) - 1.0), 5.0, "%");
        }
        None => report.warn("the server's memory is not known without --server-pid".to_owned()),
    }
    report.bar("bytes back for each byte of the flood", float(poured.bytes_back) / float(poured.bytes.max(1)), 1.0, "");
    if float(poured.datagrams) < 0.9 * f64::from(plan.rate) * poured.seconds {
        report.warn("one thread of this machine did not manage the rate that was asked for".to_owned());
    }
    Ok(report)
}

/// Waits for the flood's end; the most memory that the server had meanwhile.
async fn watch_memory(
    target: &Target,
    pouring: JoinHandle<Result<Poured, AttackError>>,
) -> (Result<Poured, AttackError>, Option<u64>) {
    let mut most = target.resident();
    while !pouring.is_finished() {
        tokio::time::sleep(LOOK).await;
        most = most.max(target.resident());
    }
    (pouring.await.unwrap_or(Err(AttackError::Late("the end of the flood"))), most)
}

fn tell_loss(report: &mut AttackReport, quiet: &Seen, flooded: &Seen) {
    report.figure("media lost under it", flooded.lost_percent, "%");
    report.figure("repeats by publishers without a flood", quiet.repeated_percent, "%");
    report.figure("repeats by publishers under it", flooded.repeated_percent, "%");
    report.figure("frame latency p99 without a flood", quiet.report.frame_latency.p99_ms, "ms");
    report.figure("frame latency p99 under it", flooded.report.frame_latency.p99_ms, "ms");
    report.bar("media lost without a flood", quiet.lost_percent, QUIET_LOST_PERCENT_MAX, "%");
    report.bar("media loss added", flooded.lost_percent - quiet.lost_percent, 0.5, "%");
    quiet.tell(report, "viewers who did not watch without a flood");
    flooded.tell(report, "viewers who did not watch under it");
}

/// The ports that answers name, and a fragment of ours that is known at one; the sessions are ended by whoever asked.
async fn media_ports(
    strings: &Strings,
) -> Result<(Vec<SocketAddr>, String, Vec<crate::client::Resource>), AttackError> {
    let (mut ports, mut ufrag, mut asked) = (BTreeSet::new(), String::new(), Vec::new());
    for number in 0..ROOMS_ASKED {
        let (_, offer) = strings.offer(Direction::Receive)?;
        let resource = strings.target.server.watch(&strings.room("ports", number), &[], offer).await?;
        let answer = Answer::parse(&resource.answer)?;
        ports.insert(answer.candidate);
        ufrag = answer.ufrag;
        asked.push(resource);
    }
    Ok((ports.into_iter().collect(), ufrag, asked))
}

/// Sends until the time is over; datagram by datagram, as a flood from many hosts comes.
fn pour(
    mut noise: Noise,
    sources: &[UdpSocket],
    ports: &[SocketAddr],
    plan: &FloodPlan,
) -> Result<Poured, AttackError> {
    for source in sources {
        source.set_nonblocking(true)?;
    }
    let (mut poured, mut strides, start) = (Poured::default(), 0_u32, Instant::now());
    let time = Duration::from_secs(u64::from(plan.seconds));
    let mut places = sources.iter().cycle().zip(ports.iter().cycle());
    while start.elapsed() < time {
        let due = start.elapsed().as_secs_f64() * f64::from(plan.rate);
        if float(poured.datagrams) >= due {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        for (source, port) in places.by_ref().take(STRIDE) {
            let datagram = noise.next(plan.kind);
            if let Ok(sent) = source.send_to(datagram, port) {
                poured.datagrams += 1;
                poured.bytes += u64::try_from(sent).unwrap_or(0);
            }
        }
        strides += 1;
        if strides.is_multiple_of(STRIDES_PER_DRAIN) {
            poured.bytes_back += drain(sources);
        }
    }
    poured.seconds = start.elapsed().as_secs_f64();
    poured.bytes_back += drain(sources);
    Ok(poured)
}

/// Bytes that came back.
fn drain(sources: &[UdpSocket]) -> u64 {
    let (mut bytes, mut buffer) = (0, [0; 2_048]);
    for source in sources {
        while let Ok(length) = source.recv(&mut buffer) {
            bytes += u64::try_from(length).unwrap_or(0);
        }
    }
    bytes
}

//! Protected packets sent again by the million: around the wrap of sequence numbers, from their own address and from others',
//! among them that of a peer that uses the same SSRCs.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::page::Page;
use super::puppet::{Puppet, Strings, leave, play};
use super::report::float;
use super::{AttackError, AttackReport, Target};
use crate::media::ClipSize;
use crate::media::mark::PublisherTag;
use crate::scenario::Plan;

/// How long all may take to connect and to watch.
const BEGIN_MAX: Duration = Duration::from_secs(15);
/// How long packets are kept at first: with some 270 a second, numbers that start at 65,000 and above have wrapped.
const KEPT: Duration = Duration::from_secs(3);
/// Replays between two turns of the honest.
const STRIDE: u32 = 64;
/// How long the last replays may take through the server.
const SETTLE: Duration = Duration::from_secs(1);

/// How much.
#[derive(Clone, Copy, Debug)]
pub struct ReplayPlan {
    pub replays: u32,
    /// Replays a second, at most.
    pub rate: u32,
}

/// Where a publisher, its viewer, and a rival with the same SSRCs stand among the puppets.
const VICTIM: usize = 0;
const VIEWER: usize = 1;
const RIVAL: usize = 2;

/// Replays what a publisher sent to `target`; nothing of it may be accepted.
pub async fn run(target: &Target, plan: &ReplayPlan) -> Result<AttackReport, AttackError> {
    let strings = Strings::new(target, ClipSize::Large)?;
    let (room, tag) = (strings.room("replay", 0), Plan::video_tag(0, 0));
    let mut puppets = vec![
        strings.publish(&room, "victim", strings.camera(tag, target.seed)).await?,
        strings.watch(&room, "victim", tag).await?,
    ];
    puppets.iter_mut().take(1).for_each(Puppet::keep);
    let watching = |puppets: &[Puppet]| puppets.get(VIEWER).is_some_and(|viewer| !viewer.seen().is_empty());
    if !play(&mut puppets, BEGIN_MAX, watching).await {
        return Err(AttackError::Late("a viewer's first picture"));
    }
    play(&mut puppets, KEPT, |_| false).await;
    let kept: Vec<Bytes> = puppets.get(VICTIM).map(|victim| victim.kept().to_vec()).unwrap_or_default();
    // It begins where the first began, so that what was kept is ahead of it: nothing but the keys tells the two apart.
    puppets.push(strings.publish(&room, "rival", strings.camera(Plan::video_tag(0, 1), target.seed)).await?);
    if !play(&mut puppets, BEGIN_MAX, |puppets| puppets.iter().all(Puppet::is_connected)).await {
        return Err(AttackError::Late("a rival's connection"));
    }
    let stranger = UdpSocket::bind(&target.bind)?;

    // Everything under way has arrived.
    tokio::time::sleep(SETTLE).await;
    let (before, sent_before) = (target.page().await?, sent(&puppets));
    let frames_before = frames(&puppets, tag);
    let start = Instant::now();
    let [own, rivals, strangers] = replay(target.seed, plan, &kept, &stranger, &mut puppets).await;
    let seconds = start.elapsed().as_secs_f64();
    play(&mut puppets, SETTLE, |_| false).await;
    tokio::time::sleep(SETTLE).await;
    let (after, honest) = (target.page().await?, sent(&puppets) - sent_before);

    let mut report = AttackReport::new("replay");
    report.figure("packets kept", float(u64::try_from(kept.len()).unwrap_or(0)), "");
    report.figure("replays from the publisher's address", float(own), "");
    report.figure("replays from that of a peer with the same SSRCs", float(rivals), "");
    report.figure("replays from a stranger's", float(strangers), "");
    report.figure("rate", float(own + rivals + strangers) / seconds.max(0.001), "packets/s");
    tell(&mut report, &before, &after, honest, own + rivals + strangers);
    if let Some(viewer) = puppets.get(VIEWER) {
        let slot = viewer.slot();
        report.figure("frames at the viewer meanwhile", float(frames(&puppets, tag) - frames_before), "");
        if let Some(slot) = slot {
            report.bar("packets that the viewer got twice", float(slot.duplicates), 0.0, "");
            let faults: Vec<_> = slot.faults.iter().filter(|(fault, _)| !fault.may_follow_loss()).collect();
            if !faults.is_empty() {
                report.fail(format!("the viewer saw {faults:?}; {:?}", slot.examples));
            }
        }
    }
    leave(puppets, target, &mut report).await;
    Ok(report)
}

/// What the server made of it.
fn tell(report: &mut AttackReport, before: &Page, after: &Page, honest: u64, replayed: u64) {
    let dropped = |reason: &str| after.since(before, &format!("sfu_dropped_datagrams_total{{reason=\"{reason}\"}}"));
    let (refused, forged) = (dropped("rtp_replayed"), dropped("rtp_authentication"));
    let unaddressed = after.since(before, "sfu_unaddressed_datagrams_total");
    report.figure("refused as replayed", refused, "RTP packets");
    report.figure("refused as not authentic", forged, "RTP packets");
    report.figure(
        "RTCP refused as replayed or not authentic",
        dropped("rtcp_replayed") + dropped("rtcp_authentication"),
        "",
    );
    report.figure("dropped as nobody's", unaddressed, "packets");
    let accepted = after.since(before, "sfu_rtp_received_packets_total") - float(honest);
    report.bar("replays accepted", accepted.max(0.0), 0.0, "");
    let twice = after.since(before, "sfu_inbound_duplicate_packets_total");
    report.bar("packets stored twice", twice, 0.0, "");
    let seen = refused + forged + unaddressed;
    if seen < 0.9 * float(replayed) {
        report.warn(format!("the server read {seen:.0} of {replayed} replays; the kernel dropped the others"));
    }
}

fn sent(puppets: &[Puppet]) -> u64 {
    puppets.iter().map(|puppet| puppet.counts().sent + puppet.counts().resent).sum()
}

fn frames(puppets: &[Puppet], tag: PublisherTag) -> u64 {
    puppets.get(VIEWER).and_then(|viewer| viewer.seen().get(&tag)).copied().unwrap_or(0)
}

/// Most from the address that the packets came from, some from the rival's, a few from a stranger's; how many of each.
async fn replay(
    seed: u64,
    plan: &ReplayPlan,
    kept: &[Bytes],
    stranger: &UdpSocket,
    puppets: &mut [Puppet],
) -> [u64; 3] {
    let (mut random, mut counts, start) = (StdRng::seed_from_u64(seed), [0; 3], Instant::now());
    while counts.iter().sum::<u64>() < u64::from(plan.replays) {
        for _ in 0..STRIDE {
            let Some(packet) = kept.choose(&mut random) else { return counts };
            let from = match random.random_range(0..16) {
                0..13 => 0,
                13..15 => 1,
                _ => 2,
            };
            let outcome = match (from, puppets.get(VICTIM), puppets.get(RIVAL)) {
                (0, Some(victim), _) => victim.socket.send(packet),
                (1, _, Some(rival)) => rival.socket.send(packet),
                (_, Some(victim), _) => stranger.send_to(packet, victim.server),
                _ => return counts,
            };
            if let Some(count) = counts.get_mut(from) {
                *count += u64::from(outcome.is_ok());
            }
        }
        puppets.iter_mut().for_each(Puppet::turn);
        let due = start.elapsed().as_secs_f64() * f64::from(plan.rate);
        if float(counts.iter().sum()) > due {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    counts
}

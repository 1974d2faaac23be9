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
use crate::lean::window::socket_drops;
use crate::media::ClipSize;
use crate::media::mark::PublisherTag;
use crate::scenario::Plan;

/// How long all may take to connect and to watch.
const BEGIN_MAX: Duration = Duration::from_secs(15);
/// How long packets are kept at first: with some 270 a second, numbers that start at 65,000 and above have wrapped.
const KEPT: Duration = Duration::from_secs(3);
/// Half of the replays come while nobody else says anything, so that whatever is received then is one of them; for so long at
/// most, as sessions live by what is heard of them.
const SILENCE_MAX: Duration = Duration::from_secs(8);
/// What the server may not have read of the replays, per cent: those say nothing.
const UNREAD_PERCENT_MAX: f64 = 10.0;
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
    if kept.is_empty() {
        return Err(AttackError::Late("a packet to send again"));
    }
    // It begins where the first began, so that what was kept is ahead of it: nothing but the keys tells the two apart.
    puppets.push(strings.publish(&room, "rival", strings.camera(Plan::video_tag(0, 1), target.seed)).await?);
    if !play(&mut puppets, BEGIN_MAX, |puppets| puppets.iter().all(Puppet::is_connected)).await {
        return Err(AttackError::Late("a rival's connection"));
    }
    let stranger = UdpSocket::bind(&target.bind)?;

    // Everything under way has arrived.
    tokio::time::sleep(SETTLE).await;
    let mut replayer = Replayer { random: StdRng::seed_from_u64(target.seed), rate: plan.rate, kept: &kept, stranger };
    let frames_before = frames(&puppets, tag);
    let start = Looked::at(target, &puppets).await?;
    let alone = replayer.replay(plan.replays / 2, &mut puppets, Others::Silent).await;
    tokio::time::sleep(SETTLE).await;
    let middle = Looked::at(target, &puppets).await?;
    let beside = replayer.replay(plan.replays.div_ceil(2), &mut puppets, Others::Talk).await;
    play(&mut puppets, SETTLE, |_| false).await;
    tokio::time::sleep(SETTLE).await;
    let end = Looked::at(target, &puppets).await?;

    let mut report = AttackReport::new("replay");
    report.figure("packets kept", float(u64::try_from(kept.len()).unwrap_or(0)), "");
    let [own, rivals, strangers] = std::array::from_fn(|from| float(alone.by(from) + beside.by(from)));
    report.figure("replays from the publisher's address", own, "");
    report.figure("replays from that of a peer with the same SSRCs", rivals, "");
    report.figure("replays from a stranger's", strangers, "");
    report.figure("RTCP among them", float(alone.rtcp + beside.rtcp), "");
    report.figure("rate", float(alone.all() + beside.all()) / (alone.seconds + beside.seconds).max(0.001), "packets/s");
    tell_alone(&mut report, &start, &middle, &alone)?;
    tell_beside(&mut report, &middle, &end)?;
    let read = refused(&start, &end)?;
    let unread = 100.0 * (1.0 - read / float(alone.all() + beside.all()).max(1.0));
    report.bar("replays that the server did not read", unread, UNREAD_PERCENT_MAX, "%");
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

/// The server, the kernel and the honest at one moment.
struct Looked {
    page: Page,
    /// Datagrams that the kernel dropped at the server's port.
    unread: u64,
    /// RTP packets that the honest sent.
    honest: u64,
}

impl Looked {
    async fn at(target: &Target, puppets: &[Puppet]) -> Result<Self, AttackError> {
        let ports = puppets.iter().map(|puppet| puppet.server.port()).collect();
        Ok(Self { page: target.page().await?, unread: socket_drops(&ports), honest: sent(puppets) })
    }
}

/// What the server threw away between two moments, whatever the reason.
fn refused(earlier: &Looked, later: &Looked) -> Result<f64, AttackError> {
    let dropped = later.page.since(&earlier.page, "sfu_dropped_datagrams_total")?;
    Ok(dropped + later.page.since(&earlier.page, "sfu_unaddressed_datagrams_total")?)
}

/// While nobody else says anything each packet is accounted for: whatever is received is a replay that was accepted.
fn tell_alone(report: &mut AttackReport, start: &Looked, end: &Looked, replays: &Replayed) -> Result<(), AttackError> {
    let since = |series| end.page.since(&start.page, series);
    let (rtp, rtcp) = (since("sfu_rtp_received_packets_total")?, since("sfu_rtcp_received_packets_total")?);
    report.figure("replays while nobody else says anything", float(replays.all()), "");
    report.bar("SRTP replays accepted then", rtp, 0.0, "");
    report.bar("SRTCP replays accepted then", rtcp, 0.0, "");
    let unread = float(end.unread.saturating_sub(start.unread));
    report.figure("dropped then by the kernel", unread, "packets");
    let unknown = float(replays.all()) - refused(start, end)? - unread - rtp - rtcp;
    report.bar("replays of which nobody knows what became", unknown.abs(), 0.0, "");
    Ok(())
}

/// What the server made of the replays beside honest packets.
fn tell_beside(report: &mut AttackReport, start: &Looked, end: &Looked) -> Result<(), AttackError> {
    let since = |series: &str| end.page.since(&start.page, series);
    let dropped = |reason: &str| since(&format!("sfu_dropped_datagrams_total{{reason=\"{reason}\"}}"));
    report.figure("refused as replayed beside honest packets", dropped("rtp_replayed")?, "RTP packets");
    report.figure("refused as not authentic", dropped("rtp_authentication")?, "RTP packets");
    let rtcp = dropped("rtcp_replayed")? + dropped("rtcp_authentication")?;
    report.figure("RTCP refused as replayed or not authentic", rtcp, "");
    report.figure("dropped as nobody's", since("sfu_unaddressed_datagrams_total")?, "packets");
    // Each honest packet that the kernel dropped could hide one that was accepted.
    report.figure("dropped by the kernel", float(end.unread.saturating_sub(start.unread)), "packets");
    let accepted = since("sfu_rtp_received_packets_total")? - float(end.honest - start.honest);
    report.bar("replays accepted", accepted.max(0.0), 0.0, "");
    report.bar("packets stored twice", since("sfu_inbound_duplicate_packets_total")?, 0.0, "");
    Ok(())
}

fn sent(puppets: &[Puppet]) -> u64 {
    puppets.iter().map(|puppet| puppet.counts().sent + puppet.counts().resent).sum()
}

fn frames(puppets: &[Puppet], tag: PublisherTag) -> u64 {
    puppets.get(VIEWER).and_then(|viewer| viewer.seen().get(&tag)).copied().unwrap_or(0)
}

/// What was sent again.
#[derive(Clone, Copy, Debug, Default)]
struct Replayed {
    /// From the publisher's address, the rival's, and a stranger's.
    counts: [u64; 3],
    rtcp: u64,
    seconds: f64,
}

impl Replayed {
    fn by(&self, from: usize) -> u64 {
        self.counts.get(from).copied().unwrap_or(0)
    }

    fn all(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// What the honest do meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Silent,
    Talk,
}

struct Replayer<'a> {
    random: StdRng,
    rate: u32,
    kept: &'a [Bytes],
    stranger: UdpSocket,
}

impl Replayer<'_> {
    /// Most from the address that the packets came from, some from the rival's, a few from a stranger's.
    async fn replay(&mut self, count: u32, puppets: &mut [Puppet], others: Others) -> Replayed {
        let (mut replayed, start) = (Replayed::default(), Instant::now());
        while replayed.all() < u64::from(count) && (others == Others::Talk || start.elapsed() < SILENCE_MAX) {
            for _ in 0..STRIDE {
                self.one(puppets, &mut replayed);
            }
            if others == Others::Talk {
                puppets.iter_mut().for_each(Puppet::turn);
            }
            let due = start.elapsed().as_secs_f64() * f64::from(self.rate);
            if float(replayed.all()) > due {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        replayed.seconds = start.elapsed().as_secs_f64();
        replayed
    }

    fn one(&mut self, puppets: &[Puppet], replayed: &mut Replayed) {
        let Some(packet) = self.kept.choose(&mut self.random) else { return };
        let from = match self.random.random_range(0..16) {
            0..13 => 0,
            13..15 => 1,
            _ => 2,
        };
        let outcome = match (from, puppets.get(VICTIM), puppets.get(RIVAL)) {
            (0, Some(victim), _) => victim.socket.send(packet),
            (1, _, Some(rival)) => rival.socket.send(packet),
            (_, Some(victim), _) => self.stranger.send_to(packet, victim.server),
            _ => return,
        };
        let sent = u64::from(outcome.is_ok());
        replayed.counts.iter_mut().skip(from).take(1).for_each(|count| *count += sent);
        // RTCP's packet types (RFC 5761 §4).
        replayed.rtcp += u64::from(packet.get(1).is_some_and(|kind| (192..=223).contains(kind))) * sent;
    }
}

//! ClientHellos that race a session's own: before its first check, between check and handshake, and when it is connected,
//! from strangers' addresses and, as if its address were forged, from its own.

use std::net::UdpSocket;
use std::time::Duration;

use super::noise::{Kind, Noise};
use super::puppet::{Puppet, Strings, leave, play};
use super::report::{float, size};
use super::{AttackError, AttackReport, Target};
use crate::lean::config::Phase;
use crate::media::ClipSize;
use crate::scenario::Plan;

/// Addresses of strangers.
const STRANGERS: usize = 8;
/// How long sessions may take to connect, the repeats of a lost flight included; the server gives up after 10 s.
const CONNECT_MAX: Duration = Duration::from_secs(12);
/// How long is listened to whether the connected go on.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// How much.
#[derive(Clone, Copy, Debug)]
pub struct ClientHelloPlan {
    /// Forged ClientHellos in all.
    pub tries: u32,
    pub sessions: u16,
}

/// When ClientHellos are forged.
const MOMENTS: u32 = 3;

/// Forges ClientHellos against `target`; no session may be lost.
pub async fn run(target: &Target, plan: &ClientHelloPlan) -> Result<AttackReport, AttackError> {
    let strings = Strings::new(target, ClipSize::Small)?;
    let mut forger = Forger {
        noise: Noise::new(target.seed, &strings.identity, "any")?,
        strangers: (0..STRANGERS).map(|_| UdpSocket::bind(&target.bind)).collect::<Result<_, _>>()?,
        sent: 0,
    };
    let each = plan.tries.div_ceil(u32::from(plan.sessions.max(1)) * MOMENTS);
    let before = target.page().await?;
    let mut puppets = Vec::new();
    for number in 0..plan.sessions {
        let seed = target.seed.wrapping_add(u64::from(number));
        let camera = strings.camera(Plan::video_tag(number, 0), seed);
        let mut puppet = strings.publish(&strings.room("hello", number), "p", camera).await?;
        puppet.holds_dtls = true;
        puppets.push(puppet);
    }
    forger.forge(&puppets, each);
    let verified = |puppets: &[Puppet]| puppets.iter().all(|puppet| *puppet.phase() != Phase::Checking);
    if !play(&mut puppets, CONNECT_MAX, verified).await {
        return Err(AttackError::Late("an answer to every check"));
    }
    forger.forge(&puppets, each);
    puppets.iter_mut().for_each(|puppet| puppet.holds_dtls = false);
    play(&mut puppets, CONNECT_MAX, |puppets| puppets.iter().all(Puppet::is_connected)).await;
    let connected = puppets.iter().filter(|puppet| puppet.is_connected()).count();
    forger.forge(&puppets, each);
    play(&mut puppets, AFTERWARDS, |_| false).await;

    let heard_before = target.page().await?;
    let sent_before = sent(&puppets);
    play(&mut puppets, AFTERWARDS, |_| false).await;
    let after = target.page().await?;
    let mut report = AttackReport::new("client-hello");
    report.figure("ClientHellos forged", float(forger.sent), "");
    report.figure("sessions", f64::from(plan.sessions), "");
    report.figure("connected", size(connected), "");
    let arrived = after.since(&heard_before, "sfu_rtp_received_packets_total")?;
    let expected = sent(&puppets).saturating_sub(sent_before);
    report.figure("of their media arrived afterwards", 100.0 * arrived / float(expected.max(1)), "%");
    let lost = puppets.iter().filter(|puppet| !puppet.is_connected()).count();
    for puppet in puppets.iter().filter(|puppet| !puppet.is_connected()).take(3) {
        report.fail(format!("a session is {:?}", puppet.phase()));
    }
    let closed = after.since(&before, "sfu_transports_closed_total")?;
    report.bar("sessions lost at the client", size(lost), 0.0, "");
    report.bar("sessions ended at the server", closed, 0.0, "");
    if arrived < 0.9 * float(expected) {
        report.fail(format!("of {expected} packets sent afterwards {arrived} arrived"));
    }
    leave(puppets, target, &mut report).await;
    Ok(report)
}

fn sent(puppets: &[Puppet]) -> u64 {
    puppets.iter().map(|puppet| puppet.counts().sent).sum()
}

/// Who forges.
struct Forger {
    noise: Noise,
    strangers: Vec<UdpSocket>,
    sent: u64,
}

impl Forger {
    /// So many ClientHellos about each session: every second one from its own address.
    fn forge(&mut self, puppets: &[Puppet], each: u32) {
        for puppet in puppets {
            for (number, stranger) in (0..each).zip(self.strangers.iter().cycle()) {
                let hello = self.noise.next(Kind::ClientHello);
                let sent = match number % 2 {
                    0 => stranger.send_to(hello, puppet.server),
                    _ => puppet.socket.send(hello),
                };
                self.sent += u64::from(sent.is_ok());
            }
        }
    }
}

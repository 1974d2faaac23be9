//! Honest people beside an attack: a small webinar, whose packets are counted and whose frames are judged.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::report::{float, size};
use super::{AttackError, AttackReport, Target};
use crate::lean::window::Measured;
use crate::lean::{Crowd, CrowdOptions, CrowdReport, Live, Media, Offload, Publishers, Shape, Shows, Verify};
use crate::media::{ClipSize, Codec};
use crate::verify::Fault;

/// Publishers of the webinar.
const PUBLISHERS: u16 = 2;
/// Longer than any attack, whose end is the end of what is measured.
const LONG: Duration = Duration::from_secs(24 * 3_600);

/// Of what publishers send, so much may be on its way when a window opens or closes, or not yet be in a thread's tally.
const ON_THE_WAY: Duration = Duration::from_millis(200);

/// People who watch.
#[derive(Debug)]
pub struct Audience {
    crowd: Crowd,
    /// Who was to watch, whether they were let in or not.
    wanted: u16,
}

/// How it was for them.
#[derive(Clone, Debug)]
pub struct Seen {
    pub report: CrowdReport,
    wanted: u16,
    /// Packets that never came, per cent of all: by their numbers, or by what was sent meanwhile if that is more.
    pub lost_percent: f64,
    /// Packets that publishers had to repeat, per cent of all: what was lost on the way to the server, and mended.
    pub repeated_percent: f64,
}

impl Audience {
    /// Returns when `viewers` watch all publishers.
    pub async fn gather(target: &Target, viewers: u16) -> Result<Self, AttackError> {
        let shape = Shape {
            name: "audience",
            rooms: 1,
            publishers: PUBLISHERS,
            publishers_do: Publishers::Publish,
            subscribers: viewers,
            shows: Shows::Everybody,
            media: Media::Both,
            codec: Codec::Vp8,
            clip: ClipSize::Small,
            seed: target.seed,
            seconds: LONG.as_secs(),
            ramp_seconds: 1,
            verify: Verify::All,
        };
        let options =
            CrowdOptions { threads: 1, bind: target.bind.clone(), offload: Offload::On, server_pid: target.pid };
        let mut crowd = Crowd::gather(Arc::new(target.server.clone()), &shape, &options)?;
        let never = CancellationToken::new();
        crowd.publish(&Live::silent(), &never).await?;
        crowd.watch(&Live::silent(), &never).await;
        Ok(Self { crowd, wanted: viewers })
    }

    /// Watches until `attack` is over, and goes home.
    pub async fn during<T>(self, attack: impl Future<Output = T>) -> (Seen, T) {
        let (over, live) = (CancellationToken::new(), Live::silent());
        let attack = async {
            let outcome = attack.await;
            over.cancel();
            outcome
        };
        let (measured, outcome) = tokio::join!(self.crowd.play(LONG, &live, &over), attack);
        let report = self.crowd.leave(measured, false).await;
        let count = |fault| float(report.faults.get(&fault).copied().unwrap_or(0));
        // Both since they joined; a frame is a packet at least.
        let lost = count(Fault::Lost).max(count(Fault::FrameMissing));
        let by_number = lost / (float(report.packets) + lost).max(1.0);
        let sent = float(report.publishers.rtp_out).max(1.0);
        let seen = Seen {
            lost_percent: 100.0 * by_number.max(undelivered(&report.measured, self.wanted)),
            wanted: self.wanted,
            repeated_percent: 100.0 * float(report.publishers.rtx_out) / sent,
            report,
        };
        (seen, outcome)
    }
}

impl Seen {
    /// Holds it against what nobody may notice of an attack: all were let in and saw everything, to the end, and nothing was
    /// wrong with it that loss on the way does not excuse. What they lost is for the caller. `blind` names the bar.
    pub fn tell(&self, report: &mut AttackReport, blind: &'static str) {
        let crowd = &self.report;
        report.bar(blind, f64::from(self.wanted) - size(crowd.watched), 0.0, "");
        crowd.inexcusable.iter().for_each(|words| report.fail(format!("the audience: {words}")));
        crowd.faults.iter().filter(|(fault, _)| !fault.may_follow_loss()).for_each(|(fault, count)| {
            report.fail(format!("the audience saw {fault:?} {count} times"));
        });
        crowd.warnings.iter().for_each(|words| report.warn(words.clone()));
    }
}

/// The share that did not come of what publishers sent in a window to each of `viewers`: a server that sends nothing leaves no
/// gap in its numbers.
fn undelivered(measured: &Measured, viewers: u16) -> f64 {
    let sent = measured.sent_per_second * (measured.flow.seconds - ON_THE_WAY.as_secs_f64());
    let due = sent * f64::from(viewers);
    if due > 0.0 { (1.0 - float(measured.flow.packets) / due).max(0.0) } else { 0.0 }
}

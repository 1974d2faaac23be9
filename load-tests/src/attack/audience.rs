//! Honest people beside an attack: a small webinar, whose packets are counted and whose frames are judged.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::report::float;
use super::{AttackError, Target};
use crate::lean::{Crowd, CrowdOptions, CrowdReport, Live, Media, Offload, Publishers, Shape, Shows, Verify};
use crate::media::{ClipSize, Codec};
use crate::verify::Fault;

/// Publishers of the webinar.
const PUBLISHERS: u16 = 2;
/// Longer than any attack, whose end is the end of what is measured.
const LONG: Duration = Duration::from_secs(24 * 3_600);

/// People who watch.
#[derive(Debug)]
pub struct Audience(Crowd);

/// How it was for them.
#[derive(Clone, Debug)]
pub struct Seen {
    pub report: CrowdReport,
    /// Packets that never came, per cent of all.
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
        Ok(Self(crowd))
    }

    /// Watches until `attack` is over, and goes home.
    pub async fn during<T>(self, attack: impl Future<Output = T>) -> (Seen, T) {
        let (over, live) = (CancellationToken::new(), Live::silent());
        let attack = async {
            let outcome = attack.await;
            over.cancel();
            outcome
        };
        let (measured, outcome) = tokio::join!(self.0.play(LONG, &live, &over), attack);
        let report = self.0.leave(measured, false).await;
        let count = |fault| float(report.faults.get(&fault).copied().unwrap_or(0));
        let packets = float(report.measured.flow.packets).max(1.0);
        let lost = count(Fault::Lost).max(count(Fault::FrameMissing));
        let sent = float(report.publishers.rtp_out).max(1.0);
        let seen = Seen {
            lost_percent: 100.0 * lost / (packets + lost),
            repeated_percent: 100.0 * float(report.publishers.rtx_out) / sent,
            report,
        };
        (seen, outcome)
    }
}

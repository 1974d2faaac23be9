//! Sessions that are begun and left half open, in three kinds: a WebSocket that never joins, an offer whose ICE is done and whose
//! DTLS never begins, a DTLS handshake that stops in the middle. What each costs the server, and how long they stay.

use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};

use super::half::{Half, Socket, websocket};
use super::page::Page;
use super::puppet::Strings;
use super::report::{float, size};
use super::{AttackError, AttackReport, Target};
use crate::lean::description::Direction;
use crate::media::ClipSize;

/// Offers that wait for their answers at the same time.
const OFFERS_AT_ONCE: usize = 32;
/// Rounds of checks and handshake messages; what is lost is said again.
const ROUNDS: usize = 6;
/// Between two rounds, and two looks at the server.
const LOOK: Duration = Duration::from_millis(200);
/// All must be gone by then.
const GONE_MAX: Duration = Duration::from_secs(45);
/// How long is waited for that before the report says that they never went.
const PATIENCE: Duration = Duration::from_secs(90);
/// What each may cost, KiB.
const KIB_EACH_MAX: f64 = 20.0;

/// How many.
#[derive(Clone, Copy, Debug)]
pub struct HalfOpenPlan {
    /// Of all three kinds together.
    pub count: u32,
}

/// The server at one moment.
#[derive(Clone, Copy, Debug)]
struct Look {
    open: f64,
    resident: Option<u64>,
}

impl Look {
    async fn at(target: &Target) -> Result<Self, AttackError> {
        Ok(Self { open: open(&target.page().await?)?, resident: target.resident() })
    }

    /// KiB for each that was opened since an earlier look.
    fn kib_each(self, earlier: Self) -> Option<f64> {
        let bytes = float(self.resident?) - float(earlier.resident?);
        Some(bytes.max(0.0) / 1_024.0 / (self.open - earlier.open).max(1.0))
    }
}

fn open(page: &Page) -> Result<f64, AttackError> {
    Ok(page.sum("sfu_transports")? + page.sum("sfu_sockets")?)
}

/// Opens sessions half, and waits until they are gone.
pub async fn run(target: &Target, plan: &HalfOpenPlan) -> Result<AttackReport, AttackError> {
    let strings = Strings::new(target, ClipSize::Small)?;
    let each = plan.count.div_ceil(3);
    let mut report = AttackReport::new("half-open");
    let before = Look::at(target).await?;

    let mut halves = offers(&strings, each * 2).await?;
    let offered = Look::at(target).await?;
    check(&mut halves).await;
    let checked = Look::at(target).await?;
    stall(halves.get_mut(..usize::try_from(each).unwrap_or(0)).unwrap_or_default()).await?;
    let handshaking = Look::at(target).await?;
    let sockets = websockets(target, each).await?;
    let all = Look::at(target).await?;
    let last_opened = Instant::now();

    report.figure("opened", all.open - before.open, "");
    report.figure("answered checks", size(halves.iter().filter(|half| half.is_checked()).count()), "");
    report.figure(
        "handshakes that stopped in the middle",
        size(halves.iter().filter(|half| half.is_stalled()).count()),
        "",
    );
    report.figure("WebSockets that said nothing", size(sockets.len()), "");
    let half = f64::from(each) * 2.0;
    if all.open - before.open < 0.98 * 1.5 * half {
        report.warn(format!(
            "only {:.0} were open at the same time; the first were gone before the last came",
            all.open - before.open
        ));
    }
    // Each of these adds to what is open already, so growth is what one of the kind costs from its beginning on.
    let offer_kib = offered.kib_each(before);
    let grown = |later: Look, earlier: Look, count: f64| {
        Some((float(later.resident?) - float(earlier.resident?)).max(0.0) / 1_024.0 / count)
    };
    let ice = offer_kib.zip(grown(checked, offered, half)).map(|(offer, more)| offer + more);
    let dtls = ice.zip(grown(handshaking, checked, f64::from(each))).map(|(ice, more)| ice + more);
    let kinds = [
        ("each offer", offer_kib),
        ("each session whose ICE is done", ice),
        ("each handshake that stopped", dtls),
        ("each WebSocket", all.kib_each(handshaking)),
    ];
    for (name, kib) in kinds {
        match kib {
            Some(kib) => report.bar(name, kib, KIB_EACH_MAX, "KiB"),
            None => report.warn("the server's memory is not known without --server-pid".to_owned()),
        }
    }
    gone(target, before, last_opened, &mut report).await?;
    drop((halves, sockets));
    Ok(report)
}

/// Waits until no more is open than before.
async fn gone(target: &Target, before: Look, since: Instant, report: &mut AttackReport) -> Result<(), AttackError> {
    let mut left = Look::at(target).await?;
    while left.open > before.open && since.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
        left = Look::at(target).await?;
    }
    report.bar("gone after", since.elapsed().as_secs_f64(), GONE_MAX.as_secs_f64(), "s");
    report.bar("left", (left.open - before.open).max(0.0), 0.0, "");
    let mib = |look: Look| look.resident.map(|bytes| float(bytes) / 1_048_576.0);
    if let Some((before, after)) = mib(before).zip(mib(left)) {
        report.figure("server memory before", before, "MiB");
        report.figure("server memory when all are gone", after, "MiB");
    }
    Ok(())
}

/// Offers to watch, each from a socket of its own.
async fn offers(strings: &Strings, count: u32) -> Result<Vec<Half>, AttackError> {
    stream::iter(0..count)
        .map(|number| async move {
            let (socket, offer) = strings.offer(Direction::Receive)?;
            let room = strings.room("half", u16::try_from(number % 512).unwrap_or(0));
            let resource = strings.target.server.watch(&room, &[], offer).await?;
            Half::new(socket, &resource.answer, strings)
        })
        .buffer_unordered(OFFERS_AT_ONCE)
        .try_collect()
        .await
}

async fn check(halves: &mut [Half]) {
    for _ in 0..ROUNDS {
        halves.iter_mut().for_each(Half::check);
        tokio::time::sleep(LOOK).await;
        halves.iter_mut().for_each(Half::listen);
        if halves.iter().all(Half::is_checked) {
            return;
        }
    }
}

async fn stall(halves: &mut [Half]) -> Result<(), AttackError> {
    for half in &mut *halves {
        half.begin_handshake()?;
    }
    for _ in 0..ROUNDS {
        tokio::time::sleep(LOOK).await;
        halves.iter_mut().for_each(Half::listen);
        if halves.iter().all(Half::is_stalled) {
            break;
        }
    }
    Ok(())
}

async fn websockets(target: &Target, count: u32) -> Result<Vec<Socket>, AttackError> {
    stream::iter(0..count)
        .map(|number| websocket(target, "half-open", number))
        .buffer_unordered(OFFERS_AT_ONCE)
        .try_collect()
        .await
}

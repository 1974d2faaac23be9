//! A crowd's run in numbers, everything that was wrong in words, and a warning where the clients were the bottleneck.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::config::Phase;
use super::lips::STEADY;
use super::shape::Shape;
use super::strain::Strain;
use super::window::Measured;
use super::worker::{ClientFinding, WorkerFinding};
use crate::client::{CountersSnapshot, empty_histogram};
use crate::scenario::Percentiles;
use crate::verify::Fault;

/// Failures that are written out; more are counted.
const FAILURES_MAX: usize = 20;
/// A client whose media is silent for so long at the end was left behind.
const SILENT_MAX: Duration = Duration::from_secs(2);

/// What is known when everybody has left.
#[derive(Debug)]
pub struct Ended {
    pub findings: Vec<WorkerFinding>,
    /// Why some could not join, or leave as they should.
    pub signalling: Vec<String>,
    pub interrupted: bool,
    /// Since the publishers joined.
    pub sent: CountersSnapshot,
}

/// All of a run.
#[derive(Clone, Debug, Serialize)]
pub struct CrowdReport {
    pub shape: Shape,
    pub threads: usize,
    /// Whether the kernel merged what clients receive (`UDP_GRO`).
    pub gro: bool,
    pub verified: bool,
    pub interrupted: bool,
    pub joined: usize,
    pub connected: usize,
    /// Clients every slot of which had a whole frame.
    pub watched: usize,
    /// Clients of which every packet was authenticated and every frame compared.
    pub judged: usize,
    pub measured: Measured,
    /// Retransmission requests and keyframe requests that reached the publishers.
    pub publishers: CountersSnapshot,
    /// From when the offer was due to the keys.
    pub connect: Percentiles,
    /// From when the offer was due to the first whole frame of each slot of video, or of audio where there is no video.
    pub first_frame: Percentiles,
    /// From the publisher's turn to send a frame to the whole frame here; of sounds where there is no video.
    pub frame_latency: Percentiles,
    /// How far sounds were from their pictures by sender reports, whichever way; of judged clients.
    pub lip_offset: Percentiles,
    /// Packets of media since the clients joined, mended ones among them.
    pub packets: u64,
    /// From a layout to the first frame of the encoding that fits it, where that is another than before.
    pub layer_switch: Percentiles,
    /// Whole frames, video and audio, since the clients joined.
    pub frames: u64,
    /// Packets that were missing, and came by retransmission or late.
    pub mended: u64,
    pub duplicates: u64,
    pub faults: BTreeMap<Fault, u64>,
    pub failures: Vec<String>,
    pub failures_total: usize,
    /// Those failures that no loss on the way excuses.
    pub inexcusable: Vec<String>,
    pub warnings: Vec<String>,
}

impl CrowdReport {
    pub(super) fn new(shape: &Shape, threads: usize, gro: bool, measured: Measured, ended: Ended) -> Self {
        let mut failures: Vec<_> = ended.signalling.into_iter().map(Failure::of_server).collect();
        let (mut connect, mut first_frame, mut latency) = (empty_histogram(), empty_histogram(), empty_histogram());
        let (mut lips, mut switches) = (empty_histogram(), empty_histogram());
        let mut report = Self {
            shape: shape.clone(),
            threads,
            gro,
            verified: false,
            interrupted: ended.interrupted,
            joined: 0,
            connected: 0,
            watched: 0,
            judged: 0,
            warnings: Strain::of(&measured).warnings(),
            measured,
            publishers: ended.sent,
            connect: Percentiles::default(),
            first_frame: Percentiles::default(),
            frame_latency: Percentiles::default(),
            lip_offset: Percentiles::default(),
            layer_switch: Percentiles::default(),
            packets: 0,
            frames: 0,
            mended: 0,
            duplicates: 0,
            faults: BTreeMap::new(),
            failures: Vec::new(),
            failures_total: 0,
            inexcusable: Vec::new(),
        };
        let mut compared = 0;
        for finding in &ended.findings {
            latency += &finding.latency_us;
            for client in &finding.clients {
                report.add(client);
                failures.extend(failures_of(shape, client));
                let switched = client.slots.iter().flat_map(|slot| &slot.switches_us);
                switched.for_each(|micros| switches.saturating_record(*micros));
                compared = client.slots.iter().map(|slot| slot.lips.comparisons()).fold(compared, usize::max);
                client
                    .slots
                    .iter()
                    .flat_map(|slot| slot.lips.apart())
                    .for_each(|micros| lips.saturating_record(micros));
                let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                client
                    .connected_after
                    .iter()
                    .filter(|_| client.watches)
                    .for_each(|time| connect.saturating_record(micros(*time)));
                let first = client.slots.iter().zip(&client.first_frame_after);
                let first = first.filter(|(slot, _)| slot.codec.is_video() == shape.media.has_video());
                first.filter_map(|(_, time)| *time).for_each(|time| first_frame.saturating_record(micros(time)));
            }
        }
        report.warnings.extend(lips_unjudged(shape, compared));
        report.connect = Percentiles::of(&connect);
        report.first_frame = Percentiles::of(&first_frame);
        report.frame_latency = Percentiles::of(&latency);
        report.lip_offset = Percentiles::of(&lips);
        report.layer_switch = Percentiles::of(&switches);
        report.verified = failures.is_empty() && report.joined > 0;
        report.failures_total = failures.len();
        let inexcusable = failures.iter().filter(|failure| !failure.may_follow_loss);
        report.inexcusable = inexcusable.take(FAILURES_MAX).map(|failure| failure.words.clone()).collect();
        report.failures = failures.into_iter().take(FAILURES_MAX).map(|failure| failure.words).collect();
        report
    }

    fn add(&mut self, client: &ClientFinding) {
        let strange = [(Fault::Stray, client.strays), (Fault::NotAuthentic, client.unopened)];
        for (fault, count) in strange.into_iter().filter(|(_, count)| *count > 0) {
            *self.faults.entry(fault).or_insert(0) += count;
        }
        if !client.watches {
            return;
        }
        self.joined += 1;
        self.connected += usize::from(client.connected_after.is_some());
        self.watched += usize::from(client.slots.iter().all(|slot| slot.frames > 0));
        self.judged += usize::from(client.slots.iter().any(|slot| slot.judged));
        for slot in &client.slots {
            self.packets += slot.packets;
            self.frames += slot.frames;
            self.mended += slot.mended;
            self.duplicates += slot.duplicates;
            slot.faults.iter().for_each(|(fault, count)| *self.faults.entry(*fault).or_insert(0) += count);
        }
    }
}

/// Something that must not be.
#[derive(Debug)]
struct Failure {
    words: String,
    may_follow_loss: bool,
}

impl Failure {
    fn of_server(words: String) -> Self {
        Self { words, may_follow_loss: false }
    }
}

/// Everything about one client that must not be.
fn failures_of(shape: &Shape, client: &ClientFinding) -> Vec<Failure> {
    let who = &client.name;
    match &client.phase {
        Phase::Connected => {}
        Phase::Failed(why) => return vec![Failure::of_server(format!("{who}: {why}"))],
        Phase::Closed => return vec![Failure::of_server(format!("{who}: the server said goodbye"))],
        Phase::Checking => {
            let words = format!("{who}: no check was answered; is UDP to the server's candidate open?");
            return vec![Failure::of_server(words)];
        }
        Phase::Handshaking => return vec![Failure::of_server(format!("{who}: the DTLS handshake did not end"))],
    }
    let strange = [
        (client.strays, "packets of streams that it has no slot for"),
        (client.unopened, "RTCP packets that its keys do not open"),
    ];
    let strange = strange.into_iter().filter(|(count, _)| *count > 0);
    let mut failures: Vec<_> =
        strange.map(|(count, what)| Failure::of_server(format!("{who}: {count} {what}"))).collect();
    if !client.watches || !shape.is_shown_some(client.number) {
        return failures;
    }
    let may_be_empty = !shape.fills_every_slot() && client.slots.iter().any(|slot| slot.frames > 0);
    for (number, slot) in client.slots.iter().enumerate() {
        let codec = slot.codec;
        if slot.frames == 0 && may_be_empty {
            continue;
        }
        if slot.frames == 0 {
            failures.push(Failure::of_server(format!(
                "{who}, {codec} slot {number}: no whole frame out of {} packets; {:?}",
                slot.packets, slot.examples
            )));
        } else if !slot.faults.is_empty() {
            let words = format!("{who}, {codec} slot {number}: {:?}; {:?}", slot.faults, slot.examples);
            failures.push(Failure { words, may_follow_loss: slot.faults.keys().all(|fault| fault.may_follow_loss()) });
        }
    }
    let blind = client.slots.iter().any(|slot| slot.frames == 0) && !may_be_empty;
    if !blind && client.silent_for.is_none_or(|silent| silent > SILENT_MAX) {
        let words = format!("{who}: media stopped {:?} before the end", client.silent_for.unwrap_or_default());
        failures.push(Failure::of_server(words));
    }
    failures
}

/// Says so where nobody watched for long enough to tell whether sound and picture are apart; `compared` is the most that one did.
fn lips_unjudged(shape: &Shape, compared: usize) -> Option<String> {
    let both = shape.media.has_video() && shape.media.has_audio();
    let words = format!(
        "sound was not held against its picture: reports of {compared} s, where {STEADY} are needed, of one publisher's two streams"
    );
    (both && compared < STEADY).then_some(words)
}

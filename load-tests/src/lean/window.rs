//! What happened between two moments while everybody watched, and what it cost whom.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fleet::Fleet;
use super::reach::Reached;
use super::worker::Tally;
use crate::account::{ThreadTimes, float};

/// What flowed through all clients between two looks at them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    pub seconds: f64,
    /// Received by all clients, by retransmission too, and each once however often it came.
    pub packets: u64,
    pub packets_per_second: f64,
    pub megabits_per_second: f64,
    /// Retransmissions among them.
    pub repeats: u64,
    /// Packets that were authenticated.
    pub opened: u64,
    pub nacks: u64,
    pub plis: u64,
    pub nacks_per_second: f64,
    pub plis_per_second: f64,
    /// Datagrams of feedback that clients sent.
    pub feedbacks: u64,
    /// Processors' worth of work of the clients' threads.
    pub cores: f64,
    /// CPU time of the clients' threads for each packet; 0 where none came.
    pub ns_per_packet: f64,
    /// Packets that one receive call brought.
    pub packets_per_receive: f64,
    /// Share of the time in which the busiest thread worked, per cent.
    pub busiest_percent: f64,
    /// Share of the time in which the most hindered thread waited for a processor, per cent.
    pub waiting_percent: f64,
}

impl Flow {
    /// From one set of tallies to a later one of the same threads.
    pub fn between(before: &[Tally], after: &[Tally]) -> Self {
        let mut flow = Self::default();
        let (mut receives, mut bytes, mut cpu) = (0, 0, Duration::ZERO);
        for (start, end) in before.iter().zip(after) {
            let seconds = end.at.saturating_duration_since(start.at).as_secs_f64();
            let percent = |time: Duration| 100.0 * time.as_secs_f64() / seconds.max(0.001);
            flow.seconds = flow.seconds.max(seconds);
            let counts = end.counts.minus(start.counts);
            let again = end.duplicates.saturating_sub(start.duplicates);
            flow.packets += (counts.packets + counts.repeats).saturating_sub(again);
            flow.repeats += counts.repeats;
            flow.opened += counts.opened;
            flow.nacks += counts.nacks;
            flow.plis += counts.plis;
            flow.feedbacks += counts.feedbacks;
            bytes += counts.bytes;
            receives += end.receives.saturating_sub(start.receives);
            let worked = end.cpu.saturating_sub(start.cpu);
            cpu += worked;
            flow.busiest_percent = flow.busiest_percent.max(percent(worked));
            flow.waiting_percent = flow.waiting_percent.max(percent(end.waited.saturating_sub(start.waited)));
        }
        let per_second = |count: u64| float(count) / flow.seconds.max(0.001);
        flow.packets_per_second = per_second(flow.packets);
        flow.megabits_per_second = per_second(bytes) * 8.0 / 1e6;
        flow.nacks_per_second = per_second(flow.nacks);
        flow.plis_per_second = per_second(flow.plis);
        flow.cores = cpu.as_secs_f64() / flow.seconds.max(0.001);
        if flow.packets > 0 {
            flow.ns_per_packet = cpu.as_secs_f64() * 1e9 / float(flow.packets);
        }
        flow.packets_per_receive = float(flow.packets) / float(receives.max(1));
        flow
    }

    /// For a person to read.
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is positive and far below 2⁵³"
    )]
    pub fn packets_per_second_rounded(&self) -> u64 {
        self.packets_per_second.round() as u64
    }
}

/// A window, open or closed.
#[derive(Debug)]
pub struct Window {
    opened: Instant,
    tallies: Vec<Tally>,
    published: Tally,
    own: ThreadTimes,
    server_pid: Option<u32>,
    server: Option<ThreadTimes>,
}

/// How the publishers' thread did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Publishing {
    /// Shares of the time in which it worked, and waited for a processor, per cent.
    pub worked_percent: f64,
    pub waited_percent: f64,
    /// How often a track left out frames since its thread came too late.
    pub resumed: u64,
}

/// What a closed window tells.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    pub flow: Flow,
    pub frames: Reached,
    pub publishing: Publishing,
    /// RTP packets that publishers sent, retransmissions not among them.
    pub sent_per_second: f64,
    /// Processors' worth of work of this process beside the lean clients: publishers and signalling.
    pub other_client_cores: f64,
    /// The same of the server, where its process is known.
    pub server_cores: Option<f64>,
    /// CPU time of the server for each packet that clients received.
    pub server_ns_per_packet: Option<f64>,
    /// Datagrams that the kernel dropped because a client did not read them in time, since the run began.
    pub socket_drops: u64,
}

impl Window {
    pub fn open(fleet: &Fleet, server_pid: Option<u32>) -> Self {
        let server = server_pid.and_then(|pid| ThreadTimes::of(pid).ok());
        let own = own_threads();
        let (tallies, published) = (fleet.tallies(), fleet.published());
        Self { opened: Instant::now(), tallies, published, own, server_pid, server }
    }

    /// Closes while the clients are still there; `ports` are those of their sockets. What became of the frames is known later.
    pub fn close(self, fleet: &Fleet, ports: &BTreeSet<u16>) -> Measured {
        let flow = Flow::between(&self.tallies, &fleet.tallies());
        let elapsed = self.opened.elapsed().as_secs_f64().max(0.001);
        let own = own_threads().since(&self.own).as_secs_f64() / elapsed;
        let server_now = self.server_pid.and_then(|pid| ThreadTimes::of(pid).ok());
        let server = server_now.zip(self.server).map(|(now, before)| now.since(&before).as_secs_f64() / elapsed);
        let published = fleet.published();
        let sending = published.at.saturating_duration_since(self.published.at).as_secs_f64().max(0.001);
        let sent = published.counts.minus(self.published.counts);
        let thread = Flow::between(&[self.published], &[published]);
        Measured {
            flow,
            frames: Reached::default(),
            publishing: Publishing {
                worked_percent: thread.busiest_percent,
                waited_percent: thread.waiting_percent,
                resumed: sent.resumed,
            },
            sent_per_second: float(sent.sent) / sending,
            other_client_cores: (own - flow.cores).max(0.0),
            server_cores: server,
            server_ns_per_packet: server
                .filter(|_| flow.packets > 0)
                .map(|cores| cores * 1e9 / flow.packets_per_second),
            socket_drops: socket_drops(ports),
        }
    }
}

/// Of this process; empty where the system does not tell.
fn own_threads() -> ThreadTimes {
    ThreadTimes::of(std::process::id()).unwrap_or_default()
}

/// Datagrams that the kernel dropped at this machine's UDP sockets on `ports`, since each was opened.
pub(crate) fn socket_drops(ports: &BTreeSet<u16>) -> u64 {
    ["/proc/net/udp", "/proc/net/udp6"].iter().map(|table| drops(table, ports)).sum()
}

fn drops(table: &str, ports: &BTreeSet<u16>) -> u64 {
    drops_in(&fs::read_to_string(table).unwrap_or_default(), ports)
}

/// The sum of the last column, `drops`, over the lines whose local port is among `ports`.
fn drops_in(table: &str, ports: &BTreeSet<u16>) -> u64 {
    let of = |line: &str| -> Option<u64> {
        let local = line.split_whitespace().nth(1)?;
        let port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        ports.contains(&port).then(|| line.split_whitespace().next_back()?.parse().ok()).flatten()
    };
    table.lines().skip(1).filter_map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::counts::Counts;
    use super::*;

    #[test]
    fn drops_are_summed_over_the_clients_own_sockets() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            1: 0100007F:1ECA 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 1 2 0000 7\n\
            2: 00000000:1ECB 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000 100\n\
            3: 0100007F:1ECC 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 1 2 0000 5\n";
        assert_eq!(drops_in(table, &BTreeSet::from([0x1eca, 0x1ecc])), 12);
        assert_eq!(drops_in(table, &BTreeSet::new()), 0);
    }

    #[test]
    fn cost_and_rates_are_of_the_time_between() {
        let start = Tally::none(Instant::now());
        let counts = Counts { packets: 900, repeats: 110, bytes: 1_000_000, ..Counts::default() };
        let end = Tally {
            at: start.at + Duration::from_secs(2),
            counts,
            duplicates: 10,
            receives: 100,
            cpu: Duration::from_millis(500),
            waited: Duration::from_millis(200),
            ..start
        };
        let flow = Flow::between(&[start], &[end]);
        assert_eq!((flow.packets, flow.packets_per_second_rounded()), (1_000, 500));
        let near = |figure: f64, expected: f64| assert!((figure - expected).abs() < 1e-6, "{figure}, not {expected}");
        near(flow.megabits_per_second, 4.0);
        near(flow.ns_per_packet, 500_000.0);
        near(flow.packets_per_receive, 10.0);
        near(flow.busiest_percent, 25.0);
        near(flow.waiting_percent, 10.0);
    }
}

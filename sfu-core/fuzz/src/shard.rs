//! A shard under commands and datagrams in any order: joins, restarts and ends, checks with valid integrity, DTLS and
//! noise from addresses that are verified and from others. Nobody finishes a handshake.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::{Command, DataPayload, Join, LayoutEntry, Muting};
use sfu_core::event::{Event, PatchOutcome};
use sfu_core::id::{Identity, Mid, RequestId, RoomName, TrackName, TransportId};
use sfu_core::shard::{Datagram, Shard, ShardConfig, StreamChange};
use sfu_core::stats::ShardStats;
use sfu_core::transport::{IceCredentials, Pair};

use super::caps;
use super::input::Input;
use super::transport::{certificate, check, cookie_asked, with_cookie};

/// Offers of real clients, small ones.
const OFFERS: [&str; 4] = [
    include_str!("../../tests/golden/ffmpeg-publish.offer.sdp"),
    include_str!("../../tests/golden/webrtc-rs-publish-simulcast.offer.sdp"),
    include_str!("../../tests/golden/firefox-watch.offer.sdp"),
    include_str!("../../tests/golden/firefox-publish.offer.sdp"),
];
/// What a browser in a room offers, one after the other.
const MEETING: [&str; 5] = [
    include_str!("../../tests/golden/firefox-meet.offer.sdp"),
    include_str!("../../tests/golden/further/firefox-further.offer.sdp"),
    include_str!("../../tests/golden/further/firefox-stopped.offer.sdp"),
    include_str!("../../tests/golden/further/firefox-recycled.offer.sdp"),
    include_str!("../../tests/golden/further/firefox-restart.offer.sdp"),
];
const NAMES: [&str; 3] = ["a", "b", "c"];
/// What changes between a browser's offers.
const WORDS: [&str; 8] =
    ["a=sendonly", "a=recvonly", "a=inactive", "a=sendrecv", "m=audio 9", "m=audio 0", "m=video 0", "a=bundle-only"];
const MIDS: [&str; 4] = ["0", "1", "2", "3"];
const TRANSPORTS_MAX: usize = 8;
const STEPS_MAX: usize = 64;
/// More than any state of so few transports needs to come to rest.
const TURNS_MAX: usize = 10_000;

struct Client {
    id: TransportId,
    server: IceCredentials,
    ufrag: String,
    /// What it offered last.
    offer: String,
}

struct World {
    now: Instant,
    shard: Shard,
    clients: Vec<Client>,
    ids: u64,
    /// What is being answered.
    pending_offer: String,
    /// Of the last HelloVerifyRequest.
    cookie: Option<Vec<u8>>,
    stats: Option<ShardStats>,
}

fn value(text: &str, key: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap_or_default().to_owned()
}

fn address(number: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number % 3], 4_000 + u16::from(number % 5)))
}

/// Every other port is one of a TCP connection.
fn pair(remote: SocketAddr) -> Pair {
    let local = SocketAddr::from(([10, 0, 0, 9], 7_882));
    if remote.port().is_multiple_of(2) { Pair::udp(local, remote) } else { Pair::tcp(local, remote) }
}

impl World {
    fn new() -> Self {
        let now = Instant::now();
        let epoch = (now, Duration::from_secs(1));
        let data_labels = NAMES.map(str::to_owned).to_vec();
        let config = ShardConfig {
            id: sfu_core::id::ShardId(0),
            certificate: certificate(),
            seed: [5; 32],
            epoch,
            data_labels,
            tcp: true,
            rings_bytes_max: sfu_core::limits::RINGS_BYTES_MAX,
        };
        let (clients, pending_offer) = (vec![], String::new());
        Self { now, shard: Shard::new(config), clients, ids: 0, pending_offer, cookie: None, stats: None }
    }

    fn step(&mut self, op: u8, input: &mut Input<'_>) {
        match op % 16 {
            0..=2 => self.join(input.choose(&OFFERS).to_owned(), op, input),
            3 => {
                let offer = self.spoiled(input);
                self.join(offer, op, input);
            }
            4 => self.patch(input),
            5 => {
                let transport = self.client(input).map_or(TransportId(99), |client| client.id);
                self.command(Command::Close { transport });
            }
            7 if op & 0x80 != 0 => {
                let pair = pair(address(input.byte()));
                let change = input.choose(&[StreamChange::Blocked, StreamChange::Writable, StreamChange::Closed]);
                self.shard.handle_stream(self.now, pair, change);
                assert!(change != StreamChange::Closed || !self.shard.holds(pair));
                self.settle();
            }
            6 | 7 => self.pass(Duration::from_millis(u64::from(input.word()) * 2)),
            8 | 9 => {
                let from = address(input.byte());
                self.datagram(from, input.blob());
            }
            10..=12 => {
                let from = address(input.byte());
                let Some(client) = self.client(input) else { return };
                let mut request = check(&client.server, &client.ufrag);
                if op & 0x80 != 0 {
                    let at = usize::from(input.byte()) % request.len();
                    request[at] ^= input.byte();
                }
                self.datagram(from, &request);
            }
            13 | 14 => {
                let from = address(input.byte());
                let body = input.blob();
                let length = u16::try_from(body.len()).unwrap_or(0).to_be_bytes();
                let epoch = input.byte() & 1;
                let mut record = vec![20 + input.byte() % 4, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, input.byte()];
                record.extend(length);
                record.extend(body);
                self.datagram(from, &record);
            }
            _ => match op >> 6 {
                0 => self.lay_out(input),
                1 => self.mute(input),
                2 if op & 0x10 == 0 => self.renegotiate(input),
                2 => self.send(input),
                _ if op & 0x10 == 0 => {
                    let change = caps::change(input, &NAMES, &NAMES);
                    self.command(change);
                }
                _ => self.command(Command::Stats { request: RequestId(0) }),
            },
        }
    }

    fn lay_out(&mut self, input: &mut Input<'_>) {
        let transport = self.client(input).map_or(TransportId(99), |client| client.id);
        let entry = |input: &mut Input<'_>| LayoutEntry {
            mid: Mid(input.choose(&MIDS).into()),
            track: TrackName {
                identity: Identity::new(input.choose(&NAMES)).unwrap(),
                mid: Mid(input.choose(&MIDS).into()),
            },
            height: input.word(),
            priority: input.byte(),
        };
        let layout = (0..input.byte() % 5).map(|_| entry(input)).collect();
        self.command(Command::SetLayout { request: RequestId(0), transport, layout });
    }

    fn mute(&mut self, input: &mut Input<'_>) {
        let transport = self.client(input).map_or(TransportId(99), |client| client.id);
        let muting = if input.byte() & 1 == 0 { Muting::Muted } else { Muting::Unmuted };
        let mid = Mid(input.choose(&MIDS).into());
        self.command(Command::SetMuted { request: RequestId(0), transport, mid, muting });
    }

    fn client(&self, input: &mut Input<'_>) -> Option<&Client> {
        let place = usize::from(input.byte());
        self.clients.get(place % self.clients.len().max(1))
    }

    /// A real offer with some bytes exchanged.
    fn spoiled(&self, input: &mut Input<'_>) -> String {
        let mut offer = input.choose(&OFFERS).as_bytes().to_vec();
        let at = usize::from(input.word()) % offer.len();
        let (gone, new) = (usize::from(input.byte()), input.byte());
        let end = (at + gone).min(offer.len());
        offer.splice(at..end, input.take(usize::from(new)).iter().copied());
        String::from_utf8_lossy(&offer).into_owned()
    }

    fn join(&mut self, offer: String, op: u8, input: &mut Input<'_>) {
        if self.clients.len() >= TRANSPORTS_MAX {
            return;
        }
        // Every other browser in a room offers what only a browser in a room does.
        let offer = if op & 0xb0 == 0xa0 { MEETING[0].to_owned() } else { offer };
        self.pending_offer.clone_from(&offer);
        self.ids += 1;
        let join = Join {
            request: RequestId(self.ids),
            transport: TransportId(self.ids),
            room: RoomName::new(input.choose(&NAMES)).unwrap(),
            identity: Identity::new(input.choose(&NAMES)).unwrap(),
            offer,
            candidates: vec![SocketAddr::from(([10, 0, 0, 9], 7_882))],
            room_caps: RoomCaps::default(),
            caps: Caps::default(),
        };
        let watch: Vec<Identity> =
            (0..input.byte() % 3).map(|_| Identity::new(input.choose(&NAMES)).unwrap()).collect();
        self.command(match (op >> 4) & 3 {
            0 => Command::Publish(join),
            2 => Command::Meet { join, muted: vec![Mid(input.choose(&MIDS).into())] },
            _ => Command::Watch { join, watch },
        });
    }

    /// A further offer: a browser's next, the last one again, or that with a few words exchanged.
    fn renegotiate(&mut self, input: &mut Input<'_>) {
        let Some(client) = self.client(input) else { return };
        let (transport, mut offer) = (client.id, client.offer.clone());
        match input.byte() % 4 {
            0 => offer = input.choose(&MEETING).to_owned(),
            1 => offer = self.spoiled(input),
            2 => {}
            _ => {
                for _ in 0..input.byte() % 4 {
                    let (from, to) = (input.choose(&WORDS), input.choose(&WORDS));
                    let places: Vec<usize> = offer.match_indices(from).map(|(place, _)| place).collect();
                    let Some(at) = places.get(usize::from(input.byte()) % places.len().max(1)) else { continue };
                    offer.replace_range(*at..*at + from.len(), to);
                }
            }
        }
        self.pending_offer.clone_from(&offer);
        let muted = vec![Mid(input.choose(&MIDS).into())];
        self.command(Command::Renegotiate { request: RequestId(0), transport, offer, muted });
    }

    fn send(&mut self, input: &mut Input<'_>) {
        let transport = self.client(input).map_or(TransportId(99), |client| client.id);
        let payload = match input.byte() & 1 {
            0 => DataPayload::Text(String::from_utf8_lossy(input.blob()).into_owned()),
            _ => DataPayload::Binary(input.blob().to_vec().into()),
        };
        let transports = vec![TransportId(99), transport, transport];
        self.command(Command::SendData { transports, label: input.choose(&NAMES).to_owned(), payload });
    }

    fn patch(&mut self, input: &mut Input<'_>) {
        let Some(client) = self.client(input) else { return };
        let (transport, known) = (client.id, client.ufrag.clone());
        let fragment = match input.byte() % 4 {
            0 => format!("a=ice-ufrag:{known}\r\n"),
            1 => format!("a=ice-ufrag:new{:03}\r\na=ice-pwd:{}\r\n", input.byte(), "p".repeat(22)),
            2 => format!("a=ice-ufrag:new{:03}\r\n", input.byte()),
            _ => String::from_utf8_lossy(input.blob()).into_owned(),
        };
        self.command(Command::Patch { request: RequestId(0), transport, fragment });
    }

    fn command(&mut self, command: Command) {
        self.shard.handle_command(self.now, command);
        self.settle();
    }

    fn datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        let (pair, mut bytes) = (pair(from), with_cookie(bytes, self.cookie.as_ref()));
        self.shard.handle_datagram(self.now, Datagram { pair, arrival: self.now, bytes: &mut bytes });
        self.settle();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..TURNS_MAX {
            let Some(due) = self.shard.poll_timeout().filter(|due| *due <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(due);
            self.shard.handle_timeout(self.now);
            self.settle();
        }
        panic!("the timers of a shard never rest");
    }

    fn settle(&mut self) {
        let mut buffer = vec![];
        for turn in 0.. {
            let Some(transmit) = self.shard.poll_transmit(self.now, &mut buffer) else { break };
            let size = transmit.segment_size.map_or(buffer.len(), NonZeroUsize::get);
            assert!(!buffer.is_empty() && size <= 1_500 && turn < TURNS_MAX);
            self.cookie = cookie_asked(&buffer).or(self.cookie.take());
        }
        while let Some(event) = self.shard.poll_event() {
            match event {
                Event::Answered { transport, answer, .. } => {
                    let server =
                        IceCredentials { ufrag: value(&answer, "a=ice-ufrag:"), pwd: value(&answer, "a=ice-pwd:") };
                    let offer = self.pending_offer.clone();
                    let ufrag = value(&offer, "a=ice-ufrag:");
                    self.clients.retain(|client| client.id != transport);
                    self.clients.push(Client { id: transport, server, ufrag, offer });
                }
                Event::Closed { transport, .. } => {
                    let before = self.clients.len();
                    self.clients.retain(|client| client.id != transport);
                    assert_eq!(self.clients.len() + 1, before, "the end of what did not exist");
                }
                Event::Patched { transport, outcome: PatchOutcome::Restarted { fragment, .. }, .. } => {
                    let client = self.clients.iter_mut().find(|client| client.id == transport).unwrap();
                    client.server.ufrag = value(&fragment, "a=ice-ufrag:");
                    client.server.pwd = value(&fragment, "a=ice-pwd:");
                }
                Event::Connected { .. } => panic!("connected without a handshake"),
                Event::Stats { stats, .. } => {
                    assert_eq!(stats.transports.len(), self.clients.len());
                    assert_eq!(stats.counters.panics_caught, 0);
                    self.stats = Some(*stats);
                }
                _ => {}
            }
        }
    }
}

pub fn shard(data: &[u8]) {
    let mut input = Input::new(data);
    let mut world = World::new();
    for _ in 0..STEPS_MAX {
        let Some(op) = input.next() else { break };
        world.step(op, &mut input);
    }
    world.command(Command::CloseAll);
    world.command(Command::Stats { request: RequestId(0) });
    let stats = world.stats.take().unwrap();
    assert_eq!((stats.rooms, stats.timers, stats.inbound.len(), stats.outbound.len()), (0, 0, 0, 0));
    assert_eq!(world.shard.poll_timeout(), None);
}

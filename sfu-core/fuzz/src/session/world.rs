//! A shard with clients in two rooms that all connected, on virtual time, and what must hold of all that leaves it.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::{Command, Join, LayoutEntry};
use sfu_core::event::{Event, PatchOutcome};
use sfu_core::id::{Identity, MediaKind, Mid, RequestId, RoomName, TrackName};
use sfu_core::limits::{RING_BYTES_MAX, STUN_AMPLIFICATION_MAX};
use sfu_core::rtcp::packets;
use sfu_core::rtp::RtpPacket;
use sfu_core::shard::{Datagram, Shard, ShardConfig};
use sfu_core::stats::ShardStats;
use sfu_core::transport::{DatagramKind, DropReason, PacketIndex, Pair, classify};

use super::super::dtls_peer::Peer;
use super::super::marks::{self, AUDIO_LEVEL, MID, Mark, OPUS, VP8, be32};
use super::super::offers::{self, Section, Style};
use super::super::transport::{certificate, check};
use super::client::Client;
use super::packets::room_of;

const SERVER: ([u8; 4], u16) = ([10, 0, 0, 1], 7_882);
/// Who is in which room. The first publishes, the second watches, the third and the fourth do both.
pub const CLIENTS: [(u8, &str); 4] = [(1, "a"), (1, "b"), (1, "c"), (2, "a")];
/// Below the time after which who does not check is gone, whatever a program does.
const CHECKS_APART: Duration = Duration::from_millis(2_500);
/// More sends, events or timers than anything at all needs in one instant.
const TURNS_MAX: usize = 10_000;
/// More timers than so few participants, encodings and rooms have.
const TIMERS_MAX: usize = 256;
/// Datagrams that may be replayed.
const REMEMBERED: usize = 32;

pub struct World {
    pub now: Instant,
    pub clients: Vec<Client>,
    /// Datagrams that clients sent last.
    pub sent: VecDeque<(SocketAddr, Vec<u8>)>,
    /// The highest index on each of the server's SSRCs.
    pub last: HashMap<u32, PacketIndex>,
    /// Handed to the shard since the handshakes.
    pub datagrams: u64,
    /// Media packets that opened at who they were for.
    pub delivered: u64,
    /// Somebody is gone.
    pub is_worn: bool,
    /// What the client will have offered if the shard answers.
    pub offered: Vec<Section>,
    shard: Shard,
    handed: u64,
    next_checks: Instant,
    /// Who may be sent a STUN answer, and the bytes of the request.
    asked: Option<(SocketAddr, usize)>,
    /// Hashes of what was sealed.
    sealed: HashMap<(u32, PacketIndex), u64>,
    stats: Option<ShardStats>,
}

fn sections(place: usize) -> Vec<Section> {
    let [audio, video] = [MediaKind::Audio, MediaKind::Video].map(|kind| Section::new(kind, "sendonly"));
    let slots = [MediaKind::Audio, MediaKind::Video].map(|kind| Section::new(kind, "recvonly"));
    let slots = std::iter::repeat_n(slots, 2).flatten();
    let simulcast = Section { rids: vec!["l", "h"], ..video.clone() };
    let mut sections = match place {
        0 => vec![audio, simulcast],
        1 => slots.collect(),
        2 => [audio, video].into_iter().chain(slots).chain([Section::data()]).collect(),
        _ => [audio, simulcast].into_iter().chain(slots).chain([Section::data()]).collect::<Vec<_>>(),
    };
    offers::name(&mut sections);
    sections
}

impl World {
    /// Everybody is connected, and media flows.
    pub fn connected() -> Self {
        let now = Instant::now();
        let epoch = (now, Duration::from_secs(1_800_000_000));
        let data_labels = vec!["chat".to_owned()];
        let config = ShardConfig {
            id: sfu_core::id::ShardId(0),
            certificate: certificate(),
            seed: [5; 32],
            epoch,
            data_labels,
            tcp: false,
            rings_bytes_max: sfu_core::limits::RINGS_BYTES_MAX,
        };
        let clients = CLIENTS.iter().enumerate().map(|(place, (room, _))| Client::new(place, *room, sections(place)));
        let mut world = Self {
            now,
            clients: clients.collect(),
            sent: VecDeque::new(),
            last: HashMap::new(),
            datagrams: 0,
            delivered: 0,
            is_worn: false,
            offered: vec![],
            shard: Shard::new(config),
            handed: 0,
            next_checks: now + CHECKS_APART,
            asked: None,
            sealed: HashMap::new(),
            stats: None,
        };
        (0..CLIENTS.len()).for_each(|place| world.join(place));
        world.shake_hands();
        world.begin_media();
        world.datagrams = 0;
        world
    }

    fn join(&mut self, place: usize) {
        let (room, identity) = CLIENTS[place];
        let client = &self.clients[place];
        self.offered.clone_from(&client.sections);
        let join = Join {
            request: RequestId(0),
            transport: client.id,
            room: RoomName::new(&format!("room{room}")).unwrap(),
            identity: Identity::new(identity).unwrap(),
            offer: offers::offer(Style::Browser, &client.ice, &client.config.fingerprint(), &client.sections),
            candidates: vec![SERVER.into()],
            room_caps: RoomCaps::default(),
            caps: Caps::default(),
        };
        self.command(match place {
            0 => Command::Publish(join),
            1 => Command::Watch { join, watch: vec![] },
            _ => Command::Meet { join, muted: vec![] },
        });
        assert!(self.clients[place].answer.is_some(), "an offer was refused");
    }

    fn shake_hands(&mut self) {
        for place in 0..self.clients.len() {
            self.check(place, self.clients[place].address);
            self.clients[place].begin(self.now);
        }
        for _ in 0..TURNS_MAX {
            self.exchange();
            if self.clients.iter().all(Client::is_connected) {
                return;
            }
            self.pass(Duration::from_millis(5));
        }
        panic!("nobody connects");
    }

    /// So that whatever breaks can break something that works: media reaches those whom it is for.
    fn begin_media(&mut self) {
        let track = TrackName { identity: Identity::new("a").unwrap(), mid: Mid("1".into()) };
        let layout = vec![LayoutEntry { mid: Mid("3".into()), track, height: 720, priority: 0 }];
        for place in [2, 3] {
            let transport = self.clients[place].id;
            self.command(Command::SetLayout { request: RequestId(0), transport, layout: layout.clone() });
        }
        for (place, rid) in [(0, "l"), (2, "")] {
            let room = self.clients[place].room;
            let (key, index, count, frame) = (true, 0, 1, 0);
            let mark = Mark { publisher: room, encoding: 0, key, index, count, frame, captured_ms: 0, needs_back: 0 };
            for (ssrc, format, mid, payload) in
                [(1_100, OPUS, "0", marks::opus(mark)), (1_000, VP8, "1", marks::vp8(mark, 1, 1, (0, false), 100))]
            {
                let rid = if format == VP8 { rid } else { "" };
                let index = self.clients[place].index(ssrc, 1);
                let extensions: [(u8, &[u8]); 3] =
                    [(MID, mid.as_bytes()), (marks::RID, rid.as_bytes()), (AUDIO_LEVEL, &[0x85])];
                let plain = marks::packet((ssrc, format, index), true, 0, &extensions, &payload);
                let datagram = self.clients[place].seal_rtp(plain).unwrap();
                self.send(place, datagram);
            }
        }
        self.pass(Duration::from_millis(50));
        assert!(self.delivered > 0, "nothing is forwarded at all");
    }

    pub fn command(&mut self, command: Command) {
        self.shard.handle_command(self.now, command);
        self.settle();
        self.exchange();
    }

    /// A client sends a datagram from where it is.
    pub fn send(&mut self, place: usize, datagram: Vec<u8>) {
        let from = self.clients[place].address;
        self.hand(from, &datagram);
        self.sent.push_back((from, datagram));
        if self.sent.len() > REMEMBERED {
            self.sent.pop_front();
        }
        self.exchange();
    }

    /// Anybody sends a datagram.
    pub fn hand(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.asked = (classify(datagram) == DatagramKind::Stun).then_some((from, datagram.len()));
        self.datagrams += 1;
        self.handed += 1;
        let (mut bytes, pair) = (datagram.to_vec(), Pair::udp(SERVER.into(), from));
        self.shard.handle_datagram(self.now, Datagram { pair, arrival: self.now, bytes: &mut bytes });
        self.settle();
    }

    /// A client's check, with which it moves to this address.
    pub fn check(&mut self, place: usize, from: SocketAddr) {
        let client = &mut self.clients[place];
        client.address = from;
        client.verified.insert(from);
        let server = &client.answer.as_ref().unwrap().ice;
        let request = check(server, &client.ice.ufrag);
        self.hand(from, &request);
    }

    /// What the clients' DTLS says by itself.
    pub fn exchange(&mut self) {
        for turn in 0.. {
            let said = |client: &mut Client| client.peer.as_mut().and_then(Peer::poll);
            let next = self.clients.iter_mut().find_map(|client| Some((client.address, said(client)?)));
            let Some((from, datagram)) = next else { return };
            assert!(turn < TURNS_MAX, "two ends of DTLS never rest");
            self.hand(from, &datagram);
        }
    }

    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..TURNS_MAX {
            let due = self.shard.poll_timeout().map_or(self.next_checks, |due| due.min(self.next_checks));
            if due > end {
                self.now = end;
                return;
            }
            self.now = self.now.max(due);
            if self.next_checks <= self.now {
                self.next_checks = self.now + CHECKS_APART;
                (0..self.clients.len()).for_each(|place| self.check(place, self.clients[place].address));
            }
            self.shard.handle_timeout(self.now);
            self.settle();
        }
        panic!("the timers of a shard never rest");
    }

    /// What holds whenever nothing is under way.
    pub fn look(&mut self) {
        self.command(Command::Stats { request: RequestId(0) });
        let stats = self.stats.take().unwrap();
        assert_eq!(stats.counters.panics_caught, 0);
        assert_eq!(stats.counters.datagrams_received, self.handed);
        assert_eq!(stats.transports.len(), self.clients.iter().filter(|client| !client.closed).count());
        assert!(stats.timers <= TIMERS_MAX, "{} timers", stats.timers);
        assert!(stats.inbound.iter().all(|stream| stream.ring_bytes <= RING_BYTES_MAX));
    }

    /// Everybody leaves, and nothing stays.
    pub fn end(mut self) {
        self.look();
        self.command(Command::CloseAll);
        self.command(Command::Stats { request: RequestId(0) });
        let stats = self.stats.take().unwrap();
        assert_eq!((stats.rooms, stats.timers, stats.inbound.len(), stats.outbound.len()), (0, 0, 0, 0));
        assert_eq!(self.shard.poll_timeout(), None);
    }

    fn settle(&mut self) {
        // An answer comes before media on what it names.
        self.hear_all();
        let mut buffer = vec![];
        for turn in 0.. {
            let Some(transmit) = self.shard.poll_transmit(self.now, &mut buffer) else { break };
            assert!(!buffer.is_empty() && turn < TURNS_MAX);
            let size = transmit.segment_size.map_or(buffer.len(), NonZeroUsize::get);
            for datagram in buffer.chunks(size) {
                assert!(datagram.len() <= 1_500, "{} bytes", datagram.len());
                self.leaves(transmit.pair.remote, datagram);
            }
        }
        self.hear_all();
    }

    fn hear_all(&mut self) {
        for turn in 0.. {
            let Some(event) = self.shard.poll_event() else { break };
            assert!(turn < TURNS_MAX, "events without end");
            self.hear(event);
        }
    }

    /// A datagram leaves the shard: for whom it is meant that proved to be there.
    fn leaves(&mut self, to: SocketAddr, datagram: &[u8]) {
        match classify(datagram) {
            DatagramKind::Stun => {
                let (from, bytes) = self.asked.take().expect("an answer to nobody's check");
                assert_eq!(from, to);
                assert!(datagram.len() <= bytes * STUN_AMPLIFICATION_MAX);
            }
            DatagramKind::Dtls => {
                let now = self.now;
                let mut there = self.clients.iter_mut().filter(|client| client.verified.contains(&to)).peekable();
                assert!(there.peek().is_some(), "DTLS to {to}, which nobody verified");
                there.for_each(|client| client.dtls(now, datagram));
            }
            DatagramKind::Rtp => self.media(to, datagram),
            DatagramKind::Rtcp => {
                let mut bytes = datagram.to_vec();
                let mut there = self.clients.iter_mut().filter(|client| client.verified.contains(&to));
                // What does not open is left as it was.
                let plain = there.find_map(|client| client.open_rtcp(&mut bytes.clone()).map(<[u8]>::to_vec));
                bytes = plain.expect("RTCP for nobody who is there");
                assert!(packets(&bytes).all(|packet| packet.is_ok()), "RTCP that is none");
            }
            DatagramKind::Unknown => panic!("noise from the server"),
        }
    }

    fn media(&mut self, to: SocketAddr, datagram: &[u8]) {
        let ssrc = be32(datagram, 8);
        let place = self.clients.iter().position(|client| client.slots.contains(&ssrc));
        let place = place.expect("media on an SSRC that no answer named");
        let client = &mut self.clients[place];
        assert!(client.verified.contains(&to), "media of client {place} to {to}, which it never verified");
        assert!(!client.closed, "media to somebody who is gone");
        let number = u16::from_be_bytes([datagram[2], datagram[3]]);
        let highest = self.last.get(&ssrc).copied();
        let index = PacketIndex::estimate(highest, number);
        self.last.insert(ssrc, highest.map_or(index, |highest| highest.max(index)));
        let mut hasher = DefaultHasher::new();
        datagram.hash(&mut hasher);
        let hash = hasher.finish();
        let known = *self.sealed.entry((ssrc, index)).or_insert(hash);
        assert_eq!(known, hash, "{index:?} on SSRC {ssrc} was sealed twice, with other bytes");
        match client.open_rtp(&mut datagram.to_vec()) {
            Ok(plain) => {
                let packet = RtpPacket::parse(plain).expect("RTP that is none");
                let room = room_of(packet.payload).unwrap_or(client.room);
                assert_eq!(room, client.room, "media of one room reached another");
                self.delivered += 1;
            }
            // The same once more, or older than the receiver's window.
            Err(DropReason::RtpReplayed) => {}
            Err(reason) => panic!("number {number} after {highest:?} on SSRC {ssrc} does not open: {reason:?}"),
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Answered { transport, answer, .. } => {
                let client = self.clients.iter_mut().find(|client| client.id == transport).unwrap();
                let answer = offers::read(&answer);
                client.sections.clone_from(&self.offered);
                client.slots.extend(answer.slots.iter().flat_map(|slot| [Some(slot.ssrc), slot.rtx]).flatten());
                client.slots.sort_unstable();
                client.slots.dedup();
                client.answer = Some(answer);
            }
            Event::Closed { transport, .. } => {
                let client = self.clients.iter_mut().find(|client| client.id == transport).unwrap();
                assert!(!std::mem::replace(&mut client.closed, true), "an end comes once");
                self.is_worn = true;
            }
            Event::Patched { transport, outcome: PatchOutcome::Restarted { fragment, .. }, .. } => {
                let client = self.clients.iter_mut().find(|client| client.id == transport).unwrap();
                let ice = &mut client.answer.as_mut().unwrap().ice;
                ice.ufrag = offers::value_in(&fragment, "ice-ufrag").unwrap();
                ice.pwd = offers::value_in(&fragment, "ice-pwd").unwrap();
            }
            Event::Stats { stats, .. } => self.stats = Some(*stats),
            _ => {}
        }
    }
}

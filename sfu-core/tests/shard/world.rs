//! A shard, its clients, and the links between them, on virtual time and from one seed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use links::Schedule;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::{Command, Join, LayoutEntry};
use sfu_core::event::{CloseReason, Event, PatchOutcome};
use sfu_core::id::{Identity, MediaKind, Mid, RequestId, RoomName, ShardId, TrackName, TransportId};
use sfu_core::limits::RINGS_BYTES_MAX;
use sfu_core::shard::{Datagram, RelayBatch, Shard, ShardConfig, StreamChange};
use sfu_core::stats::ShardStats;
use sfu_core::transport::{DatagramKind, Deframer, IceCredentials, LocalCertificate, Pair, Protocol, classify};

use crate::client::{Client, Role};
use crate::dtls_peer::PeerConfig;
use crate::marks::be32;
use crate::offers::{self, Section, Style};
use crate::publisher::{Publisher, Publishing};
use crate::viewer::Viewer;

/// The first shard's only socket; each further shard has the next port.
pub const SERVER: &str = "10.0.0.1:7882";
/// Steps within one instant after which something turns in a circle.
const STEPS_PER_INSTANT_MAX: u32 = 100_000;

/// One client's link, both ways.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// Lost of a hundred, towards the server and back.
    pub loss_up: f64,
    pub loss_down: f64,
    pub delay: Duration,
    /// Added at random; reorders unless `in_order`.
    pub jitter: Duration,
    /// Who was sent later does not come earlier.
    pub in_order: bool,
    /// What it carries to the client, and how much it keeps waiting before it drops; `None`: anything.
    pub bottleneck: Option<Bottleneck>,
}

/// A narrow place on the way to a client.
#[derive(Debug, Clone, Copy)]
pub struct Bottleneck {
    pub bps: u64,
    /// The longest that a datagram waits there.
    pub queue: Duration,
}

impl Default for Link {
    fn default() -> Self {
        let delay = Duration::from_millis(10);
        Self { loss_up: 0.0, loss_down: 0.0, delay, jitter: Duration::ZERO, in_order: false, bottleneck: None }
    }
}

#[derive(Clone)]
enum Flying {
    Up { client: usize, from: SocketAddr, bytes: Vec<u8> },
    Down { client: usize, bytes: Vec<u8> },
}

/// Times of RTP packets, by client, SSRC and number.
pub type Times = HashMap<(usize, u32, u16), Instant>;

/// When RTP packets passed the shards' edge.
#[derive(Default)]
pub struct Passed {
    pub came: Times,
    pub left: Times,
}

fn note(times: &mut Times, client: usize, datagram: &[u8], now: Instant) {
    if classify(datagram) == DatagramKind::Rtp {
        let number = u16::from_be_bytes([datagram[2], datagram[3]]);
        times.entry((client, be32(datagram, 8), number)).or_insert(now);
    }
}

pub struct World {
    pub now: Instant,
    pub start: Instant,
    pub shards: Vec<Shard>,
    /// Where who joins comes to; `None`: to one after the other.
    pub place: Option<usize>,
    /// Shards give each other nothing.
    pub apart: bool,
    pub clients: Vec<Client>,
    pub links: Vec<Link>,
    /// Every event but `Stats`.
    pub events: Vec<Event>,
    pub rng: StdRng,
    /// Datagrams on their way to the server as they were sent; kept on demand.
    pub tap: Option<Vec<(SocketAddr, Vec<u8>)>>,
    /// Bytes of each datagram that came to a client, and when; kept on demand.
    pub arrived: Option<Vec<(usize, Instant, usize)>>,
    /// When each RTP packet first came to a shard and first left it; kept on demand.
    pub passed: Option<Passed>,
    /// Every RTP packet sent, by client, SSRC and number: what is sealed twice must be the same bytes. `None` where numbers
    /// come round.
    pub sealed: Option<HashMap<(usize, u32, u16), Vec<u8>>>,
    /// Mids that those who meet and those who offer again say are muted.
    pub muted: Vec<Mid>,
    /// Addresses of clients that come over TCP.
    pub over_tcp: HashSet<SocketAddr>,
    /// No viewer agrees on transport-wide numbers, so that links are not estimated and what everybody gets hangs on layouts alone.
    pub unestimated: bool,
    /// Clients whose connection takes no more, with what the server keeps for it.
    pub stuck: HashMap<usize, Vec<u8>>,
    /// Datagrams that a link lost.
    pub sent_into_nothing: u64,
    /// Datagrams in each send over TCP.
    pub sends_over_tcp: Vec<usize>,
    addresses: HashMap<SocketAddr, usize>,
    flying: BTreeMap<(Instant, u64), Flying>,
    flights: u64,
    /// When a client's narrow place has let everything through, and the longest that a datagram waited there.
    narrow: HashMap<usize, (Instant, Duration)>,
    /// Directions of clients, up or not, over one of the relay's links instead of a `Link`.
    paths: BTreeMap<(usize, bool), links::Link<Flying>>,
    /// Directions that share the link of another.
    shared: HashMap<(usize, bool), (usize, bool)>,
    /// When the last datagram of a client's direction comes.
    landings: HashMap<(usize, bool), Instant>,
    requests: u64,
    stats: Option<ShardStats>,
}

/// What a browser says that enters a room with nothing muted.
pub fn met(join: Join) -> Command {
    Command::Meet { join, muted: vec![] }
}

impl World {
    pub fn new(seed: u8) -> Self {
        Self::with_shards(seed, 1)
    }

    /// With so many shards, among which who joins is dealt out in turn.
    pub fn with_shards(seed: u8, shards: usize) -> Self {
        Self::with_rings(seed, shards, RINGS_BYTES_MAX)
    }

    /// And with so many bytes for all rings of each.
    pub fn with_rings(seed: u8, shards: usize, rings_bytes_max: usize) -> Self {
        let now = Instant::now();
        let certificate = Arc::new(LocalCertificate::generate().unwrap());
        let epoch = (now, Duration::from_secs(1_800_000_000));
        let shard = |place: usize| {
            let data_labels = ["events", "chat"].map(str::to_owned).to_vec();
            let (id, seed) = (ShardId(place as u16), [seed.wrapping_add(50 * place as u8); 32]);
            Shard::new(ShardConfig {
                id,
                certificate: certificate.clone(),
                seed,
                epoch,
                data_labels,
                tcp: false,
                rings_bytes_max,
            })
        };
        Self {
            now,
            start: now,
            shards: (0..shards).map(shard).collect(),
            place: None,
            apart: false,
            clients: vec![],
            links: vec![],
            events: vec![],
            rng: StdRng::from_seed([seed; 32]),
            tap: None,
            arrived: None,
            passed: None,
            sealed: Some(HashMap::new()),
            muted: vec![],
            over_tcp: HashSet::new(),
            unestimated: false,
            stuck: HashMap::new(),
            sent_into_nothing: 0,
            sends_over_tcp: vec![],
            addresses: HashMap::new(),
            flying: BTreeMap::new(),
            flights: 0,
            narrow: HashMap::new(),
            paths: BTreeMap::new(),
            shared: HashMap::new(),
            landings: HashMap::new(),
            requests: 0,
            stats: None,
        }
    }

    pub fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }

    pub fn publish(&mut self, room: &str, identity: &str, what: Publishing) -> usize {
        let (style, sections) = (what.style, what.sections());
        let role = Role::publisher(Publisher::new(self.start, what));
        self.join(room, identity, role, (style, sections), Command::Publish)
    }

    /// Somebody in a browser: publishes and watches over one transport, with so many pairs of an audio and a video slot,
    /// and offers data channels. Its sections are, in order, data channels, what it publishes, audio and video slots in turn.
    pub fn meet(&mut self, room: &str, identity: &str, what: Publishing, slots: usize) -> usize {
        let pair = [MediaKind::Audio, MediaKind::Video].map(|kind| Section::new(kind, "recvonly"));
        let mut sections = what.sections();
        sections.extend(std::iter::repeat_n(pair, slots).flatten());
        sections.insert(0, Section::data());
        let publisher = what.publishes().then(|| Box::new(Publisher::new(self.start, what)));
        let role = Role { publisher, ..Role::viewer() };
        let muted = self.muted.clone();
        self.join(room, identity, role, (Style::Browser, sections), |join| Command::Meet { join, muted })
    }

    /// Makes a client's further offer: what it offered last, changed. The outcome is the last event.
    pub fn renegotiate(&mut self, client: usize, change: impl FnOnce(&mut Vec<Section>)) {
        let it = &mut self.clients[client];
        change(&mut it.sections);
        offers::name(&mut it.sections);
        let offer = offers::offer(Style::Browser, &it.ice, &it.config.fingerprint(), &it.sections);
        let unestimated = self.unestimated && it.role.viewer.is_some();
        let offer = if unestimated { offers::without_transport_cc(&offer) } else { offer };
        let transport = it.id;
        self.command_offer(transport, offer);
    }

    /// A client that is connected begins to publish in the sections that it offered last.
    pub fn begin_publishing(&mut self, client: usize, what: Publishing) {
        let it = &mut self.clients[client];
        let mid = |kind| {
            let found =
                it.sections.iter().rev().find(|section| section.kind == kind && section.direction == "sendonly");
            found.map(|section| section.mid.clone()).unwrap_or_default()
        };
        let mids = (mid(MediaKind::Audio), mid(MediaKind::Video));
        let publisher = it.role.publisher.insert(Box::new(Publisher::new(self.start, what).named(mids)));
        publisher.start(self.now);
    }

    /// From now on a client sends from another port.
    pub fn move_to_port(&mut self, client: usize, port: u16) {
        self.clients[client].address.set_port(port);
        self.addresses.insert(self.clients[client].address, client);
    }

    /// Sends a further offer as it is.
    pub fn command_offer(&mut self, transport: TransportId, offer: String) {
        let (request, muted) = (self.request(), self.muted.clone());
        self.command(Command::Renegotiate { request, transport, offer, muted });
    }

    /// Has a participant's video slots show these tracks: publisher's identity and mid, slot by slot, at 720 pixels.
    pub fn lay_out(&mut self, client: usize, tracks: &[Option<(&str, &str)>]) {
        let videos = self.clients[client].sections.iter().filter(|it| it.kind == MediaKind::Video && it.is_slot());
        let entry = |(section, track): (&Section, &Option<(&str, &str)>)| {
            let (identity, mid) = (*track)?;
            let track = TrackName { identity: Identity::new(identity).unwrap(), mid: Mid(mid.into()) };
            Some(LayoutEntry { mid: Mid(section.mid.as_str().into()), track, height: 720, priority: 0 })
        };
        let layout = videos.zip(tracks).filter_map(entry).collect();
        let (request, transport) = (self.request(), self.clients[client].id);
        self.command(Command::SetLayout { request, transport, layout });
    }

    /// A browser in the room that only sends.
    pub fn meet_sending(&mut self, room: &str, identity: &str, what: Publishing) -> usize {
        let (style, sections) = (what.style, what.sections());
        let role = Role::publisher(Publisher::new(self.start, what));
        self.join(room, identity, role, (style, sections), met)
    }

    /// A browser in the room that only receives.
    pub fn meet_receiving(&mut self, room: &str, identity: &str, slots: (usize, usize)) -> usize {
        let video = std::iter::repeat_n(Section::new(MediaKind::Video, "recvonly"), slots.0);
        let audio = std::iter::repeat_n(Section::new(MediaKind::Audio, "recvonly"), slots.1);
        self.join(room, identity, Role::viewer(), (Style::Browser, audio.chain(video).collect()), met)
    }

    /// A viewer with so many slots of video and audio.
    pub fn watch(&mut self, room: &str, slots: (usize, usize), watch: &[&str]) -> usize {
        self.watch_with(room, slots, watch, &Section::new(MediaKind::Video, "recvonly"))
    }

    /// The same, with video sections of its own.
    pub fn watch_with(&mut self, room: &str, slots: (usize, usize), watch: &[&str], video: &Section) -> usize {
        let video = std::iter::repeat_n(video.clone(), slots.0);
        let audio = std::iter::repeat_n(Section::new(MediaKind::Audio, "recvonly"), slots.1);
        let watch = watch.iter().map(|name| Identity::new(name).unwrap()).collect();
        let role = Role::viewer();
        let sections = (Style::Browser, audio.chain(video).collect());
        self.join(room, "viewer", role, sections, |join| Command::Watch { join, watch })
    }

    pub fn join(
        &mut self,
        room: &str,
        identity: &str,
        role: Role,
        (style, mut sections): (Style, Vec<Section>),
        command: impl FnOnce(Join) -> Command,
    ) -> usize {
        let place = self.clients.len();
        let shard = self.place.unwrap_or(place % self.shards.len());
        let address = SocketAddr::from(([10, 0, 1, 1], 4_000 + u16::try_from(place).unwrap()));
        let ice = IceCredentials { ufrag: format!("cl{place:04}"), pwd: format!("password-of-client-{place:08}") };
        let config = PeerConfig::default();
        offers::name(&mut sections);
        let offer = offers::offer(style, &ice, &config.fingerprint(), &sections);
        let unestimated = self.unestimated && role.viewer.is_some();
        let offer = if unestimated { offers::without_transport_cc(&offer) } else { offer };
        let id = TransportId(place as u64);
        let join = Join {
            request: self.request(),
            transport: id,
            room: RoomName::new(room).unwrap(),
            identity: Identity::new(identity).unwrap(),
            offer,
            candidates: vec![self.server(shard)],
            room_caps: RoomCaps::default(),
            caps: Caps::default(),
        };
        self.clients.push(Client::new(id, address, ice, config, role));
        self.clients[place].sections = sections;
        self.clients[place].shard = shard;
        self.clients[place].room = room.to_owned();
        self.links.push(Link::default());
        self.addresses.insert(address, place);
        self.command(command(join));
        assert!(self.clients[place].answer.is_some(), "{:?}", self.events.last());
        self.link(place);
        place
    }

    /// Says to a client's shard where else its room is.
    fn link(&mut self, client: usize) {
        let (home, room) = (self.clients[client].shard, self.clients[client].room.clone());
        let there = self.clients.iter().filter(|it| it.room == room && it.shard != home && it.closed.is_none());
        let shards: Vec<ShardId> = there.map(|it| ShardId(it.shard as u16)).collect();
        if !shards.is_empty() {
            self.tell_shard(home, Command::Link { room: RoomName::new(&room).unwrap(), shards });
        }
    }

    /// Says something to the shard that it concerns.
    pub fn command(&mut self, command: Command) {
        let of = |transport: &TransportId| self.clients.get(transport.0 as usize).map(|client| client.shard);
        let shard = match &command {
            Command::Renegotiate { transport, .. }
            | Command::SetLayout { transport, .. }
            | Command::SetMuted { transport, .. }
            | Command::Patch { transport, .. }
            | Command::Why { transport, .. }
            | Command::Close { transport } => of(transport),
            Command::Publish(join) | Command::Watch { join, .. } | Command::Meet { join, .. } => of(&join.transport),
            Command::SendData { transports, .. } => transports.first().and_then(of),
            Command::CloseAll
            | Command::CapRoom { .. }
            | Command::UncapRoom { .. }
            | Command::WhatIf { .. }
            | Command::CapParticipant { .. } => {
                (1..self.shards.len()).for_each(|shard| self.tell_shard(shard, command.clone()));
                None
            }
            Command::Link { .. } | Command::Stats { .. } | Command::Sample { .. } => None,
        };
        self.tell_shard(shard.unwrap_or(0), command);
    }

    fn tell_shard(&mut self, shard: usize, command: Command) {
        self.shards[shard].handle_command(self.now, command);
        self.drain();
    }

    fn server(&self, shard: usize) -> SocketAddr {
        let mut address: SocketAddr = SERVER.parse().unwrap();
        address.set_port(address.port() + shard as u16);
        address
    }

    pub fn close(&mut self, client: usize) {
        self.command(Command::Close { transport: self.clients[client].id });
    }

    pub fn patch(&mut self, client: usize, fragment: String) {
        let request = self.request();
        self.command(Command::Patch { request, transport: self.clients[client].id, fragment });
    }

    /// Restarts a client's ICE and has it check under the new credentials, from another port.
    pub fn restart_ice(&mut self, client: usize, port: u16) {
        let ice = IceCredentials { ufrag: format!("new{port}"), pwd: "another-password-of-the-client".into() };
        self.patch(client, format!("a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", ice.ufrag, ice.pwd));
        let Some(Event::Patched { outcome: PatchOutcome::Restarted { fragment, .. }, .. }) = self.events.last() else {
            panic!("{:?}", self.events.last())
        };
        let value = |key| offers::value_in(fragment, key).unwrap();
        let server = IceCredentials { ufrag: value("ice-ufrag"), pwd: value("ice-pwd") };
        let (now, client_) = (self.now, &mut self.clients[client]);
        client_.ice = ice;
        client_.address.set_port(port);
        client_.check_as(now, &server);
        self.addresses.insert(client_.address, client);
    }

    /// The first shard's counters, and what all shards say of their streams.
    pub fn stats(&mut self) -> ShardStats {
        let mut stats = self.stats_of(0);
        for shard in 1..self.shards.len() {
            let other = self.stats_of(shard);
            stats.tracks.extend(other.tracks);
            stats.inbound.extend(other.inbound);
            stats.outbound.extend(other.outbound);
            stats.transports.extend(other.transports);
            stats.rooms += other.rooms;
            stats.timers += other.timers;
        }
        stats
    }

    pub fn stats_of(&mut self, shard: usize) -> ShardStats {
        let request = self.request();
        self.tell_shard(shard, Command::Stats { request });
        self.stats.take().unwrap()
    }

    pub fn publisher(&mut self, client: usize) -> &mut Publisher {
        self.clients[client].role.publisher.as_mut().expect("a client that publishes")
    }

    pub fn viewer(&mut self, client: usize) -> &mut Viewer {
        self.clients[client].role.viewer.as_mut().expect("a client that watches")
    }

    /// No viewer saw anything that must not happen.
    pub fn assert_sound(&mut self) {
        for client in &self.clients {
            assert_eq!(client.unopened, 0, "transport {} could not open what it got", client.id);
            if let Some(viewer) = &client.role.viewer {
                assert!(viewer.faults().is_empty(), "transport {}: {:#?}", client.id, viewer.faults());
            }
        }
        for shard in 0..self.shards.len() {
            assert_eq!(self.stats_of(shard).counters.panics_caught, 0);
        }
    }

    pub fn closed(&self, client: usize) -> Option<CloseReason> {
        self.clients[client].closed
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Has a client come over TCP from where it is now.
    pub fn connect_over_tcp(&mut self, client: usize) {
        self.over_tcp.insert(self.clients[client].address);
    }

    /// A client's connection takes no more.
    pub fn stick(&mut self, client: usize) {
        self.stuck.insert(client, vec![]);
    }

    /// It takes more again, and what was kept leaves first.
    pub fn unstick(&mut self, client: usize) {
        let mut kept = self.stuck.remove(&client).unwrap();
        self.fly_frames(client, &mut kept);
        self.tell_stream(client, StreamChange::Writable);
    }

    pub fn tell_stream(&mut self, client: usize, change: StreamChange) {
        let pair = self.pair(client, self.clients[client].address);
        self.shards[self.clients[client].shard].handle_stream(self.now, pair, change);
        self.drain();
    }

    fn pair(&self, client: usize, from: SocketAddr) -> Pair {
        let local = self.server(self.clients.get(client).map_or(0, |client| client.shard));
        if self.over_tcp.contains(&from) { Pair::tcp(local, from) } else { Pair::udp(local, from) }
    }

    /// Lets a datagram arrive at the shard now.
    pub fn inject(&mut self, from: SocketAddr, mut bytes: Vec<u8>) {
        let client = self.addresses.get(&from).copied().unwrap_or(usize::MAX);
        let pair = self.pair(client, from);
        let shard = self.clients.get(client).map_or(0, |client| client.shard);
        self.shards[shard].handle_datagram(self.now, Datagram { pair, arrival: self.now, bytes: &mut bytes });
        self.drain();
    }

    pub fn run(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    pub fn run_ms(&mut self, time_ms: u64) {
        self.run(Duration::from_millis(time_ms));
    }

    /// Runs until `done`, and says whether that came within `limit`.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + limit;
        let mut steps = 0;
        loop {
            self.drain();
            if done(self) {
                return true;
            }
            let clients = self.clients.iter().filter_map(Client::due).min();
            let flying = self.flying.first_key_value().map(|((at, _), _)| *at);
            let paths = self.paths.values().filter_map(links::Link::poll_timeout).min();
            let Some(next) = [clients, flying, paths, self.timeout()].into_iter().flatten().min() else { break };
            if next > end {
                break;
            }
            steps = if next > self.now { 0 } else { steps + 1 };
            assert!(steps < STEPS_PER_INSTANT_MAX, "time stands still at {:?}", self.elapsed());
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
        false
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some(entry) = self.flying.first_entry().filter(|entry| entry.key().0 <= now) {
            let flying = entry.remove();
            self.land(flying);
        }
        let due = |link: &links::Link<Flying>| link.poll_timeout().is_some_and(|at| at <= now);
        for path in self.paths.iter().filter(|(_, link)| due(link)).map(|(path, _)| *path).collect::<Vec<_>>() {
            self.paths.get_mut(&path).unwrap().handle_timeout(now);
            while let Some(departure) = self.paths.get_mut(&path).and_then(links::Link::poll_datagram) {
                self.land(departure.datagram);
            }
        }
        for client in self.clients.iter_mut().filter(|client| client.due().is_some_and(|at| at <= now)) {
            client.wake(now);
        }
        for shard in &mut self.shards {
            if shard.poll_timeout().is_some_and(|at| at <= now) {
                shard.handle_timeout(now);
            }
        }
    }

    fn land(&mut self, flying: Flying) {
        let now = self.now;
        match flying {
            Flying::Down { client, bytes } => {
                if let Some(arrived) = &mut self.arrived {
                    arrived.push((client, now, bytes.len()));
                }
                self.clients[client].handle(now, bytes);
            }
            Flying::Up { client, from, mut bytes } => {
                let pair = self.pair(client, from);
                if !self.clients[client].dead {
                    if let Some(passed) = &mut self.passed {
                        note(&mut passed.came, client, &bytes, now);
                    }
                    self.shards[self.clients[client].shard]
                        .handle_datagram(now, Datagram { pair, arrival: now, bytes: &mut bytes });
                    self.relay();
                }
            }
        }
    }

    /// Has a client's datagrams in one direction go over one of the relay's links from now on, as it writes them.
    #[allow(dead_code, reason = "the simulation's")]
    pub fn path(&mut self, client: usize, up: bool, schedule: &str) {
        let schedule: Schedule = schedule.parse().unwrap();
        let now = self.now;
        match self.paths.get_mut(&(client, up)) {
            Some(link) => link.handle_schedule(schedule, now),
            None => {
                let seed = self.rng.random();
                self.paths.insert((client, up), links::Link::new(schedule, seed, now));
            }
        }
    }

    /// Has a client's datagrams in one direction share another's link.
    #[allow(dead_code, reason = "the simulation's")]
    pub fn share_path(&mut self, client: usize, up: bool, with: usize) {
        self.shared.insert((client, up), (with, up));
    }

    /// What became of the datagrams of such a link.
    #[allow(dead_code, reason = "the simulation's")]
    pub fn path_counts(&self, client: usize, up: bool) -> links::Counts {
        self.paths[&(client, up)].counts()
    }

    fn timeout(&self) -> Option<Instant> {
        self.shards.iter().filter_map(Shard::poll_timeout).min()
    }

    /// Has the shards give each other what they have for each other; whether that was anything.
    fn relay(&mut self) -> bool {
        let mut batch = RelayBatch::default();
        let mut any = false;
        for from in 0..self.shards.len() {
            for to in (0..self.shards.len()).filter(|to| *to != from && !self.apart) {
                while self.shards[from].poll_relay(self.now, ShardId(to as u16), &mut batch) {
                    self.shards[to].handle_relay(self.now, ShardId(from as u16), &mut batch);
                    any = true;
                }
            }
        }
        any
    }

    /// Moves everything that wants to leave onto the links.
    fn drain(&mut self) {
        loop {
            self.relay();
            (0..self.shards.len()).for_each(|shard| self.drain_shard(shard));
            if !self.relay() {
                break;
            }
        }
        for place in 0..self.clients.len() {
            while let Some(datagram) = self.clients[place].poll() {
                let from = self.clients[place].address;
                if let Some(tap) = &mut self.tap {
                    tap.push((from, datagram.clone()));
                }
                self.fly(place, true, datagram);
            }
        }
    }

    fn drain_shard(&mut self, shard: usize) {
        let mut buffer = vec![];
        while let Some(transmit) = self.shards[shard].poll_transmit(self.now, &mut buffer) {
            assert!(!buffer.is_empty(), "a send of nothing");
            if transmit.pair.protocol == Protocol::Tcp {
                self.send_over_tcp(transmit.pair, &mut buffer);
                continue;
            }
            let size = transmit.segment_size.map_or(buffer.len(), std::num::NonZeroUsize::get);
            for datagram in buffer.chunks(size) {
                assert!(datagram.len() <= 1_500, "{} bytes", datagram.len());
                if let Some(client) = self.addresses.get(&transmit.pair.remote).copied() {
                    self.note_sealed(client, datagram);
                    self.fly(client, false, datagram.to_vec());
                }
            }
        }
        while let Some(event) = self.shards[shard].poll_event() {
            self.take(event);
        }
    }

    fn send_over_tcp(&mut self, pair: Pair, frames: &mut Vec<u8>) {
        let Some(client) = self.addresses.get(&pair.remote).copied() else { return };
        let Some(kept) = self.stuck.get_mut(&client) else { return self.fly_frames(client, frames) };
        let was_empty = kept.is_empty();
        kept.append(frames);
        if was_empty {
            self.shards[self.clients[client].shard].handle_stream(self.now, pair, StreamChange::Blocked);
        }
    }

    fn fly_frames(&mut self, client: usize, frames: &mut [u8]) {
        let mut datagrams = vec![];
        let mut deframer = Deframer::default();
        deframer.push(frames, |datagram| datagrams.push(datagram.to_vec())).unwrap();
        assert!(deframer.is_between_frames());
        self.sends_over_tcp.push(datagrams.len());
        for datagram in datagrams {
            self.note_sealed(client, &datagram);
            self.fly(client, false, datagram);
        }
    }

    fn note_sealed(&mut self, client: usize, datagram: &[u8]) {
        let Some(sealed) = self.sealed.as_mut().filter(|_| classify(datagram) == DatagramKind::Rtp) else { return };
        let number = u16::from_be_bytes([datagram[2], datagram[3]]);
        let name = (client, be32(datagram, 8), number);
        let known = sealed.entry(name).or_insert_with(|| datagram.to_vec());
        assert_eq!(known, datagram, "{name:?} was sealed twice, with different bytes");
    }

    fn fly(&mut self, client: usize, up: bool, bytes: Vec<u8>) {
        if let Some(passed) = self.passed.as_mut().filter(|_| !up) {
            note(&mut passed.left, client, &bytes, self.now);
        }
        let path = self.shared.get(&(client, up)).copied().unwrap_or((client, up));
        if self.paths.contains_key(&path) {
            return self.fly_path(path, client, bytes);
        }
        let link = self.links[client];
        let loss = if up { link.loss_up } else { link.loss_down };
        if loss > 0.0 && self.rng.random_bool(loss / 100.0) {
            self.sent_into_nothing += 1;
            return;
        }
        let Some(waits) = self.squeeze(client, up, bytes.len()) else { return };
        let jitter = link.jitter.mul_f64(if link.jitter.is_zero() { 0.0 } else { self.rng.random() });
        let from = self.clients[client].address;
        let flying = if up { Flying::Up { client, from, bytes } } else { Flying::Down { client, bytes } };
        let before = self.landings.insert((client, up), self.now + waits + link.delay + jitter);
        let lands = self.landings.get_mut(&(client, up)).unwrap();
        *lands = before.filter(|_| link.in_order).map_or(*lands, |before| before.max(*lands));
        self.flying.insert((*lands, self.flights), flying);
        self.flights += 1;
    }

    fn fly_path(&mut self, path: (usize, bool), client: usize, bytes: Vec<u8>) {
        // Signatures differ in length by chance; nothing may depend on it.
        let chance = classify(&bytes) == DatagramKind::Dtls;
        let length = if chance { bytes.len().next_multiple_of(64) } else { bytes.len() };
        let from = self.clients[client].address;
        let flying = if path.1 { Flying::Up { client, from, bytes } } else { Flying::Down { client, bytes } };
        self.paths.get_mut(&path).unwrap().handle_datagram(flying, length, self.now);
    }

    /// How long a datagram waits at a narrow place and passes through it; `None`: there is no room for it.
    fn squeeze(&mut self, client: usize, up: bool, bytes: usize) -> Option<Duration> {
        let Some(Bottleneck { bps, queue }) = self.links[client].bottleneck.filter(|_| !up) else {
            return Some(Duration::ZERO);
        };
        let (free, longest) = self.narrow.entry(client).or_insert((self.now, Duration::ZERO));
        let waits = free.saturating_duration_since(self.now);
        if waits > queue {
            self.sent_into_nothing += 1;
            return None;
        }
        *longest = waits.max(*longest);
        *free = self.now + waits + Duration::from_nanos(bytes as u64 * 8_000_000_000 / bps);
        Some(*free - self.now)
    }

    /// The longest that a datagram has waited at a client's narrow place since this was asked last.
    pub fn longest_wait(&mut self, client: usize) -> Duration {
        self.narrow.get_mut(&client).map_or(Duration::ZERO, |(_, longest)| std::mem::take(longest))
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Answered { transport, ref answer, .. } => {
                self.clients[transport.0 as usize].answered(self.now, offers::read(answer));
            }
            Event::Encodings { transport, ref rids, .. } => {
                let rids: Vec<&str> = rids.iter().map(|rid| &*rid.0).collect();
                let (now, role) = (self.now, &mut self.clients[transport.0 as usize].role);
                role.publisher.iter_mut().for_each(|publisher| publisher.send_only(now, &rids));
            }
            Event::Closed { transport, reason, .. } => {
                let client = &mut self.clients[transport.0 as usize];
                assert_eq!(client.closed, None, "transport {transport} is closed twice");
                client.closed = Some(reason);
            }
            Event::Stats { stats, .. } => {
                self.stats = Some(*stats);
                return;
            }
            _ => {}
        }
        self.events.push(event);
    }
}

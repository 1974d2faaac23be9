//! A shard after the handshake: clients that have their keys say anything at all, by RTP, RTCP, STUN, DTLS and commands.
//!
//! A program is a row of steps, each with its length in front, so that programs one after another are a program as well:
//! that is how a fault which took many of them becomes one input.

mod client;
mod packets;
mod world;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use sfu_core::command::{Command, DataPayload, LayoutEntry, Muting};
use sfu_core::id::{Identity, MediaKind, Mid, RequestId, TrackName};

use super::caps;
use super::input::Input;
use super::offers::{self, Section, Style};
use super::sctp_peer;
use super::transport::check;

use packets::{INDEX_STEPS, SSRCS};
use world::World;

/// Datagrams after which the next program begins with new handshakes.
const DATAGRAMS_PER_WORLD: u64 = 50_000;
/// Sections that a client may have come to offer.
const SECTIONS_MAX: usize = 16;
const MIDS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "data", "9"];
/// Where the programs are left that led to a panic, as one input.
const HISTORY: &str = "session.history";

/// Programs since the clients connected.
static PROGRAMS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

thread_local! {
    static KEPT: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// One program against clients that have just connected.
pub fn session(data: &[u8]) {
    let mut world = World::connected();
    run(&mut world, data);
    world.end();
}

/// The same on a shard that is kept from one program to the next, as long as everybody is there; says how many datagrams it
/// was. On a panic all programs since the handshakes are written to `session.history`: an input of [`session`].
pub fn session_kept(data: &[u8]) -> u64 {
    static WRITES: Once = Once::new();
    WRITES.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
            drop(std::fs::write(HISTORY, &*programs));
            before(info);
        }));
    });
    let kept = KEPT.take().filter(|world| !world.is_worn && world.datagrams < DATAGRAMS_PER_WORLD);
    let mut world = kept.unwrap_or_else(|| {
        PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner).clear();
        World::connected()
    });
    let (before, whole) = (world.datagrams, whole_steps(data));
    PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner).extend(whole);
    run(&mut world, whole);
    let count = world.datagrams - before;
    if world.is_worn {
        world.end();
    } else {
        KEPT.set(Some(world));
    }
    count
}

/// Without a last step that is cut short.
fn whole_steps(data: &[u8]) -> &[u8] {
    let mut end = 0;
    while let Some(length) = data.get(end).filter(|length| end + usize::from(**length) < data.len()) {
        end += 1 + usize::from(*length);
    }
    &data[..end]
}

fn run(world: &mut World, data: &[u8]) {
    let mut input = Input::new(whole_steps(data));
    while let Some(length) = input.next() {
        world.step(&mut Input::new(input.take(usize::from(length))));
    }
    world.look();
}

/// An address that is some client's, or nobody's.
fn address(input: &mut Input<'_>) -> SocketAddr {
    let number = input.byte();
    SocketAddr::from(([10, 0, 1, 1 + (number & 1)], 4_000 + u16::from(number >> 1) % 12))
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) {
        let op = input.byte() % 16;
        let place = usize::from(input.byte()) % self.clients.len();
        match op {
            0..=5 => self.send_rtp(place, input),
            6..=8 => {
                let streams: Vec<(u32, u16)> = match input.byte() % 4 {
                    // Its own slots, mostly; what it publishes itself; and what is others'.
                    0 => SSRCS.iter().map(|ssrc| (*ssrc, 0)).collect(),
                    1 => self.clients.iter().flat_map(|client| &client.slots).map(|ssrc| self.stream(*ssrc)).collect(),
                    _ => self.clients[place].slots.iter().map(|ssrc| self.stream(*ssrc)).collect(),
                };
                let compound = packets::rtcp(input, &streams);
                if let Some(datagram) = self.clients[place].seal_rtcp(&compound) {
                    self.send(place, datagram);
                }
            }
            9 => {
                let (from, bytes) = (address(input), input.take(usize::from(u8::MAX)));
                // A check with valid integrity nobody can write who has only bytes.
                self.hand(from, bytes);
            }
            10 => self.replay(input),
            11 => self.send_check(place, input),
            12 => self.send_data(place, input),
            13 => self.ask(place, input),
            _ => {
                let time_ms = u64::from(input.byte()) * input.choose(&[1, 1, 1, 8, 40]);
                self.pass(Duration::from_millis(time_ms));
            }
        }
    }

    fn stream(&self, ssrc: u32) -> (u32, u16) {
        (ssrc, self.last.get(&ssrc).map_or(0, |index| index.sequence_number()))
    }

    fn send_rtp(&mut self, place: usize, input: &mut Input<'_>) {
        let ssrc = if input.byte() < 250 { input.choose(&SSRCS) } else { u32::from(input.word()) };
        let step = input.choose(&INDEX_STEPS);
        let client = &mut self.clients[place];
        let index = client.index(ssrc, step);
        // About 30 frames a second of a clock of 90 kHz.
        let ticks = u32::try_from(index & 0xffff_ffff).unwrap().wrapping_mul(3_000);
        let plain = packets::rtp(input, (ssrc, index), ticks, client.room);
        if let Some(datagram) = client.seal_rtp(plain) {
            self.send(place, datagram);
        }
    }

    /// What was sent before comes again, as it was or not, from there or from elsewhere.
    fn replay(&mut self, input: &mut Input<'_>) {
        let at = usize::from(input.byte()) % self.sent.len().max(1);
        let Some((from, mut bytes)) = self.sent.get(at).cloned() else { return };
        let shape = input.byte();
        let from = if shape & 1 == 0 { from } else { address(input) };
        if shape & 2 != 0 {
            let at = usize::from(input.word()) % bytes.len();
            bytes[at] ^= input.byte();
        }
        if shape & 4 != 0 {
            bytes.truncate(usize::from(input.word()) % bytes.len());
        }
        self.hand(from, &bytes);
    }

    /// A check from anywhere, sound or spoiled.
    fn send_check(&mut self, place: usize, input: &mut Input<'_>) {
        let (from, change) = (address(input), input.byte());
        if change & 0x80 == 0 {
            return self.check(place, from);
        }
        let client = &mut self.clients[place];
        let mut request = check(&client.answer.as_ref().unwrap().ice, &client.ice.ufrag);
        let at = usize::from(input.byte()) % request.len();
        request[at] ^= change;
        // The fingerprint (RFC 8489 §14.7) is no proof of anything, and stands behind what is one.
        if at + 8 >= request.len() {
            client.verified.insert(from);
        }
        self.hand(from, &request);
    }

    /// Records of application data with SCTP in it, whatever it says; or the end of DTLS.
    fn send_data(&mut self, place: usize, input: &mut Input<'_>) {
        let (now, kind) = (self.now, input.byte());
        let client = &mut self.clients[place];
        let Some(peer) = client.peer.as_mut().filter(|peer| !peer.closed && !client.closed) else { return };
        let body = input.take(200);
        match kind {
            0 => peer.close(now),
            1..64 => peer.send(now, body),
            64..128 => peer.send(now, &sctp_peer::init(u32::from(kind), 1)),
            _ => {
                let chunk = sctp_peer::chunk(kind & 15, 3, body);
                peer.send(now, &sctp_peer::packet(u32::from(kind & 1), &chunk));
            }
        }
        self.exchange();
        if kind == 0 {
            self.clients[place].peer = None;
        }
    }

    fn ask(&mut self, place: usize, input: &mut Input<'_>) {
        let (request, transport) = (RequestId(0), self.clients[place].id);
        let command = match input.byte() {
            0..80 => {
                let entry = |_| LayoutEntry {
                    mid: Mid(input.choose(&MIDS).into()),
                    track: TrackName {
                        identity: Identity::new(input.choose(&["a", "b", "c", "d"])).unwrap(),
                        mid: Mid(input.choose(&MIDS).into()),
                    },
                    height: input.word(),
                    priority: 0,
                };
                Command::SetLayout { request, transport, layout: (0..2).map(entry).collect() }
            }
            80..130 => {
                let muting = if input.byte() & 1 == 0 { Muting::Muted } else { Muting::Unmuted };
                Command::SetMuted { request, transport, mid: Mid(input.choose(&MIDS).into()), muting }
            }
            130..145 => {
                let change = caps::change(input, &["room1", "room2"], &["a", "b", "c"]);
                return self.command(change);
            }
            145..160 => {
                let payload = DataPayload::Binary(input.take(200).to_vec().into());
                Command::SendData { transports: vec![transport], label: "chat".to_owned(), payload }
            }
            160..200 => return self.restart(place, input),
            200..252 => return self.renegotiate(place, input),
            _ => Command::Close { transport },
        };
        self.command(command);
    }

    fn restart(&mut self, place: usize, input: &mut Input<'_>) {
        let client = &mut self.clients[place];
        let ufrag = format!("new{:03}", input.byte());
        let fragment = format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{}\r\n", "p".repeat(22));
        client.ice.ufrag.clone_from(&ufrag);
        let transport = client.id;
        self.command(Command::Patch { request: RequestId(0), transport, fragment });
    }

    /// What it offered last, changed.
    fn renegotiate(&mut self, place: usize, input: &mut Input<'_>) {
        let client = &self.clients[place];
        let mut sections = client.sections.clone();
        for _ in 0..=input.byte() % 3 {
            let at = usize::from(input.byte()) % sections.len();
            let kind = input.choose(&[MediaKind::Audio, MediaKind::Video]);
            let direction = input.choose(&["sendonly", "recvonly", "inactive"]);
            match input.byte() % 4 {
                0 if sections.len() < SECTIONS_MAX => sections.push(Section::new(kind, direction)),
                0 | 1 => sections[at].stopped = !sections[at].stopped,
                2 => sections[at] = Section { mid: sections[at].mid.clone(), ..Section::new(kind, direction) },
                _ => sections[at].direction = direction,
            }
        }
        offers::name(&mut sections);
        let offer = offers::offer(Style::Browser, &client.ice, &client.config.fingerprint(), &sections);
        let (transport, muted) = (client.id, vec![Mid(input.choose(&MIDS).into())]);
        self.offered = sections;
        self.command(Command::Renegotiate { request: RequestId(0), transport, offer, muted });
    }
}

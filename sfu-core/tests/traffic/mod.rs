//! A shard in the middle of its work, for those who measure it: everybody is connected, has a picture, and sends a frame when
//! told to. What passes between is the caller's to hand over, so that nothing but the shard's own calls is measured.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::id::MediaKind;
use sfu_core::shard::Datagram;
use sfu_core::transport::{DatagramKind, Pair, classify};

use crate::marks::be32;
use crate::publisher::{FRAME_INTERVAL, Publishing};
use crate::world::{SERVER, World};

/// Packets of a frame: those of 720p at 2.5 Mbit/s.
pub const PACKETS_PER_FRAME: u8 = 9;
/// Bytes of their payload.
const PACKET_BYTES: usize = 1_150;
/// Time for all to connect and to see each other.
const WARM_UP: Duration = Duration::from_secs(4);
/// Frames after which rings, and records of what arrived, are as large as they get.
const FRAMES_WARM_UP: usize = 300;

/// A datagram on its way to the shard.
pub struct Incoming {
    pub from: SocketAddr,
    pub bytes: Vec<u8>,
}

pub struct Traffic {
    pub world: World,
    pub viewers: Vec<usize>,
    server: SocketAddr,
    buffer: Vec<u8>,
    /// The last packet of each stream that each client was sent.
    pub last: HashMap<(SocketAddr, u32), u16>,
}

fn camera(mark: u8, packets: u8) -> Publishing {
    let first_ssrc = 1_000 * u32::from(mark);
    Publishing {
        first_ssrc,
        packets: (packets, packets),
        packet_bytes: PACKET_BYTES,
        steps: 0,
        ..Publishing::camera(mark)
    }
}

impl Traffic {
    /// One camera, in one encoding, and so many viewers.
    pub fn webinar(viewers: usize) -> Self {
        Self::watched(camera(1, PACKETS_PER_FRAME), viewers)
    }

    /// One camera in three encodings, and so many viewers, who get the highest.
    pub fn simulcast(viewers: usize) -> Self {
        let what = camera(1, PACKETS_PER_FRAME);
        Self::watched(
            Publishing { rids: vec!["q", "h", "f"], packet_bytes: PACKET_BYTES / 3, audio: true, ..what },
            viewers,
        )
    }

    /// So many people who see and hear each other.
    pub fn meeting(people: u8) -> Self {
        let mut world = World::new(3);
        world.sealed = None;
        let slots = usize::from(people) - 1;
        let names: Vec<String> = (1..=people).map(|mark| format!("p{mark}")).collect();
        let clients: Vec<usize> = (1..=people)
            .zip(&names)
            .map(|(mark, name)| world.meet("room", name, Publishing { audio: true, ..camera(mark, 3) }, slots))
            .collect();
        world.run(Duration::from_secs(1));
        for (client, own) in clients.iter().zip(&names) {
            let shown: Vec<_> =
                names.iter().filter(|name| *name != own).map(|name| Some((name.as_str(), "1"))).collect();
            world.lay_out(*client, &shown);
        }
        Self::warmed_up(world, clients)
    }

    fn watched(what: Publishing, viewers: usize) -> Self {
        let mut world = World::new(3);
        world.sealed = None;
        let sounds = usize::from(what.audio);
        world.publish("room", "camera", what);
        let viewers = (0..viewers).map(|_| world.watch("room", (1, sounds), &[])).collect();
        Self::warmed_up(world, viewers)
    }

    /// From here on nobody sees anything: the shard alone is looked at.
    fn warmed_up(mut world: World, viewers: Vec<usize>) -> Self {
        // Nobody will tell what arrives: from the beginning, so that nobody is taken to have a broken link.
        for viewer in &viewers {
            world.viewer(*viewer).tells_nothing = true;
        }
        world.run(WARM_UP);
        for viewer in &viewers {
            let sees = world.viewer(*viewer);
            assert!(sees.slot(MediaKind::Video, 0).frames.len() > 20, "viewer {viewer} has no picture");
            sees.mute = true;
        }
        let mut traffic =
            Self { world, viewers, server: SERVER.parse().unwrap(), buffer: vec![], last: HashMap::new() };
        for _ in 0..FRAMES_WARM_UP {
            traffic.turn();
        }
        traffic
    }

    /// The next frame of everybody who publishes, with all else that clients have to say by themselves.
    pub fn frame(&mut self) -> Vec<Incoming> {
        self.world.now += FRAME_INTERVAL;
        for place in 0..self.world.clients.len() {
            while self.world.clients[place].due().is_some_and(|due| due <= self.world.now) {
                let now = self.world.now;
                self.world.clients[place].wake(now);
            }
        }
        self.said()
    }

    /// A viewer's RTCP, sealed.
    pub fn feedback(&mut self, viewer: usize, plain: Vec<u8>) -> Vec<Incoming> {
        self.world.viewer(viewer).rtcp_out.push_back(plain);
        self.said()
    }

    /// The SSRC of a viewer's first video slot.
    pub fn ssrc_of(&mut self, viewer: usize) -> u32 {
        self.world.viewer(viewer).stream(MediaKind::Video, 0).slot.ssrc
    }

    /// The same, and the last number sent on it.
    pub fn sent_to(&mut self, viewer: usize) -> (u32, u16) {
        let ssrc = self.ssrc_of(viewer);
        (ssrc, self.last[&(self.world.clients[viewer].address, ssrc)])
    }

    fn said(&mut self) -> Vec<Incoming> {
        let clients = self.world.clients.iter_mut();
        let each = |client: &mut crate::client::Client| {
            let from = client.address;
            std::iter::from_fn(|| client.poll()).map(|bytes| Incoming { from, bytes }).collect::<Vec<_>>()
        };
        clients.flat_map(each).collect()
    }

    /// Hands a datagram to the shard.
    pub fn receive(&mut self, incoming: &mut Incoming) {
        let (now, pair) = (self.world.now, Pair::udp(self.server, incoming.from));
        self.world.shards[0].handle_datagram(now, Datagram { pair, arrival: now, bytes: &mut incoming.bytes });
    }

    /// Takes what is to be sent; how many datagrams that were.
    pub fn drain(&mut self) -> usize {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut datagrams = 0;
        while let Some(transmit) = self.world.shards[0].poll_transmit(self.world.now, &mut buffer) {
            let size = transmit.segment_size.map_or(buffer.len(), std::num::NonZeroUsize::get);
            datagrams += buffer.len().div_ceil(size);
        }
        while self.world.shards[0].poll_event().is_some() {}
        self.buffer = buffer;
        datagrams
    }

    /// A frame all the way, after which is known what everybody was sent last.
    pub fn noted_turn(&mut self) {
        let frame = self.frame();
        self.timers();
        let mut buffer = std::mem::take(&mut self.buffer);
        for mut incoming in frame {
            self.receive(&mut incoming);
            while let Some(transmit) = self.world.shards[0].poll_transmit(self.world.now, &mut buffer) {
                self.note(transmit.pair.remote, transmit.segment_size, &buffer);
            }
            while self.world.shards[0].poll_event().is_some() {}
        }
        self.buffer = buffer;
    }

    /// Remembers what a send carried.
    fn note(&mut self, to: SocketAddr, size: Option<std::num::NonZeroUsize>, sent: &[u8]) {
        for datagram in sent.chunks(size.map_or(sent.len(), std::num::NonZeroUsize::get)) {
            if classify(datagram) == DatagramKind::Rtp {
                let number = u16::from_be_bytes([datagram[2], datagram[3]]);
                self.last.insert((to, be32(datagram, 8)), number);
            }
        }
    }

    /// Does what is due.
    pub fn timers(&mut self) {
        let now = self.world.now;
        if self.world.shards[0].poll_timeout().is_some_and(|due| due <= now) {
            self.world.shards[0].handle_timeout(now);
        }
    }

    /// A frame all the way.
    pub fn turn(&mut self) -> usize {
        let mut frame = self.frame();
        self.timers();
        frame.iter_mut().for_each(|incoming| self.receive(incoming));
        self.drain()
    }
}

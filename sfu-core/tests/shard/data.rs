//! Data channels over the real transport: opened, echoed, told, bounded, and never at the cost of media.

use std::time::Duration;

use datachannel::message::message_channel_open::ChannelType;
use sfu_core::command::{Command, DataPayload};
use sfu_core::event::Event;
use sfu_core::id::MediaKind::Audio;
use sfu_core::limits::DATA_PACKETS_PER_TURN;
use sfu_core::shard::Datagram;
use sfu_core::transport::{DatagramKind, Pair, classify};

use crate::publisher::Publishing;
use crate::world::{SERVER, World};

const SECOND: Duration = Duration::from_secs(1);

impl World {
    /// Somebody with a channel of this label open on stream 0.
    fn talker(&mut self, identity: &str, what: Publishing, label: &str) -> usize {
        let client = self.meet("room", identity, what, 2);
        self.run(SECOND);
        let now = self.now;
        self.clients[client].begin_data(now);
        self.run(SECOND);
        self.clients[client].with_data(now, |data| data.reliable(now, label));
        self.run(SECOND);
        assert_eq!(self.clients[client].data.as_ref().unwrap().acknowledged, [0]);
        client
    }

    fn say(&mut self, client: usize, stream: u16, message: &[u8]) {
        let now = self.now;
        self.clients[client].with_data(now, |data| data.send(now, stream, message));
    }

    fn tell(&mut self, client: usize, label: &str, message: Vec<u8>) {
        let (transport, payload) = (self.clients[client].id, DataPayload::Binary(message.into()));
        self.command(Command::SendData { transports: vec![transport], label: label.into(), payload });
    }

    fn heard(&self, client: usize) -> &[Vec<u8>] {
        self.clients[client].data.as_ref().unwrap().messages(0)
    }

    fn data_events(&self) -> Vec<String> {
        let name = |event: &Event| match event {
            Event::DataOpened { label, .. } => Some(format!("opened {label}")),
            Event::Data { label, payload: DataPayload::Binary(bytes), .. } => Some(format!("{label} {bytes:?}")),
            Event::DataBlocked { label, .. } => Some(format!("blocked {label}")),
            Event::DataWritable { label, .. } => Some(format!("writable {label}")),
            Event::DataClosed { label, .. } => Some(format!("closed {label}")),
            _ => None,
        };
        self.events.iter().filter_map(name).collect()
    }
}

#[test]
fn what_is_said_on_an_echo_channel_comes_back() {
    let mut world = World::new(80);
    let client = world.talker("p1", Publishing::nothing(), "echo");
    let sizes = [1, 1_200, 20_000, 65_536];
    for bytes in sizes {
        world.say(client, 0, &vec![bytes as u8; bytes]);
        world.run(SECOND);
    }
    assert_eq!(world.heard(client), sizes.map(|bytes| vec![bytes as u8; bytes]));
    assert_eq!(world.data_events(), ["opened echo"], "the control plane has nothing to do with it");
    world.assert_sound();
}

#[test]
fn messages_are_told_and_sent() {
    let mut world = World::new(81);
    let client = world.talker("p1", Publishing::nothing(), "events");
    world.say(client, 0, b"to the server");
    world.tell(client, "events", b"to the client".to_vec());
    world.run(SECOND);
    assert_eq!(world.data_events(), ["opened events", "events b\"to the server\""]);
    assert_eq!(world.heard(client), [b"to the client"]);
    let stats = world.stats();
    assert_eq!((stats.data.messages_received, stats.data.messages_sent), (1, 1));
    assert_eq!(stats.data.bytes_received, 13);
    world.close(client);
    assert_eq!(world.stats().data.messages_sent, 1, "what was counted stays");
}

#[test]
fn the_last_channel_of_a_label_that_is_closed_is_told() {
    let mut world = World::new(87);
    let client = world.talker("p1", Publishing::nothing(), "events");
    let now = world.now;
    let second = world.clients[client].with_data(now, |data| data.reliable(now, "events"));
    world.run(SECOND);
    let close = |world: &mut World, stream| {
        let now = world.now;
        world.clients[client].with_data(now, |data| data.close(now, stream));
        world.run(SECOND);
    };
    close(&mut world, 0);
    assert_eq!(world.data_events(), ["opened events", "opened events"], "there is another one");
    close(&mut world, second);
    assert_eq!(world.data_events()[2..], ["closed events"]);
    world.tell(client, "events", vec![1]);
    let now = world.now;
    world.clients[client].with_data(now, |data| data.reliable(now, "events"));
    world.run(SECOND);
    assert_eq!(world.data_events()[3..], ["opened events"]);
    assert_eq!(world.stats().data.messages_undelivered, 1);
    world.close(client);
    assert_eq!(world.data_events().len(), 4, "a transport's end is told by one event");
}

#[test]
fn one_command_reaches_everybody_it_names_and_nobody_else() {
    let mut world = World::new(88);
    let [a, b, other] = ["p1", "p2", "p3"].map(|name| world.talker(name, Publishing::nothing(), "events"));
    let gone = world.meet("room", "p4", Publishing::nothing(), 1);
    world.close(gone);
    let transports = [gone, b, a].map(|client| world.clients[client].id).to_vec();
    let payload = DataPayload::Binary(b"to both".to_vec().into());
    world.command(Command::SendData { transports, label: "events".into(), payload });
    world.run(SECOND);
    assert_eq!([a, b].map(|client| world.heard(client).to_vec()), [[b"to both"], [b"to both"]]);
    assert!(world.heard(other).is_empty());
    world.assert_sound();
}

#[test]
fn what_is_said_on_a_channel_that_nobody_listens_to_is_counted_and_not_told() {
    let mut world = World::new(89);
    let client = world.talker("p1", Publishing::nothing(), "game");
    for _ in 0..100 {
        world.say(client, 0, b"to nobody");
        world.run_ms(5);
    }
    world.run(SECOND);
    assert_eq!(world.data_events(), ["opened game"]);
    assert_eq!(world.stats().counters.data_unheard, 100);
    world.tell(client, "game", b"to the client".to_vec());
    world.run(SECOND);
    assert_eq!(world.heard(client), [b"to the client"]);
}

#[test]
fn a_transport_without_channels_costs_nothing_and_misses_what_is_sent() {
    let mut world = World::new(82);
    let client = world.meet("room", "p1", Publishing::camera(1), 1);
    let watcher = world.watch("room", (1, 0), &[]);
    world.run(SECOND);
    world.tell(client, "events", vec![1]);
    let now = world.now;
    world.clients[watcher].begin_data(now);
    world.run(3 * SECOND);
    let stats = world.stats();
    assert_eq!(stats.counters.data_undelivered, 1);
    assert!(stats.counters.data_not_agreed >= 1);
    assert_eq!(stats.data.packets_received, 0);
    assert!(world.viewer(watcher).video().frames.len() > 80);
    world.assert_sound();
}

#[test]
fn a_client_that_takes_nothing_is_told_of_once_and_media_goes_on() {
    let mut world = World::new(83);
    let client = world.talker("p1", Publishing::nothing(), "events");
    world.publish("room", "p2", Publishing::with_sound(2));
    world.run(2 * SECOND);
    let before = world.viewer(client).slot(Audio, 0).frames.len();
    // The link loses nothing; it is the burst that is too much.
    for _ in 0..40 {
        world.tell(client, "events", vec![7; 16_384]);
    }
    world.run(2 * SECOND);
    assert_eq!(world.data_events(), ["opened events", "blocked events", "writable events"]);
    assert_eq!(world.heard(client).len(), 16);
    assert_eq!(world.stats().data.messages_shed, 24);
    let slot = world.viewer(client).slot(Audio, 0);
    assert!(slot.frames.len() - before >= 98, "{} frames in 2 s", slot.frames.len() - before);
    assert!(slot.longest_freeze() < Duration::from_millis(60), "{:?}", slot.longest_freeze());
    world.assert_sound();
}

#[test]
fn a_flood_costs_the_flooder_its_channels_and_nobody_media() {
    let mut world = World::new(84);
    let flooder = world.talker("p1", Publishing::with_sound(1), "chat");
    let other = world.talker("p2", Publishing::with_sound(2), "echo");
    let watcher = world.watch("room", (1, 1), &["p1"]);
    world.run(2 * SECOND);
    for _ in 0..200 {
        let now = world.now;
        world.clients[flooder].with_data(now, |data| {
            for _ in 0..40 {
                if !data.is_closed() {
                    data.send(now, 0, &[1; 20]);
                }
            }
        });
        world.run_ms(20);
    }
    world.say(other, 0, b"still here");
    world.run(SECOND);
    let stats = world.stats();
    assert_eq!((stats.data.associations_faulty, stats.data.panics_caught), (1, 0));
    assert!(world.clients[flooder].data.as_ref().unwrap().is_closed(), "it is told");
    let told = world.data_events().len();
    assert!((500..3_600).contains(&told), "{told} events for 8,000 messages");
    assert!(world.data_events().contains(&"closed chat".to_owned()));
    assert_eq!(world.heard(other), [b"still here"]);
    for viewer in [watcher, other] {
        let sound = world.viewer(viewer).slot(Audio, 0);
        assert!(sound.longest_freeze() < Duration::from_millis(60), "{:?}", sound.longest_freeze());
    }
    assert!(world.viewer(watcher).video().longest_freeze() < Duration::from_millis(100));
    assert!(world.closed(flooder).is_none());
    world.assert_sound();
}

#[test]
fn media_has_its_turn_before_all_data_is_sent() {
    let mut world = World::new(86);
    let client = world.talker("p1", Publishing::nothing(), "events");
    let speaker = world.publish("room", "p2", Publishing { video: false, ..Publishing::with_sound(2) });
    world.run(2 * SECOND);
    // The congestion window grows.
    for _ in 0..16 {
        world.tell(client, "events", vec![7; 16_384]);
    }
    world.run(2 * SECOND);
    let address = world.clients[client].address;
    let transport = world.clients[client].id;
    let now = world.now;
    for _ in 0..4 {
        let payload = DataPayload::Binary(vec![7; 65_536].into());
        world.shards[0]
            .handle_command(now, Command::SendData { transports: vec![transport], label: "events".into(), payload });
    }
    // A packet of sound and many of data are pending at the same time.
    let (mut sound, mut heard) = (now, false);
    while !heard {
        sound = world.clients[speaker].due().unwrap();
        world.clients[speaker].wake(sound);
        let from = world.clients[speaker].address;
        while let Some(mut bytes) = world.clients[speaker].poll() {
            heard |= classify(&bytes) == DatagramKind::Rtp;
            let pair = Pair::udp(SERVER.parse().unwrap(), from);
            world.shards[0].handle_datagram(sound, Datagram { pair, arrival: sound, bytes: &mut bytes });
        }
    }
    world.shards[0].handle_timeout(sound + Duration::from_millis(5));
    let (mut kinds, mut buffer) = (vec![], vec![]);
    while let Some(transmit) = world.shards[0].poll_transmit(sound + Duration::from_millis(5), &mut buffer) {
        if transmit.pair.remote == address {
            kinds.push(classify(&buffer));
        }
    }
    let data = kinds.iter().filter(|kind| **kind == DatagramKind::Dtls).count();
    let media = kinds.iter().position(|kind| *kind == DatagramKind::Rtp).unwrap();
    assert!(data > 30, "{data} packets of data");
    assert!(media <= usize::from(DATA_PACKETS_PER_TURN) + 2, "{media} packets before media, of {data}");
}

#[test]
fn channels_survive_a_bad_link_and_an_ice_restart() {
    let mut world = World::new(85);
    let client = world.talker("p1", Publishing::with_sound(1), "echo");
    (world.links[client].loss_up, world.links[client].loss_down) = (8.0, 8.0);
    let now = world.now;
    let unreliable =
        world.clients[client].with_data(now, |data| data.open(now, "echo", ChannelType::PartialReliableRexmit, 0));
    world.run(5 * SECOND);
    world.restart_ice(client, 4_900);
    for number in 0..50 {
        world.say(client, 0, &[number; 2_000]);
        world.say(client, unreliable, &[number]);
        world.run_ms(100);
    }
    world.run(30 * SECOND);
    let numbers: Vec<u8> = world.heard(client).iter().map(|message| message[0]).collect();
    assert_eq!(numbers, (0..50).collect::<Vec<u8>>());
    let data = world.clients[client].data.as_ref().unwrap();
    assert!((30..50).contains(&data.messages(unreliable).len()), "{}", data.messages(unreliable).len());
    world.assert_sound();
}

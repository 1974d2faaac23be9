//! Peers that break the rules, or flood: their association ends at most, and what it could cost is bounded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sfu_core::limits::{
    DATA_ASSOCIATIONS_MAX, DATA_CHANNELS_MAX, DATA_CHANNELS_OPENED_MAX, DATA_FRAGMENTS_MAX, DATA_MESSAGE_BYTES_MAX,
    DATA_MESSAGES_BURST, DATA_PACKET_BYTES_MAX, DATA_PACKETS_BURST, DATA_PACKETS_PER_SECOND,
};
use sfu_core::transport::{DataChannels, DataCounters};

use crate::sctp_peer::{ABORT, ERROR, FORWARD_TSN, RE_CONFIG, SACK, SctpPeer, chunk, data, init, packet};

struct Attack {
    now: Instant,
    channels: DataChannels,
    peer: SctpPeer,
    answers: usize,
    /// Kind of the first chunk of the last answer.
    last_answer: u8,
    events: usize,
}

impl Attack {
    /// With a channel `echo` on stream 0.
    fn from(first: u32) -> Self {
        let now = Instant::now();
        let mut channels = DataChannels::new(now, DATA_MESSAGE_BYTES_MAX);
        let peer = SctpPeer::connect(now, &mut channels, first);
        let mut attack = Self { now, channels, peer, answers: 0, last_answer: 0, events: 0 };
        let open = attack.peer.open(0, "echo");
        attack.send(open);
        assert_eq!(attack.counters().channels_opened, 1);
        attack
    }

    fn new() -> Self {
        Self::from(1_000)
    }

    fn send(&mut self, packet: Bytes) {
        self.channels.handle_packet(self.now, packet);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(packet) = self.channels.poll_packet() {
            assert!(packet.len() <= DATA_PACKET_BYTES_MAX);
            self.answers += 1;
            self.last_answer = packet[12];
        }
        while self.channels.poll_event().is_some() {
            self.events += 1;
        }
    }

    fn wait_ms(&mut self, time_ms: u64) {
        self.now += Duration::from_millis(time_ms);
        self.channels.handle_timeout(self.now);
        self.drain();
    }

    fn counters(&self) -> DataCounters {
        *self.channels.counters()
    }

    /// Whether a message still comes through.
    fn is_alive(&mut self, number: u16) -> bool {
        let before = self.counters().messages_received;
        let message = self.peer.message(0, number, 53, &[1]);
        self.send(message);
        self.counters().messages_received > before
    }
}

#[test]
fn an_init_repeated_is_answered_as_before_and_another_one_is_refused() {
    let now = Instant::now();
    let mut channels = DataChannels::new(now, DATA_MESSAGE_BYTES_MAX);
    channels.handle_packet(now, init(7, 1));
    let answer = channels.poll_packet().unwrap();
    channels.handle_packet(now, init(7, 1));
    assert_eq!(channels.poll_packet().unwrap(), answer);

    let mut attack = Attack::new();
    attack.send(init(7, 1_000));
    attack.send(init(8, 1));
    assert_eq!(attack.counters().associations_refused, 1);
    assert!(attack.is_alive(1), "a late repeat of the INIT does not end what it began");
}

#[test]
fn no_peer_begins_associations_without_end() {
    let now = Instant::now();
    let mut channels = DataChannels::new(now, DATA_MESSAGE_BYTES_MAX);
    for tag in 1..100 {
        channels.handle_packet(now, init(tag, 1));
        while channels.poll_packet().is_some() {}
    }
    assert_eq!(channels.counters().associations_refused, u64::from(99 - DATA_ASSOCIATIONS_MAX));
}

#[test]
fn what_is_no_sctp_is_counted_and_costs_nothing() {
    let mut attack = Attack::new();
    let tag = attack.peer.tag;
    let mut spoiled = packet(tag, &data(3, 1_001, (0, 1), 53, &[1])).to_vec();
    spoiled[9] ^= 1;
    let malformed = [
        Bytes::new(),
        Bytes::from_static(&[0; 11]),
        spoiled.into(),
        packet(tag, &[0, 3, 0, 2]),
        packet(tag, &[0, 3, 0, 200, 1]),
        packet(tag, &chunk(99, 0, &[])),
        packet(tag, &chunk(ERROR, 0, &[0, 1, 0, 8, 0, 0, 0, 0])),
        packet(tag, &chunk(SACK, 0, &[0; 8])),
        packet(tag, &chunk(RE_CONFIG, 0, &[0, 13, 0, 2])),
        packet(0, &chunk(1, 0, &[0; 3])),
        packet(tag ^ 1, &data(3, 1_001, (0, 1), 53, &[1])),
        Bytes::from(vec![0; 1_501]),
    ];
    let count = malformed.len() as u64;
    malformed.into_iter().for_each(|packet| attack.send(packet));
    assert_eq!(attack.counters().packets_malformed, count);
    assert!(attack.is_alive(1));
}

#[test]
fn a_panic_of_the_library_ends_the_association_alone() {
    let mut attack = Attack::new();
    // The length of the cause is larger than the chunk.
    let abort = attack.peer.packet(&chunk(ABORT, 0, &[0, 12, 0, 99]));
    attack.send(abort);
    let counters = attack.counters();
    assert_eq!((counters.panics_caught, counters.associations_faulty, counters.channels_closed), (1, 1, 1));
    assert_eq!(attack.channels.poll_timeout(), None);
    assert!(!attack.is_alive(1));
    let peer = SctpPeer::connect(attack.now, &mut attack.channels, 5);
    assert_ne!(peer.tag, attack.peer.tag, "another one may begin");
}

#[test]
fn an_abort_of_the_peer_closes_its_channels() {
    let mut attack = Attack::new();
    let abort = attack.peer.packet(&chunk(ABORT, 0, &[0, 12, 0, 4]));
    attack.send(abort);
    let counters = attack.counters();
    assert_eq!((counters.associations_closed, counters.channels_closed, counters.associations_faulty), (1, 1, 0));
}

#[test]
fn giving_up_half_the_numbers_there_are_costs_no_walk() {
    let mut attack = Attack::new();
    for _ in 0..1_000 {
        for ahead in [1 << 30, (1 << 31) - 2, 100_000] {
            let forward = attack.peer.packet(&chunk(FORWARD_TSN, 0, &(attack.peer.next + ahead).to_be_bytes()));
            attack.send(forward);
        }
        attack.wait_ms(1);
    }
    attack.wait_ms(1_000);
    assert_eq!(attack.counters().packets_shed, 3_000);
    assert!(attack.is_alive(1));
}

#[test]
fn giving_up_is_paid_for_like_packets() {
    let mut attack = Attack::new();
    let mut forwarded: u64 = 0;
    for _ in 0..10_000 {
        let forward = attack.peer.packet(&chunk(FORWARD_TSN, 0, &(attack.peer.next + 8_000).to_be_bytes()));
        let before = attack.counters().packets_shed;
        attack.send(forward);
        if attack.counters().packets_shed == before {
            forwarded += 8_000;
            attack.peer.next += 8_000;
        }
        attack.wait_ms(1);
    }
    let affordable = u64::from(DATA_PACKETS_BURST + 10 * DATA_PACKETS_PER_SECOND) * 64;
    assert!((8_000..=affordable).contains(&forwarded), "{forwarded} numbers in 10 s");
}

#[test]
fn messages_that_never_end_are_not_kept_without_end() {
    // Each fragment is small, and holds a packet's memory.
    for (body, flags) in [(1, 0), (1_100, 0), (1, 4), (1, 2)] {
        let mut attack = Attack::new();
        let mut sent = 0;
        while attack.counters().associations_faulty == 0 {
            let tsn = attack.peer.next;
            attack.peer.next += 1;
            let begins = if sent == 0 { 2 } else { flags & 2 };
            let number = if flags == 2 { 1 + sent as u16 } else { 1 };
            let fragment = data(begins | (flags & 4), tsn, (0, number), 53, &vec![1; body]);
            let packet = attack.peer.packet(&fragment);
            attack.send(packet);
            attack.wait_ms(2);
            sent += 1;
            assert!(sent <= DATA_FRAGMENTS_MAX + 100, "{body} {flags}");
        }
    }
}

#[test]
fn chunks_far_ahead_are_not_kept_and_gaps_fit_a_report() {
    let mut attack = Attack::new();
    for ahead in (2..60_000).step_by(2) {
        let packet = attack.peer.packet(&data(7, attack.peer.next + ahead, (0, 0), 53, &[1]));
        attack.send(packet);
        attack.wait_ms(2);
    }
    let counters = attack.counters();
    assert!(counters.messages_received <= 256 && counters.packets_shed > 29_000, "{counters:?}");
    assert_eq!((counters.packets_unsent, counters.associations_faulty), (0, 0));
}

#[test]
fn acknowledgements_of_what_was_never_sent_do_not_walk_it() {
    let mut attack = Attack::new();
    let mut value = [&attack.peer.received.to_be_bytes()[..], &[0, 1, 0, 0, 1, 0x40, 0, 0]].concat();
    value.extend([1, 0, 0xff, 0xff].repeat(0x140));
    let sack = attack.peer.packet(&chunk(SACK, 0, &value));
    attack.send(sack);
    assert_eq!(attack.counters().packets_malformed, 1);
    assert!(attack.is_alive(1));
}

#[test]
fn reset_requests_for_the_future_are_few_and_answered_seldom() {
    let mut attack = Attack::new();
    for request in 0..400_u32 {
        let mut value = vec![0, 13, 0, 18];
        value.extend(request.to_be_bytes());
        value.extend([0; 4]);
        value.extend((attack.peer.next + 500_000).to_be_bytes());
        value.extend([0, 0]);
        let reset = attack.peer.packet(&chunk(RE_CONFIG, 0, &value));
        attack.send(reset);
    }
    assert!(attack.counters().packets_shed >= 398);
    attack.wait_ms(2_000);
    let before = attack.answers;
    for number in 1..=100 {
        assert!(attack.is_alive(number));
    }
    assert!(attack.answers - before < 700, "{} answers to 100 messages", attack.answers - before);
    // Sixty chunks a packet, none of which ends a message.
    let mut number = 101;
    let before = attack.answers;
    for _ in 0..1_000 {
        let tsn = attack.peer.next;
        let flags = |at| u8::from(at == 59) | (u8::from(at == 0) << 1);
        let chunks: Vec<u8> = (0..60).flat_map(|at| data(flags(at), tsn + at, (0, number), 53, &[1])).collect();
        let shed = attack.counters().packets_shed;
        let packet = attack.peer.packet(&chunks);
        attack.send(packet);
        if attack.counters().packets_shed == shed {
            attack.peer.next += 60;
            number += 1;
        }
        attack.wait_ms(5);
    }
    assert!(number > 105, "some get through");
    assert!(attack.answers - before < 6_000, "{} answers in five seconds", attack.answers - before);
}

#[test]
fn streams_beyond_those_agreed_on_end_the_association() {
    let mut attack = Attack::new();
    let message = attack.peer.message(DATA_CHANNELS_MAX * 2, 0, 53, &[1]);
    attack.send(message);
    assert_eq!(attack.counters().associations_faulty, 1);
    assert_eq!(attack.last_answer, ABORT, "it is told so");
}

#[test]
fn a_storm_of_channels_opened_and_closed_comes_to_an_end() {
    let mut attack = Attack::new();
    for round in 0..DATA_CHANNELS_OPENED_MAX * 2 {
        let open = attack.peer.open(2, "again");
        attack.send(open);
        let mut value = vec![0, 13, 0, 18];
        value.extend(round.to_be_bytes());
        value.extend([0; 4]);
        value.extend((attack.peer.next - 1).to_be_bytes());
        value.extend([0, 2]);
        let reset = attack.peer.packet(&chunk(RE_CONFIG, 0, &value));
        attack.send(reset);
        attack.wait_ms(5);
    }
    let counters = attack.counters();
    assert_eq!((counters.associations_faulty, counters.panics_caught), (1, 0));
    assert!((1_000..=1_024).contains(&counters.channels_opened), "{}", counters.channels_opened);
}

#[test]
fn a_flood_of_messages_ends_the_association_and_one_of_packets_is_shed() {
    let mut attack = Attack::new();
    let mut number = 1;
    while attack.counters().associations_faulty == 0 && number < 10_000 {
        let tsn = attack.peer.next;
        attack.peer.next += 40;
        let chunks: Vec<u8> = (0..40).flat_map(|at| data(3, tsn + u32::from(at), (0, number + at), 53, &[1])).collect();
        number += 40;
        let packet = attack.peer.packet(&chunks);
        attack.send(packet);
    }
    let received = attack.counters().messages_received;
    assert!((900..=u64::from(DATA_MESSAGES_BURST)).contains(&received), "{received}");

    let mut attack = Attack::new();
    for _ in 0..20_000 {
        let repeated = attack.peer.packet(&data(3, 1_000, (0, 0), 50, &[1; 1_000]));
        attack.send(repeated);
    }
    assert!(attack.counters().packets_shed > 19_000);
    assert!(attack.answers < 1_200, "{}", attack.answers);
    attack.wait_ms(500);
    assert!(attack.is_alive(1), "duplicates are no crime");
}

#[test]
fn messages_that_are_no_dcep_are_refused_with_their_channel() {
    for body in [&[9][..], &[3, 0x55, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[3; 12], &[3; 300]] {
        let mut attack = Attack::new();
        let message = attack.peer.message(2, 0, 50, body);
        attack.send(message);
        let counters = attack.counters();
        assert_eq!((counters.channels_refused, counters.channels_opened), (1, 1));
        assert!(attack.is_alive(1));
    }
    let mut attack = Attack::new();
    let message = attack.peer.message(4, 0, 53, &[1]);
    attack.send(message);
    assert_eq!(attack.counters().messages_unopened, 1);
}

#[test]
fn numbers_may_come_round() {
    let mut attack = Attack::from(u32::MAX - 3);
    for number in 1..10 {
        assert!(attack.is_alive(number) || attack.counters().panics_caught == 1, "message {number}");
    }
}

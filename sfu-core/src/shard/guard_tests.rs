#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, and here also succeeds so")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::id::{Identity, RoomName};
use crate::sdp::{self, Local, Purpose};
use crate::shard::participant::Membership;
use crate::shard::{Datagram, ShardConfig};
use crate::transport::{
    Connection, IceCredentials, LocalCertificate, MasterKey, PacketIndex, Pair, RtpSealer, SrtpKeys, SrtpProfile,
};

fn pair(port: u16) -> Pair {
    Pair::udp(([10, 0, 0, 1], 7_882).into(), ([10, 0, 0, 2], port).into())
}

fn keys() -> SrtpKeys {
    let key = |byte| MasterKey { key: [byte; 16], salt: [byte; 14] };
    SrtpKeys { profile: SrtpProfile::AeadAes128Gcm, local: key(1), remote: key(2) }
}

fn offer(direction: &str) -> String {
    let fingerprint = vec!["AB"; 32].join(":");
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n\
         c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n\
         a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:0\r\na={direction}\r\na=rtcp-mux\r\n\
         a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n"
    )
}

/// Lets a participant enter whose transport is up already.
fn enter(shard: &mut Shard, now: Instant, number: u16, purpose: Purpose) -> ParticipantKey {
    let direction = if purpose == Purpose::Publish { "sendonly" } else { "recvonly" };
    let ice = IceCredentials { ufrag: format!("ours{number}"), pwd: "ours".into() };
    let fingerprint = shard.config.certificate.fingerprint().clone();
    let local = Local { ice: &ice, fingerprint: &fingerprint, candidates: &[], tcp: false, cname: "cname" };
    let accepted = sdp::answer(&offer(direction), purpose, &local, &mut shard.rng).unwrap();
    let membership = Membership {
        id: TransportId(u64::from(number)),
        room: RoomName::new("room").unwrap(),
        identity: Identity::new(&format!("p{number}")).unwrap(),
        purpose,
        wishes: crate::room::Wishes::Anybody,
        caps: crate::bitrate::Caps::default(),
    };
    let connection = Connection::with_keys(now, pair(number), &keys());
    let key = shard.enter(now, membership, connection, (accepted.negotiated, accepted.session));
    shard.addresses.add(key, TransportId(u64::from(number)), &ice.ufrag);
    shard.addresses.verified(now, key, pair(number), Some(pair(number)));
    key
}

/// The first packet of a VP8 keyframe.
fn keyframe(index: u64) -> Vec<u8> {
    let [.., high, low] = index.to_be_bytes();
    let mut packet = vec![0x80, 0x80 | 96, high, low, 0, 0, 0, 7, 0, 0, 0, 9, 0x10, 0, 0, 0];
    let mut sealer = RtpSealer::new(&keys().remote, keys().profile).unwrap();
    assert!(sealer.seal(PacketIndex::new(index).unwrap(), &mut packet, 0, 12));
    packet
}

fn shard(now: Instant) -> Shard {
    let certificate = Arc::new(LocalCertificate::generate().unwrap());
    let epoch = (now, Duration::from_secs(1));
    Shard::new(ShardConfig {
        id: crate::id::ShardId(0),
        certificate,
        seed: [1; 32],
        epoch,
        data_labels: vec![],
        tcp: false,
        rings_bytes_max: crate::limits::RINGS_BYTES_MAX,
    })
}

fn drain(shard: &mut Shard, now: Instant) -> Vec<Pair> {
    let mut buffer = vec![];
    std::iter::from_fn(|| shard.poll_transmit(now, &mut buffer).map(|transmit| transmit.pair)).collect()
}

fn send(shard: &mut Shard, now: Instant, port: u16, index: u64) -> Vec<Pair> {
    let mut bytes = keyframe(index);
    shard.handle_datagram(now, Datagram { pair: pair(port), arrival: now, bytes: &mut bytes });
    drain(shard, now)
}

#[test]
fn a_panic_inside_one_transport_ends_that_transport_alone() {
    let now = Instant::now();
    let mut shard = shard(now);
    let [healthy, broken] = [1, 2].map(|number| enter(&mut shard, now, number, Purpose::Publish));
    enter(&mut shard, now, 3, Purpose::Watch);
    drain(&mut shard, now);
    assert!(send(&mut shard, now, 1, 1).contains(&pair(3)), "forwards before");
    while shard.poll_event().is_some() {}

    shard.guard(now, broken, |shard| {
        shard.timers.set(crate::timer::Timer::Participant(broken), Some(now));
        panic!("a fault, on purpose");
    });

    let Some(Event::Closed { transport, reason, .. }) = shard.poll_event() else { panic!("no event") };
    assert_eq!((transport, reason), (TransportId(2), CloseReason::Internal));
    assert!(shard.poll_event().is_none());
    assert!(shard.participants.contains_key(healthy) && !shard.participants.contains_key(broken));
    assert_eq!(shard.counters.panics_caught, 1);
    assert!(!send(&mut shard, now, 2, 1).contains(&pair(3)), "nobody is there any more");
    assert!(send(&mut shard, now, 1, 2).contains(&pair(3)), "the other still forwards");
}

#[test]
fn a_panic_on_a_request_refuses_it_and_leaves_nothing() {
    let now = Instant::now();
    let mut shard = shard(now);
    enter(&mut shard, now, 1, Purpose::Publish);
    enter(&mut shard, now, 3, Purpose::Watch);
    drain(&mut shard, now);
    while shard.poll_event().is_some() {}
    let timers = shard.timers.len();

    let outcome: Result<(), _> = shard.attempt_new(now, TransportId(2), |shard| {
        enter(shard, now, 2, Purpose::Watch);
        panic!("a fault, on purpose");
    });

    assert_eq!(outcome, Err(RequestError::Internal));
    assert!(shard.poll_event().is_none_or(|event| matches!(event, Event::Connected { .. })));
    assert_eq!((shard.participants.len(), shard.timers.len(), shard.counters.panics_caught), (2, timers, 1));
    assert!(send(&mut shard, now, 1, 1).contains(&pair(3)), "the others still forward");
}

#[test]
fn nobody_is_left_among_the_readers_of_what_is_gone() {
    let now = Instant::now();
    let mut shard = shard(now);
    let [publisher, viewer] =
        [(1, Purpose::Publish), (3, Purpose::Watch)].map(|(number, purpose)| enter(&mut shard, now, number, purpose));
    send(&mut shard, now, 1, 1);
    assert_eq!(shard.media.readers.values().map(Vec::len).sum::<usize>(), 1);
    shard.remove(now, viewer, CloseReason::Requested);
    assert_eq!(shard.media.readers.values().map(Vec::len).sum::<usize>(), 0);
    shard.remove(now, publisher, CloseReason::Requested);
    assert!(shard.media.readers.is_empty() && shard.media.encodings.is_empty() && shard.media.tracks.is_empty());
    assert!(shard.rooms.is_empty() && shard.timers.is_empty());
}

//! What broke other DTLS stacks (the advisories about pion, the ClientHello race) does not move this one. Each
//! test carries the advisory it stands for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod dtls_peer;

use std::time::Duration;

use bytes::Bytes;
use dtls_peer::*;
use sfu_core::transport::*;

const LIMIT: Duration = Duration::from_secs(9);

fn record(content: u8, epoch: u8, sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![content, 254, 253, 0, epoch, 0, 0, 0, 0, 0, sequence];
    out.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
    out.extend_from_slice(body);
    out
}

fn fragment(message_type: u8, message_len: u32, seq: u16, offset: u32, body: &[u8]) -> Vec<u8> {
    let mut out = vec![message_type];
    out.extend_from_slice(&message_len.to_be_bytes()[1..]);
    out.extend_from_slice(&seq.to_be_bytes());
    out.extend_from_slice(&offset.to_be_bytes()[1..]);
    out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    out.extend_from_slice(body);
    out
}

/// CVE-2019-20786: application data in the clear was delivered.
#[test]
fn cve_2019_20786_plaintext_application_data_is_never_delivered() {
    for role in [DtlsRole::Server, DtlsRole::Client] {
        let mut world = World::with(role, &PeerConfig::default());
        world.run_with(LIMIT, |number, towards, datagram| {
            if towards == Towards::Peer {
                return vec![datagram];
            }
            let number = 200 + u8::try_from(number).unwrap();
            let forged = Bytes::from(record(23, 0, number, b"injected"));
            vec![forged.clone(), datagram, forged]
        });
        assert!(world.is_connected());
        let (now, pair) = (world.now, world.pair);
        world.connection.handle_dtls(now, pair, &record(23, 0, 250, b"injected"));
        world.run(LATENCY, |_, _| false);
        assert_eq!(world.events, [ConnectionEvent::Connected]);
        assert!(world.connection.counters().dtls_plaintext >= 6);
    }
}

/// CVE-2021-28681: data was accepted although the certificate had been refused.
#[test]
fn cve_2021_28681_no_data_after_a_refused_certificate() {
    let stranger = PeerConfig::default().fingerprint();
    let mut world = World::new(DtlsRole::Server, &PeerConfig::default(), stranger);
    world.run_with(LIMIT, |_, _, datagram| vec![datagram]);
    let before = world.events.clone();
    let (now, pair) = (world.now, world.pair);
    world.connection.handle_dtls(now, pair, &record(23, 1, 1, b"data after the refusal, long enough"));
    assert!(!world.connection.is_connected());
    assert_eq!(world.connection.poll_event(), None);
    assert!(
        !before.iter().any(|event| matches!(event, ConnectionEvent::ApplicationData(_) | ConnectionEvent::Connected))
    );
    assert!(world.connection.open_rtp(now, pair, &mut [0x80; 60]).is_err());
}

/// CVE-2022-29189: fragments were buffered without bound.
#[test]
fn cve_2022_29189_fragments_do_not_pile_up() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    let (now, pair) = (world.now, world.pair);
    for round in 0..200u32 {
        let seq = u16::try_from(round % 8).unwrap();
        let body = fragment(1, 60_000, seq, round * 100, &[7; 1_000]);
        world.connection.handle_dtls(now, pair, &record(22, 0, 9, &body));
    }
    assert_eq!(world.connection.counters().dtls_reassembly, 200);
    world.run_with(LIMIT, |_, _, datagram| vec![datagram]);
    assert!(world.is_connected(), "and the real handshake goes on");
}

/// CVE-2022-29190: a fragment of no length made the reassembly loop for ever.
#[test]
fn cve_2022_29190_empty_fragments_are_refused() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    let (now, pair) = (world.now, world.pair);
    let empty = fragment(1, 100, 0, 0, b"");
    world.connection.handle_dtls(now, pair, &record(22, 0, 9, &empty));
    world.connection.handle_dtls(now, pair, &record(22, 0, 10, &[empty.clone(), empty].concat()));
    world.connection.handle_dtls(now, pair, &record(22, 0, 11, b""));
    assert_eq!(world.connection.counters().dtls_reassembly, 2, "one for each record");
    assert_eq!(world.connection.counters().dtls_malformed, 1);
    world.run_with(LIMIT, |_, _, datagram| vec![datagram]);
    assert!(world.is_connected());
}

/// CVE-2022-29222: a client's certificate was believed without its CertificateVerify.
#[test]
fn cve_2022_29222_a_certificate_without_proof_of_its_key_is_not_believed() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    let mut removed = 0;
    world.run_with(LIMIT, |_, towards, datagram| {
        if towards == Towards::Peer {
            return vec![datagram];
        }
        let mut kept = Vec::new();
        let mut rest = &datagram[..];
        while !rest.is_empty() {
            let (record, after) = rest.split_at(13 + usize::from(u16::from_be_bytes([rest[11], rest[12]])));
            rest = after;
            let is_certificate_verify = record[0] == 22 && record[4] == 0 && record[13] == 15;
            removed += usize::from(is_certificate_verify);
            if !is_certificate_verify {
                kept.extend_from_slice(record);
            }
        }
        vec![Bytes::from(kept)]
    });
    assert!(removed > 0);
    assert!(!world.connection.is_connected());
    assert!(!world.events.contains(&ConnectionEvent::Connected));
}

/// CVE-2026-26014: GCM nonces were random; ours are counted.
#[test]
fn cve_2026_26014_record_nonces_never_repeat() {
    let mut world = World::connected(DtlsRole::Server, &PeerConfig::default());
    let mut last = None;
    for _ in 0..1_000 {
        assert!(world.connection.send_application_data(world.now, b"x"));
        let (_, datagram) = world.connection.poll_datagram().unwrap();
        let nonce = u64::from_be_bytes(datagram[13..21].try_into().unwrap());
        assert!(last.is_none_or(|last| nonce == last + 1), "{nonce} after {last:?}");
        last = Some(nonce);
    }
}

/// rtpengine, Asterisk, FreeSWITCH (2023-24): a ClientHello from anywhere won the race for the session.
#[test]
fn a_client_hello_from_an_unverified_address_is_not_looked_at() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    let now = world.now;
    let mut attacker = Peer::new(now, DtlsRole::Client, &PeerConfig::default());
    let hello = attacker.poll().unwrap();
    for port in 1..1_000 {
        world.connection.handle_dtls(now, pair(port), &hello);
    }
    assert!(world.connection.poll_datagram().is_none(), "not a byte back");
    assert_eq!(world.connection.counters().unverified_pair, 999);
    world.run_with(LIMIT, |_, _, datagram| vec![datagram]);
    assert!(world.is_connected());
    for port in 1..1_000 {
        world.connection.handle_dtls(world.now, pair(port), &hello);
    }
    world.connection.handle_dtls(world.now, world.pair, &hello);
    assert!(world.connection.is_connected(), "after the handshake a ClientHello changes nothing");
    assert_eq!(world.connection.poll_event(), None);
}

/// The same race by somebody who forges the peer's own address, as datagrams that overtake the peer's.
#[test]
fn client_hellos_under_the_peers_own_address_win_no_race() {
    let forged: Vec<Bytes> = (0..5)
        .map(|_| Peer::new(std::time::Instant::now(), DtlsRole::Client, &PeerConfig::default()).poll().unwrap())
        .collect();
    for moment in 0..6 {
        let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
        world.run_with(LIMIT, |number, towards, datagram| match towards {
            Towards::Connection if number == moment => [&forged[..], &[datagram], &forged[..]].concat(),
            Towards::Connection | Towards::Peer => vec![datagram],
        });
        assert!(world.is_connected(), "forged at datagram {moment}: {:?}", world.events);
    }
}

/// Pieces of a ClientHello that was forged do not stand in the way of the peer's.
#[test]
fn pieces_of_a_forged_client_hello_are_given_up_for_the_peers() {
    for seq in 0..2 {
        let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
        world.run_with(LIMIT, |_, towards, datagram| match towards {
            Towards::Connection => {
                let long = record(22, 0, 9, &fragment(1, 9_000, seq, 100, &[7; 500]));
                let wrong = record(22, 0, 10, &fragment(2, 60, seq, 0, &[7; 30]));
                vec![long.into(), wrong.into(), datagram]
            }
            Towards::Peer => vec![datagram],
        });
        assert!(world.is_connected(), "{:?}", world.events);
    }
}

#[test]
fn a_client_hello_without_the_cookie_is_answered_by_less_than_it_is() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    let (now, pair) = (world.now, world.pair);
    for _ in 0..100 {
        let hello = Peer::new(now, DtlsRole::Client, &PeerConfig::default()).poll().unwrap();
        world.connection.handle_dtls(now, pair, &hello);
        let (_, answer) = world.connection.poll_datagram().unwrap();
        assert!(answer.len() < hello.len(), "{} bytes for {}", answer.len(), hello.len());
        assert!(world.connection.poll_datagram().is_none());
    }
    world.run_with(LIMIT, |_, _, datagram| vec![datagram]);
    assert!(world.is_connected());
}

#[test]
fn forged_alerts_end_nothing() {
    for role in [DtlsRole::Server, DtlsRole::Client] {
        let mut world = World::with(role, &PeerConfig::default());
        world.run_with(LIMIT, |number, towards, datagram| {
            let forged = record(21, 0, 100 + u8::try_from(number).unwrap(), &[2, 40]);
            let close = record(21, 0, 180 + u8::try_from(number).unwrap(), &[1, 0]);
            match towards {
                Towards::Connection => vec![forged.into(), close.into(), datagram],
                Towards::Peer => vec![datagram],
            }
        });
        assert!(world.is_connected());
        let (now, pair) = (world.now, world.pair);
        for epoch in 0..4 {
            world.connection.handle_dtls(now, pair, &record(21, epoch, 99, &[2, 40]));
            world.connection.handle_dtls(now, pair, &record(21, epoch, 99, &[7; 40]));
            world.connection.handle_dtls(now, pair, &record(20, epoch, 99, &[1]));
        }
        assert!(world.connection.is_connected());
        assert_eq!(world.connection.poll_event(), None);
    }
}

#[test]
fn repeats_of_old_handshake_records_are_answered_a_bounded_number_of_times() {
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    let mut seen = Vec::new();
    world.run_with(LIMIT, |_, towards, datagram| {
        if towards == Towards::Connection {
            seen.push(datagram.clone());
        }
        vec![datagram]
    });
    let mut answers = 0;
    for _ in 0..1_000 {
        world.now += Duration::from_millis(100);
        for datagram in &seen {
            world.connection.handle_dtls(world.now, world.pair, datagram);
        }
        answers += std::iter::from_fn(|| world.connection.poll_datagram()).count();
    }
    assert!((1..=16).contains(&answers), "{answers}");
    assert!(world.connection.counters().get(DropReason::DtlsRepeatLimit) > 0);
    assert!(world.connection.is_connected());
}

#[test]
fn noise_in_every_phase_does_no_harm() {
    use rand::{Rng, SeedableRng};
    let mut rng = rand::rngs::StdRng::seed_from_u64(7);
    let mut world = World::with(DtlsRole::Server, &PeerConfig::default());
    world.run_with(LIMIT, |_, towards, datagram| {
        let mut out = Vec::new();
        for _ in 0..50 {
            let mut noise = vec![0; rng.random_range(1..200)];
            rng.fill(&mut noise[..]);
            out.push(Bytes::from([vec![rng.random_range(20..64)], noise].concat()));
        }
        out.push(datagram);
        if towards == Towards::Peer { vec![out.pop().unwrap()] } else { out }
    });
    assert!(world.is_connected());
    for _ in 0..20_000 {
        let mut noise = vec![0; rng.random_range(13..80)];
        rng.fill(&mut noise[..]);
        let body = u16::try_from(noise.len() - 13).unwrap().to_be_bytes();
        noise[..5].copy_from_slice(&[rng.random_range(20..24), 254, 253, 0, rng.random_range(0..3)]);
        noise[11..13].copy_from_slice(&body);
        world.connection.handle_dtls(world.now, world.pair, &noise);
    }
    assert!(world.connection.is_connected());
}

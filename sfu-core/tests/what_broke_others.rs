//! Inputs that broke other servers of this kind, and have no better place: the README lists all of them with their tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::net::SocketAddr;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sfu_core::limits::SDP_EXCERPT_CHARS_MAX;
use sfu_core::rtp::RtpPacket;
use sfu_core::sdp::{self, Local, Purpose};
use sfu_core::transport::{Fingerprint, FingerprintHash, IceCredentials};

const OFFER: &str = include_str!("golden/firefox-publish.offer.sdp");

/// What is answered to an offer, or why nothing is.
fn answer(offer: &str) -> Result<String, String> {
    let ice = IceCredentials { ufrag: "ours".into(), pwd: "ours-of-22-characters!".into() };
    let fingerprint = Fingerprint { hash: FingerprintHash::Sha256, bytes: vec![7; 32] };
    let candidates: [SocketAddr; 1] = [([192, 0, 2, 1], 7_882).into()];
    let local = Local { ice: &ice, fingerprint: &fingerprint, candidates: &candidates, tcp: true, cname: "stem" };
    let accepted = sdp::answer(offer, Purpose::Publish, &local, &mut StdRng::seed_from_u64(1));
    accepted.map(|accepted| accepted.answer).map_err(|error| error.to_string())
}

/// Janus CVE-2020-13898, -13899, -13900, -13901, -14034: lines without what should follow, and values far longer than any buffer.
#[test]
fn janus_2020_descriptions_with_empty_and_endless_values_are_answered_or_refused_in_few_words() {
    let whole = answer(OFFER).unwrap();
    assert!(whole.contains("m=video"));
    let long = "x".repeat(5_000);
    let numbers = "9".repeat(5_000);
    for (place, line) in OFFER.lines().enumerate() {
        let key: String = line.chars().take_while(|character| !matches!(character, ':' | ' ')).collect();
        let broken = [
            String::new(),
            line[..2].to_owned(),
            key.clone(),
            format!("{key}:"),
            format!("{key}: "),
            format!("{key}:{long}"),
            format!("{key}:{numbers} {numbers}/{numbers}"),
            format!("{line}{long}"),
            format!("{line} {numbers}"),
            line.replace(|character: char| character.is_ascii_digit(), "-1"),
            line.replace(' ', "  "),
        ];
        for other in broken {
            let offer: String = OFFER
                .lines()
                .enumerate()
                .map(|(at, line)| format!("{}\r\n", if at == place { &other } else { line }))
                .collect();
            if let Err(words) = answer(&offer) {
                let most = 4 * SDP_EXCERPT_CHARS_MAX + 200;
                assert!(
                    words.len() <= most,
                    "line {place}: {} bytes about {}",
                    words.len(),
                    &other[..other.len().min(60)]
                );
            }
        }
    }
}

/// CVE-2025-49140: padding that claims to be longer than its packet.
#[test]
fn cve_2025_49140_padding_longer_than_its_packet_is_no_packet() {
    for payload in 0..40_usize {
        for padding in 0..=255_u8 {
            let mut bytes = vec![0x80 | 0x20, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
            bytes.resize(12 + payload, 7);
            let claimed = usize::from(padding);
            if payload > 0 {
                bytes[11 + payload] = padding;
            }
            match RtpPacket::parse(&bytes) {
                Some(packet) => assert!(packet.payload.len() <= payload.saturating_sub(claimed.min(payload))),
                None => {
                    assert!(payload == 0 || claimed == 0 || claimed > payload, "{payload} bytes, {claimed} of padding")
                }
            }
        }
    }
}

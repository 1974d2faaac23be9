//! Whichever code a machine has for AES-128-GCM, the bytes are the same: the published vectors, and aws-lc's own answers for
//! every length of payload and of header.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use sfu_core::transport::{GcmKey, GcmProvider};

/// Longest payload of which every length is tried; what an MTU of 1,500 leaves is shorter.
const PAYLOAD_MAX: usize = 1_500;
/// Headers without extension and up to a register of them.
const HEADERS: std::ops::RangeInclusive<usize> = 12..=64;
/// Before and after what is sealed, to be left alone.
const MARGIN: usize = 64;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn providers(key: &[u8; 16]) -> Vec<GcmKey> {
    [GcmProvider::AwsLc, GcmProvider::Avx512].into_iter().filter_map(|one| GcmKey::with(one, key)).collect()
}

/// Both providers' keys, if this machine has both.
fn both(key: &[u8; 16]) -> Option<(GcmKey, GcmKey)> {
    let ours = GcmKey::with(GcmProvider::Avx512, key);
    if ours.is_none() {
        println!("no AVX-512 with VAES and VPCLMULQDQ here: nothing to compare");
    }
    Some((GcmKey::with(GcmProvider::AwsLc, key)?, ours?))
}

struct Random(StdRng);

impl Random {
    fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    fn vec(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// Seals and opens one packet with both, `offset` bytes behind an allocation's begin.
fn compare(aws_lc: &GcmKey, ours: &GcmKey, random: &mut Random, header_len: usize, payload_len: usize, offset: usize) {
    let case = format!("header {header_len}, payload {payload_len}, offset {offset}");
    let nonce = random.bytes();
    let packet = random.vec(offset + header_len + payload_len + MARGIN);
    let (header_at, payload_at, end) = (offset, offset + header_len, offset + header_len + payload_len);
    let header = &packet[header_at..payload_at];

    let mut expected = packet.clone();
    let expected_tag = aws_lc.seal(&nonce, header, &mut expected[payload_at..end]).unwrap();
    let mut sealed = packet.clone();
    let tag = ours.seal(&nonce, header, &mut sealed[payload_at..end]).unwrap();
    assert!(sealed == expected, "{case}");
    assert_eq!(tag, expected_tag, "{case}");

    assert!(ours.open(&nonce, header, &mut sealed[payload_at..end], &tag), "{case}");
    assert!(sealed == packet, "{case}");
}

/// Test cases 1 to 4 of McGrew and Viega, "The Galois/Counter Mode of Operation": those of AES-128 with a nonce of 96 bits.
#[test]
fn the_specifications_vectors() {
    let zero = "00000000000000000000000000000000";
    let (key, nonce) = ("feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888");
    let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let cipher = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
        21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985";
    let cases = [
        (zero, &zero[..24], "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"),
        (zero, &zero[..24], "", zero, "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"),
        (key, nonce, "", plain, cipher, "4d5c2af327cd64a62cf35abd2ba6fab4"),
        (
            key,
            nonce,
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            &plain[..120],
            &cipher[..120],
            "5bc94fbc3221a5db94fae95ae7121a47",
        ),
    ];
    for (key, nonce, header, plain, cipher, tag) in cases {
        check_vector(key, nonce, header, plain, cipher, tag);
    }
}

fn check_vector(key: &str, nonce: &str, header: &str, plain: &str, cipher: &str, tag: &str) {
    let nonce: [u8; 12] = hex(nonce).try_into().unwrap();
    for key in providers(&hex(key).try_into().unwrap()) {
        let mut payload = hex(plain);
        let made = key.seal(&nonce, &hex(header), &mut payload).unwrap();
        assert_eq!(payload, hex(cipher), "{key:?}");
        assert_eq!(made[..], hex(tag), "{key:?}");
        assert!(key.open(&nonce, &hex(header), &mut payload, &made), "{key:?}");
        assert_eq!(payload, hex(plain), "{key:?}");
    }
}

/// RFC 7714 §16.1.1 and §17.1.1, with the nonces that the RFC computes.
#[test]
fn the_rfcs_vectors() {
    let key = "000102030405060708090a0b0c0d0e0f";
    check_vector(
        key,
        "51753c6580c2726f20718414",
        "8040f17b 8041f8d3 5501a0b2",
        "47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573",
        "f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833",
        "899d7f27 beb16a91 52cf765e e4390cce",
    );
    check_vector(
        key,
        "517524055203726f207170bb",
        "81c8000d 4d617273 800005d4",
        "4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef",
        "63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b",
        "c84aa458 96cf4d2f c5abf872 45d9eade",
    );
}

#[test]
fn every_length_of_payload_and_every_header_agrees() {
    let mut random = Random::new(1);
    let Some((aws_lc, ours)) = both(&random.bytes()) else { return };
    let headers: Vec<usize> = HEADERS.collect();
    for payload_len in 0..=PAYLOAD_MAX {
        let header_len = headers[payload_len * 7 % headers.len()];
        compare(&aws_lc, &ours, &mut random, header_len, payload_len, payload_len * 5 % 64);
    }
    // Every number of blocks of header with every way in which a payload can end.
    for header_len in (0..=80).chain([95, 96, 97, 127, 128, 129, 192, 256, 257, 1_000]) {
        for payload_len in [0, 1, 15, 16, 63, 64, 65, 150, 255, 256, 257, 320, 1_200] {
            compare(&aws_lc, &ours, &mut random, header_len, payload_len, header_len % 64);
        }
    }
}

#[test]
#[ignore = "80,000 packets: a second when optimised, minutes when not"]
fn every_length_of_payload_agrees_under_every_header() {
    let mut random = Random::new(2);
    let Some((aws_lc, ours)) = both(&random.bytes()) else { return };
    for payload_len in 0..=PAYLOAD_MAX {
        for header_len in HEADERS {
            compare(&aws_lc, &ours, &mut random, header_len, payload_len, (payload_len + header_len) % 64);
        }
    }
}

#[test]
fn many_keys_agree() {
    let mut random = Random::new(3);
    for number in 0..200 {
        let Some((aws_lc, ours)) = both(&random.bytes()) else { return };
        compare(&aws_lc, &ours, &mut random, 12 + number % 40, number * 11, number % 64);
    }
}

/// The counter's bytes carry: after 256 blocks, and after 65,536.
#[test]
fn long_payloads_agree() {
    let mut random = Random::new(4);
    let Some((aws_lc, ours)) = both(&random.bytes()) else { return };
    for payload_len in [4_032, 4_064, 4_096, 4_111, 8_191, 65_500, 65_535, 1_048_600] {
        compare(&aws_lc, &ours, &mut random, 20, payload_len, 3);
    }
}

#[test]
fn what_was_changed_is_refused_and_wiped() {
    let mut random = Random::new(5);
    for key in providers(&random.bytes()) {
        for len in [1, 16, 31, 64, 150, 300] {
            let (nonce, header, plain) = (random.bytes(), random.bytes::<20>(), random.vec(len));
            let mut sealed = plain.clone();
            let tag = key.seal(&nonce, &header, &mut sealed).unwrap();
            let refused = |nonce: &[u8; 12], header: &[u8], mut payload: Vec<u8>, tag: &[u8]| {
                let opened = key.open(nonce, header, &mut payload, tag);
                assert!(opened || payload.iter().all(|byte| *byte == 0), "{key:?} shows what it refuses");
                !opened
            };
            assert!(!refused(&nonce, &header, sealed.clone(), &tag));
            for bit in 0..128 {
                let flip = |bytes: &[u8]| {
                    let mut bytes = bytes.to_vec();
                    let at = bit / 8 % bytes.len();
                    bytes[at] ^= 1 << (bit % 8);
                    bytes
                };
                let other: [u8; 12] = flip(&nonce).try_into().unwrap();
                assert!(refused(&nonce, &header, sealed.clone(), &flip(&tag)), "{key:?}: tag, {len}, {bit}");
                assert!(refused(&nonce, &flip(&header), sealed.clone(), &tag), "{key:?}: header, {len}, {bit}");
                assert!(refused(&nonce, &header, flip(&sealed), &tag), "{key:?}: payload, {len}, {bit}");
                assert!(refused(&other, &header, sealed.clone(), &tag), "{key:?}: nonce, {len}, {bit}");
            }
            assert!(refused(&nonce, &header, sealed.clone(), &tag[..15]), "{key:?}: a short tag");
            assert!(refused(&nonce, &header, sealed.clone(), &[]), "{key:?}: no tag");
            assert!(refused(&nonce, &header[..19], sealed.clone(), &tag), "{key:?}: a short header");
            assert!(refused(&nonce, &header, sealed[..len - 1].to_vec(), &tag), "{key:?}: a short payload");
        }
    }
}

#[test]
fn the_fastest_is_chosen_and_the_other_is_always_there() {
    let key = [7; 16];
    let ours = GcmKey::with(GcmProvider::Avx512, &key).filter(|_| !cfg!(debug_assertions));
    let fastest = ours.map_or(GcmProvider::AwsLc, |key| key.provider());
    assert_eq!(GcmKey::new(&key).unwrap().provider(), fastest);
    assert_eq!(GcmKey::with(GcmProvider::AwsLc, &key).unwrap().provider(), GcmProvider::AwsLc);
}

//! SRTP and SRTCP of both profiles: round trips over every form of packet, the RFCs' vectors, and the `srtp` crate as the
//! other end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use proptest::prelude::*;
use sfu_core::id::Ssrc;
use sfu_core::transport::*;

const PROFILES: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmHmacSha1_80];

fn keys(profile: SrtpProfile) -> SrtpKeys {
    let material: Vec<u8> = (0..profile.keying_material_len()).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect();
    SrtpKeys::from_exporter(profile, &material, DtlsRole::Server).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn index(number: u64) -> PacketIndex {
    PacketIndex::new(number).unwrap()
}

/// A packet, and the length of its header.
fn packet(sequence: u16, ssrc: u32, csrcs: u8, extension: Option<Vec<u8>>, payload: &[u8]) -> (Vec<u8>, usize) {
    let mut out = vec![0x80 | csrcs | if extension.is_some() { 0x10 } else { 0 }, 96];
    out.extend_from_slice(&sequence.to_be_bytes());
    out.extend_from_slice(&123_456u32.to_be_bytes());
    out.extend_from_slice(&ssrc.to_be_bytes());
    out.extend(std::iter::repeat_n(9, usize::from(csrcs) * 4));
    if let Some(mut extension) = extension {
        extension.resize(extension.len().next_multiple_of(4), 0);
        out.extend_from_slice(&[0xBE, 0xDE]);
        out.extend_from_slice(&u16::try_from(extension.len() / 4).unwrap().to_be_bytes());
        out.extend_from_slice(&extension);
    }
    let header_len = out.len();
    out.extend_from_slice(payload);
    (out, header_len)
}

fn context(key: &MasterKey, profile: SrtpProfile) -> srtp::context::Context {
    let theirs = match profile {
        SrtpProfile::AeadAes128Gcm => srtp::protection_profile::ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::Aes128CmHmacSha1_80 => srtp::protection_profile::ProtectionProfile::Aes128CmHmacSha1_80,
    };
    let provider = crypto::default_provider().unwrap();
    let salt = &key.salt[..profile.salt_len()];
    srtp::context::Context::new(&key.key, salt, theirs, None, None, provider.crypto()).unwrap()
}

proptest! {
    #[test]
    fn any_packet_comes_back(
        number in 0u64..1 << 20, ssrc: u32, csrcs in 0u8..16, before in 0usize..40,
        extension in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64)),
        payload in proptest::collection::vec(any::<u8>(), 0..1_200),
    ) {
        for profile in PROFILES {
            let keys = keys(profile);
            let sequence = u16::try_from(number & 0xFFFF).unwrap();
            let (plain, header_len) = packet(sequence, ssrc, csrcs, extension.clone(), &payload);
            let mut sealed = vec![0xAA; before];
            sealed.extend_from_slice(&plain);
            let mut sealer = RtpSealer::new(&keys.local, profile).unwrap();
            prop_assert!(sealer.seal(index(number), &mut sealed, before, header_len));
            prop_assert_eq!(sealed.len(), before + plain.len() + sealer.overhead());
            prop_assert_eq!(&sealed[before..before + header_len], &plain[..header_len]);

            let mut wire = sealed[before..].to_vec();
            let mut theirs = context(&keys.local, profile);
            if number < 1 << 16 {
                // The crate parses extensions, and these are noise.
                if extension.is_none() {
                    prop_assert_eq!(&theirs.decrypt_rtp(&wire).unwrap()[..], &plain[..]);
                }
                let opened = RtpOpener::new(&keys.local, profile).unwrap().open(&mut wire).unwrap();
                prop_assert_eq!(opened, Opened { ssrc: Ssrc(ssrc), header_len, payload_len: payload.len(), index: index(number) });
                prop_assert_eq!(&wire[..opened.len()], &plain[..]);
            }
        }
    }

    #[test]
    fn the_srtp_crate_opens_what_was_sealed(sequence: u16, ssrc: u32, element: [u8; 3], payload in proptest::collection::vec(any::<u8>(), 1..600)) {
        for profile in PROFILES {
            let keys = keys(profile);
            let extension = [&[0x12], &element[..]].concat();
            let (plain, header_len) = packet(sequence, ssrc, 3, Some(extension), &payload);
            let mut wire = plain.clone();
            prop_assert!(RtpSealer::new(&keys.local, profile).unwrap().seal(index(sequence.into()), &mut wire, 0, header_len));
            prop_assert_eq!(&context(&keys.local, profile).decrypt_rtp(&wire).unwrap()[..], &plain[..]);
        }
    }

    #[test]
    fn what_the_srtp_crate_sealed_is_opened(sequence: u16, ssrc: u32, payload in proptest::collection::vec(any::<u8>(), 1..600)) {
        for profile in PROFILES {
            let keys = keys(profile);
            let (plain, _) = packet(sequence, ssrc, 2, Some(vec![0x11, 2, 3]), &payload);
            let mut wire = context(&keys.remote, profile).encrypt_rtp(&plain).unwrap().to_vec();
            let opened = RtpOpener::new(&keys.remote, profile).unwrap().open(&mut wire).unwrap();
            prop_assert_eq!(&wire[..opened.len()], &plain[..]);
        }
    }

    #[test]
    fn rtcp_interworks_both_ways(ssrc: u32, payload in proptest::collection::vec(any::<u8>(), 0..100)) {
        for profile in PROFILES {
            let keys = keys(profile);
            let mut plain = vec![0x80, 201, 0, u8::try_from(1 + payload.len() / 4).unwrap()];
            plain.extend_from_slice(&ssrc.to_be_bytes());
            plain.extend_from_slice(&payload[..payload.len() / 4 * 4]);
            let mut ours = RtcpSealer::new(&keys.local, profile).unwrap();
            let mut theirs = context(&keys.local, profile);
            for _ in 0..3 {
                let mut wire = vec![1, 2];
                prop_assert!(ours.seal(&plain, &mut wire));
                prop_assert_eq!(&theirs.decrypt_rtcp(&wire[2..]).unwrap()[..], &plain[..]);
            }
            let mut theirs = context(&keys.remote, profile);
            let mut ours = RtcpOpener::new(&keys.remote, profile).unwrap();
            for _ in 0..3 {
                let mut wire = theirs.encrypt_rtcp(&plain).unwrap().to_vec();
                let mut replay = wire.clone();
                prop_assert_eq!(ours.open(&mut wire).unwrap(), &plain[..]);
                prop_assert_eq!(ours.open(&mut replay), Err(DropReason::RtcpReplayed));
            }
        }
    }

    #[test]
    fn one_changed_bit_is_noticed(at: prop::sample::Index, bit in 0u8..8) {
        for profile in PROFILES {
            let keys = keys(profile);
            let (mut wire, header_len) = packet(7, 1, 0, Some(vec![5; 8]), b"some payload");
            prop_assert!(RtpSealer::new(&keys.local, profile).unwrap().seal(index(7), &mut wire, 0, header_len));
            let place = at.index(wire.len());
            wire[place] ^= 1 << bit;
            let mut opener = RtpOpener::new(&keys.local, profile).unwrap();
            prop_assert!(opener.open(&mut wire).is_err());
            prop_assert_eq!(opener.ssrc_count(), 0);
        }
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        for profile in PROFILES {
            let keys = keys(profile);
            prop_assert!(RtpOpener::new(&keys.local, profile).unwrap().open(&mut noise.clone()).is_err());
            prop_assert!(RtcpOpener::new(&keys.local, profile).unwrap().open(&mut noise.clone()).is_err());
            let mut out = vec![];
            let _ = RtcpSealer::new(&keys.local, profile).unwrap().seal(&noise, &mut out);
        }
    }
}

/// RFC 3711 appendix B.3.
#[test]
fn key_derivation_vectors() {
    let master = MasterKey {
        key: hex("E1F97A0D3E018BE0D64FA32C06DE4139").try_into().unwrap(),
        salt: hex("0EC675AD498AFEEBB6960B3AABE6").try_into().unwrap(),
    };
    let keys = SessionKeys::derive(&master, SrtpProfile::Aes128CmHmacSha1_80, KeyUse::Rtp).unwrap();
    assert_eq!(keys.cipher[..], hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(keys.salt[..], hex("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(keys.auth[..], hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

/// RFC 7714 §16.1.1 and §16.1.2: the packet of the RFC, sealed and opened under its session key and salt, by whatever code
/// this machine has.
#[test]
fn gcm_vector() {
    let session_key: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
    let salt: [u8; 12] = hex("517569642070726f2071756f").try_into().unwrap();
    let mut plain = hex("8040f17b8041f8d35501a0b2");
    plain.extend_from_slice(b"Gallia est omnis divisa in partes tres");
    let expected = hex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a \
         51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce");
    for provider in [GcmProvider::AwsLc, GcmProvider::Avx512] {
        let key = || GcmKey::with(provider, &session_key);
        let (Some(sealing), Some(opening)) = (key(), key()) else { continue };
        let mut wire = plain.clone();
        assert!(RtpSealer::with_session_key(sealing, salt).seal(index(0xf17b), &mut wire, 0, 12));
        assert_eq!(wire, expected, "{provider:?}");
        let opened = RtpOpener::with_session_key(opening, salt).open(&mut wire).unwrap();
        assert_eq!(wire[..opened.len()], plain, "{provider:?}");
    }
}

#[test]
fn keying_material_of_the_wrong_length_is_refused() {
    for profile in PROFILES {
        let wrong = vec![0; profile.keying_material_len() + 1];
        assert_eq!(SrtpKeys::from_exporter(profile, &wrong, DtlsRole::Client), None);
    }
}

#[test]
fn the_two_sides_hold_mirrored_keys() {
    let material = [3; 56];
    let server = SrtpKeys::from_exporter(SrtpProfile::AeadAes128Gcm, &material, DtlsRole::Server).unwrap();
    let client = SrtpKeys::from_exporter(SrtpProfile::AeadAes128Gcm, &material, DtlsRole::Client).unwrap();
    assert_eq!(server, client.mirrored());
}

#[test]
fn rtcp_in_the_clear_is_refused() {
    for profile in PROFILES {
        let keys = keys(profile);
        let mut wire = vec![];
        let plain = [0x80, 201, 0, 1, 0, 0, 0, 1];
        assert!(RtcpSealer::new(&keys.local, profile).unwrap().seal(&plain, &mut wire));
        let flag = if profile == SrtpProfile::AeadAes128Gcm { wire.len() - 4 } else { wire.len() - 14 };
        wire[flag] &= 0x7F;
        let opened = RtcpOpener::new(&keys.local, profile).unwrap().open(&mut wire).map(|_| ());
        assert_eq!(opened, Err(DropReason::RtcpMalformed));
    }
}

//! What a packet costs to seal and to open, ns: each provider of AES-128-GCM, and whole SRTP packets of both profiles.
//! All are measured in turns and the least of many turns counts, so that ratios hold on a busy machine too.
//! `cargo bench -p sfu-core --bench sealing`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may panic")]
#![allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "small numbers, for people")]

use std::hint::black_box;
use std::time::Instant;

use sfu_core::transport::{DtlsRole, GcmKey, GcmProvider, PacketIndex, RtpOpener, RtpSealer, SrtpKeys, SrtpProfile};

/// Bytes of payload: sounds, and what a picture is cut into.
const PAYLOADS: [usize; 7] = [20, 150, 192, 500, 1_000, 1_200, 1_400];
const HEADER: [u8; 20] = [0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0xBE, 0xDE, 0, 1, 0x10, 1, 0, 0];
/// Calls that are timed together, so that the clock's own cost is small.
const CALLS: usize = 200;
const TURNS: usize = 400;

/// A name, and what to time.
type Contender<'a> = (&'static str, Box<dyn FnMut() + 'a>);

fn main() {
    println!("ns per packet, the least of {TURNS} turns of {CALLS} calls; 20 bytes of header");
    for len in PAYLOADS {
        print!("{len:>5} B payload");
        let mut contenders = gcm(len);
        contenders.extend(srtp(len));
        let mut least = vec![f64::MAX; contenders.len()];
        for _ in 0..TURNS {
            for (least, (_, call)) in least.iter_mut().zip(&mut contenders) {
                *least = least.min(timed(call));
            }
        }
        for (ns, (name, _)) in least.iter().zip(&contenders) {
            print!("  {name} {ns:.0}");
        }
        println!();
    }
}

fn timed(call: &mut dyn FnMut()) -> f64 {
    let begin = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    begin.elapsed().as_nanos() as f64 / CALLS as f64
}

/// Encryption in place and nothing else. What is opened was sealed by the same call, so that it is authentic.
fn gcm<'a>(len: usize) -> Vec<Contender<'a>> {
    let mut contenders: Vec<Contender<'a>> = vec![];
    let names = [
        (GcmProvider::Avx512, "avx512 seal", "avx512 seal+open"),
        (GcmProvider::AwsLc, "aws-lc seal", "aws-lc seal+open"),
    ];
    for (provider, seal, both) in names {
        let Some(key) = GcmKey::with(provider, &[3; 16]) else { continue };
        let mut payload = vec![5; len];
        contenders.push((
            seal,
            Box::new(move || {
                black_box(key.seal(black_box(&[9; 12]), black_box(&HEADER), &mut payload).unwrap());
            }),
        ));
        let key = GcmKey::with(provider, &[3; 16]).unwrap();
        let mut payload = vec![5; len];
        contenders.push((
            both,
            Box::new(move || {
                let tag = key.seal(black_box(&[9; 12]), black_box(&HEADER), &mut payload).unwrap();
                assert!(key.open(black_box(&[9; 12]), black_box(&HEADER), &mut payload, &tag));
            }),
        ));
    }
    contenders
}

/// A packet's copy into the send buffer and its sealing; and its opening as well.
fn srtp<'a>(len: usize) -> Vec<Contender<'a>> {
    let mut contenders: Vec<Contender<'a>> = vec![];
    let profiles = [
        (SrtpProfile::AeadAes128Gcm, "srtp gcm seal", "srtp gcm seal+open"),
        (SrtpProfile::Aes128CmHmacSha1_80, "srtp cm seal", "srtp cm seal+open"),
    ];
    for (profile, seal, both) in profiles {
        let keys = SrtpKeys::from_exporter(profile, &vec![1; profile.keying_material_len()], DtlsRole::Server).unwrap();
        let mut plain = HEADER.to_vec();
        plain.resize(HEADER.len() + len, 5);
        for (name, opens) in [(seal, false), (both, true)] {
            let mut sealer = RtpSealer::new(&keys.local, profile).unwrap();
            let mut opener = RtpOpener::new(&keys.local, profile).unwrap();
            let mut plain = plain.clone();
            let mut wire = Vec::with_capacity(2_000);
            let mut number = 0_u64;
            contenders.push((
                name,
                Box::new(move || {
                    let index = PacketIndex::new(number).unwrap();
                    plain[2..4].copy_from_slice(&index.sequence_number().to_be_bytes());
                    wire.clear();
                    wire.extend_from_slice(&plain);
                    assert!(sealer.seal(index, &mut wire, 0, HEADER.len()));
                    if opens {
                        opener.open(&mut wire).unwrap();
                    }
                    number += 1;
                }),
            ));
        }
    }
    contenders
}

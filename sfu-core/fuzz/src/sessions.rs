//! Session descriptions and fragments of them.

use std::net::SocketAddr;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sfu_core::sdp::{self, Flow, Local, Purpose};
use sfu_core::transport::{Fingerprint, FingerprintHash, IceCredentials};

fn with_local(run: impl Fn(&Local<'_>)) {
    let ice = IceCredentials { ufrag: "ours".into(), pwd: "ours-of-22-characters!".into() };
    let fingerprint = Fingerprint { hash: FingerprintHash::Sha256, bytes: vec![7; 32] };
    let candidates: [SocketAddr; 2] =
        [([192, 0, 2, 1], 7_882).into(), ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 7_882).into()];
    run(&Local { ice: &ice, fingerprint: &fingerprint, candidates: &candidates, cname: "stem" });
}

/// An offer: either refused, or answered with as many sections, all of whose SSRCs are different.
pub fn offer(data: &[u8]) {
    let offer = String::from_utf8_lossy(data);
    with_local(|local| {
        for purpose in [Purpose::Publish, Purpose::Watch] {
            let mut rng = StdRng::seed_from_u64(1);
            let accepted = match sdp::answer(&offer, purpose, local, &mut rng) {
                Ok(accepted) => accepted,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    continue;
                }
            };
            assert!(!accepted.negotiated.remote_fingerprints.is_empty());
            assert!(accepted.answer.lines().all(|line| line.as_bytes().get(1) == Some(&b'=')), "{}", accepted.answer);
            let mut ssrcs = vec![];
            for section in &accepted.negotiated.sections {
                if let Flow::Receives { media, rtx, .. } = &section.flow {
                    ssrcs.extend([Some(*media), *rtx].into_iter().flatten());
                }
            }
            let count = ssrcs.len();
            ssrcs.sort();
            ssrcs.dedup();
            assert_eq!(ssrcs.len(), count);
            let fragment = sdp::write_fragment(local, &accepted.negotiated.sections);
            assert!(sdp::parse_fragment(&fragment).is_ok(), "{fragment}");
        }
    });
}

pub fn fragment(data: &[u8]) {
    if let Ok(fragment) = sdp::parse_fragment(&String::from_utf8_lossy(data)) {
        assert!((4..=256).contains(&fragment.ufrag.len()));
        assert!(fragment.pwd.is_none_or(|pwd| (22..=256).contains(&pwd.len())));
    }
}

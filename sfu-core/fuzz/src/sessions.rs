//! Session descriptions and fragments of them.

use std::net::SocketAddr;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sfu_core::id::Ssrc;
use sfu_core::sdp::{self, Accepted, Flow, IceGeneration, Local, Purpose, Section};
use sfu_core::transport::{Fingerprint, FingerprintHash, IceCredentials};

/// Offers looked at of one input.
const OFFERS_MAX: usize = 8;

fn with_local(run: impl Fn(&Local<'_>)) {
    let ice = IceCredentials { ufrag: "ours".into(), pwd: "ours-of-22-characters!".into() };
    let fingerprint = Fingerprint { hash: FingerprintHash::Sha256, bytes: vec![7; 32] };
    let candidates: [SocketAddr; 2] =
        [([192, 0, 2, 1], 7_882).into(), ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 7_882).into()];
    run(&Local { ice: &ice, fingerprint: &fingerprint, candidates: &candidates, tcp: true, cname: "stem" });
}

/// An offer: either refused, or answered with as many sections, all of whose SSRCs are different.
pub fn offer(data: &[u8]) {
    let offer = String::from_utf8_lossy(data);
    with_local(|local| {
        for purpose in [Purpose::Publish, Purpose::Watch, Purpose::Meet] {
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
            let mut ssrcs = ssrcs(&accepted);
            let count = ssrcs.len();
            ssrcs.sort();
            ssrcs.dedup();
            assert_eq!(ssrcs.len(), count);
            let fragment = sdp::write_fragment(local, &accepted.negotiated.sections);
            assert!(sdp::parse_fragment(&fragment).is_ok(), "{fragment}");
        }
    });
}

/// What we send on.
fn ssrcs(accepted: &Accepted) -> Vec<Ssrc> {
    let of = |section: &Section| match &section.flow {
        Flow::Receives { media, rtx, .. } => [Some(*media), *rtx],
        Flow::Publishes { .. } | Flow::Inactive => [None, None],
    };
    accepted.negotiated.sections.iter().flat_map(of).flatten().collect()
}

/// The offers of one transport, a zero byte between them: each is refused and changes nothing, or answered with no fewer
/// sections, and the same offer once more is answered with the same slots.
pub fn further(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let offers = text.split('\0').take(OFFERS_MAX);
    with_local(|local| {
        let mut rng = StdRng::seed_from_u64(1);
        let first = offers.clone().next().unwrap_or_default();
        let Ok(mut last) = sdp::answer(first, Purpose::Meet, local, &mut rng) else { return };
        for offer in offers.clone().flat_map(|offer| [offer, offer]) {
            let before = last.session.clone();
            let Ok(next) = sdp::answer_further(offer, &before, local, &mut rng) else { continue };
            let Ok(again) = sdp::answer_further(offer, &next.session, local, &mut rng) else {
                panic!("an offer that was answered is refused: {offer}");
            };
            assert_eq!(ssrcs(&again), ssrcs(&next));
            assert_eq!(again.ice, IceGeneration::Same);
            assert!(next.negotiated.sections.len() <= again.negotiated.sections.len());
            last = again;
        }
    });
}

pub fn fragment(data: &[u8]) {
    if let Ok(fragment) = sdp::parse_fragment(&String::from_utf8_lossy(data)) {
        assert!((4..=256).contains(&fragment.ufrag.len()));
        assert!(fragment.pwd.is_none_or(|pwd| (22..=256).contains(&pwd.len())));
    }
}

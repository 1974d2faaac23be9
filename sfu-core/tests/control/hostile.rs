//! Whatever a peer sends as RTCP costs that packet alone.

use proptest::prelude::*;
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use sfu_core::interceptor::{ChainConfig, ControlEvent};

use crate::{Bench, LOCAL, MEDIA, slot, stream};

#[test]
fn a_malformed_packet_does_not_hide_its_neighbours() {
    let mut bench = Bench::subscriber();
    let pli: Box<dyn rtcp::Packet> = Box::new(PictureLossIndication { sender_ssrc: 9, media_ssrc: MEDIA.0 });
    let pli = rtcp::packet::marshal(&[pli]).unwrap();
    // A receiver report that claims 31 blocks and has none; a PLI; a length beyond the end.
    let datagram = [&[0x9f, 201, 0, 1, 0, 0, 0, 9][..], &pli, &[0x80, 200, 0, 50]].concat();
    bench.chain.handle_rtcp(bench.now, &datagram);
    assert_eq!(bench.events(), [ControlEvent::KeyframeRequested { ssrc: MEDIA }]);
    assert_eq!(bench.counters().rtcp_malformed, 2);
}

#[test]
fn events_that_nobody_drains_are_bounded() {
    let mut bench = Bench::subscriber();
    for _ in 0..2_000 {
        let pli: Box<dyn rtcp::Packet> = Box::new(PictureLossIndication { sender_ssrc: 9, media_ssrc: MEDIA.0 });
        bench.receive(&[pli]);
    }
    assert_eq!(bench.counters().events_shed, 976);
    assert_eq!(bench.events().len(), 1_024);
}

proptest! {
    #[test]
    fn noise_never_panics(
        packets in proptest::collection::vec((0u8..64, 192u8..224, proptest::collection::vec(any::<u8>(), 0..60)), 1..6),
    ) {
        let mut datagram = Vec::new();
        for (first, packet_type, mut body) in packets {
            body.resize(body.len().next_multiple_of(4), 0);
            datagram.extend([0x80 | first, packet_type, 0, u8::try_from(body.len() / 4).unwrap()]);
            datagram.extend(body);
        }
        let mut publisher = Bench::new(ChainConfig::publisher(LOCAL, Some(3)));
        publisher.chain.bind_remote(&stream(MEDIA));
        let mut subscriber = Bench::new(ChainConfig::subscriber(LOCAL));
        subscriber.chain.bind_local(&slot(MEDIA));
        for bench in [&mut publisher, &mut subscriber] {
            bench.chain.handle_rtcp(bench.now, &datagram);
            let _ = bench.events();
            let _ = bench.sent();
        }
    }
}

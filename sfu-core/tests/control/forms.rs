//! The form of what is sent: few datagrams, none above the MTU, nothing left to the library's chance.

use rtcp::receiver_report::ReceiverReport;
use sfu_core::id::Ssrc;
use sfu_core::interceptor::{Arrival, ChainConfig};
use sfu_core::rtp::{RtpTime, SeqNo};

use crate::{Bench, LOCAL, ms, of, stream};

fn many_streams() -> Bench {
    let mut bench = Bench::new(ChainConfig::publisher(LOCAL, Some(3)));
    for ssrc in (1..=100).map(Ssrc) {
        bench.chain.bind_remote(&stream(ssrc));
        let arrival = Arrival { ssrc, sequence: SeqNo(1), timestamp: RtpTime(0), transport_sequence: Some(1) };
        bench.chain.handle_arrival(bench.now, &arrival);
    }
    bench
}

#[test]
fn reports_on_many_streams_are_split_at_31_blocks() {
    let reports = of::<ReceiverReport>(&many_streams().run_until(ms(1_000)));
    let blocks: Vec<usize> = reports.iter().map(|(_, report)| report.reports.len()).collect();
    assert_eq!(blocks, [31, 31, 31, 7]);
}

#[test]
fn two_chains_with_the_same_inputs_send_the_same_bytes() {
    let run = || {
        let mut bench = many_streams();
        let mut datagrams = Vec::new();
        while let Some(due) = bench.chain.poll_timeout().filter(|&due| due <= bench.start + ms(2_000)) {
            bench.chain.handle_timeout(due);
            datagrams.extend(std::iter::from_fn(|| bench.chain.poll_rtcp()));
        }
        datagrams
    };
    let first = run();
    assert!(first.len() > 4);
    assert_eq!(first, run());
}

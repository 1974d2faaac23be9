//! Crowds of lean clients on Janus' VideoRoom; ignored but by `make test-janus`, which installs it.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail the test")]

use load_tests::bench::System;
use load_tests::janus::Janus;
use load_tests::lean::{self, CrowdOptions, CrowdReport, Live, Media, Offload, Publishers, Shape, Shows, Verify};
use load_tests::media::{ClipSize, Codec};
use load_tests::verify::Fault;
use tokio_util::sync::CancellationToken;

async fn run(shape: &Shape) -> CrowdReport {
    let running = (Janus { program: "janus".into(), event_loops: None }).start().await.unwrap();
    let options =
        CrowdOptions { threads: 1, bind: running.bind(), offload: Offload::On, server_pid: Some(running.pid()) };
    let stop = CancellationToken::new();
    let report = lean::run(running.entrance(), shape, &options, &Live::silent(), &stop).await.unwrap();
    running.stop().await;
    report
}

fn shape() -> Shape {
    Shape {
        name: "webinar",
        rooms: 2,
        publishers: 1,
        publishers_do: Publishers::Publish,
        subscribers: 3,
        shows: Shows::Everybody,
        media: Media::Both,
        codec: Codec::Vp8,
        clip: ClipSize::Small,
        seed: 5,
        seconds: 2,
        ramp_seconds: 1,
        verify: Verify::All,
    }
}

/// Janus forwards from the packet that comes next, not from a keyframe: what came before the first keyframe is of no use.
/// Nothing else may be wrong.
fn assert_whole(report: &CrowdReport) {
    let others: Vec<_> = report.faults.keys().filter(|fault| **fault != Fault::NotKeyframeStart).collect();
    assert!(others.is_empty(), "{others:?}\n{:#?}\n{:?}", report.failures, report.warnings);
    assert_eq!(report.connected, report.joined, "{:#?}", report.failures);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Janus: make test-janus"]
async fn every_frame_comes_whole_and_from_the_right_publisher() {
    let report = run(&shape()).await;
    assert_whole(&report);
    assert_eq!((report.joined, report.judged, report.first_frame.samples), (6, 6, 6));
    assert!(report.measured.server_ns_per_packet.is_some_and(|cost| cost > 0.0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Janus: make test-janus"]
async fn one_subscription_shows_each_of_a_meeting() {
    let meeting = Shape { name: "meeting", publishers: 3, publishers_do: Publishers::Meet, subscribers: 0, ..shape() };
    let report = run(&meeting).await;
    assert_whole(&report);
    assert_eq!((report.joined, report.first_frame.samples), (6, 12));
}

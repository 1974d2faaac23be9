//! Media through the real binary: peer connections of the `webrtc` crate publish by WHIP and watch by WHEP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod binary;
#[allow(dead_code, reason = "shared with the tests of rooms, which use other parts of it")]
mod peer;

use std::time::Duration;

use binary::{Running, start};
use peer::{Publisher, Viewer};

const FLAGS: &[&str] = &["--media-addr", "127.0.0.1", "--media-port", "0"];

fn server() -> Running {
    start(FLAGS)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_by_whip_is_watched_by_whep() {
    let server = server();
    let publisher = Publisher::start(&server, "demo", "ann").await;
    let mut viewer = Viewer::start(&server, "demo", "").await;
    viewer.expect_frames(60).await.from("ann");
    assert_eq!(server.metric("sfu_publishers"), 1);
    assert_eq!(server.metric("sfu_viewers"), 1);
    assert!(server.metric("sfu_rtp_received_packets_total") >= 60);
    assert!(server.metric("sfu_rtp_sent_packets_total") >= 60);
    assert_eq!(server.metric("sfu_panics_total"), 0);
    publisher.end().await;
    viewer.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_came_first_starts_when_the_publisher_does() {
    let server = server();
    let mut viewer = Viewer::start(&server, "demo", "").await;
    let publisher = Publisher::start(&server, "demo", "ann").await;
    viewer.expect_frames(30).await.from("ann");
    publisher.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_do_not_mix_and_watch_picks_the_publisher() {
    let server = server();
    let publishers =
        [("red", "ann"), ("red", "bob"), ("blue", "carl")].map(|(room, name)| Publisher::start(&server, room, name));
    let publishers = futures::future::join_all(publishers).await;
    for (room, watch, from) in [("red", "?watch=bob", "bob"), ("red", "?watch=ann", "ann"), ("blue", "", "carl")] {
        Viewer::start(&server, room, watch).await.expect_frames(30).await.from(from);
    }
    for publisher in publishers {
        publisher.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_ends_the_media_and_the_resource() {
    let server = server();
    let publisher = Publisher::start(&server, "demo", "ann").await;
    let mut viewer = Viewer::start(&server, "demo", "").await;
    viewer.expect_frames(10).await;
    assert_eq!(server.send("DELETE", publisher.location(), "", "").status, 200);
    publisher.expect_closed().await;
    assert_eq!(server.send("DELETE", publisher.location(), "", "").status, 404);
    assert_eq!(server.metric("sfu_publishers"), 0);
    assert_eq!(server.send("DELETE", viewer.location(), "", "").status, 200);
    viewer.expect_closed().await;
    viewer.expect_silence(Duration::from_millis(200)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_publisher_of_an_identity_takes_over_and_the_viewer_sees_one_stream() {
    let server = server();
    let first = Publisher::start(&server, "demo", "ann").await;
    let mut viewer = Viewer::start(&server, "demo", "").await;
    viewer.expect_frames(20).await.from("ann");
    let second = Publisher::start(&server, "demo", "ann").await;
    assert_eq!(server.send("DELETE", first.location(), "", "").status, 404);
    first.expect_closed().await;
    viewer.expect_frames(40).await;
    assert_eq!(server.metric("sfu_publishers"), 1);
    second.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_everybody_politely() {
    let server = server();
    let publisher = Publisher::start(&server, "demo", "ann").await;
    let mut viewer = Viewer::start(&server, "demo", "").await;
    viewer.expect_frames(10).await;
    let (code, log) = tokio::task::spawn_blocking(|| server.end("TERM")).await.unwrap();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("transports=2") && !log.contains("not everything ended in time"), "{log}");
    publisher.expect_closed().await;
    viewer.expect_closed().await;
}

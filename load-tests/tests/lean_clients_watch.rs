//! Each shape of a crowd of lean clients on the real server, from the offer to the last goodbye, and a row of the benchmark.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail the test")]

mod server;

use std::sync::Arc;
use std::time::Duration;

use load_tests::bench::{self, BenchPlan, Row, ServerProcess, Sfu, Style};
use load_tests::lean::{
    self, CrowdOptions, CrowdReport, Layouts, Live, Media, Offload, Publishers, Rooms, Shape, Shows, Verify,
};
use load_tests::media::{ClipSize, Codec};
use tokio_util::sync::CancellationToken;

fn webinar(subscribers: u16, codec: Codec, verify: Verify) -> Shape {
    Shape {
        name: "webinar",
        rooms: 2,
        publishers: 1,
        publishers_do: Publishers::Publish,
        subscribers,
        shows: Shows::Everybody,
        media: Media::Both,
        codec,
        clip: ClipSize::Small,
        seed: 21,
        seconds: 3,
        ramp_seconds: 1,
        verify,
    }
}

async fn run(shape: &Shape, offload: Offload, stop: &CancellationToken) -> CrowdReport {
    let process = ServerProcess::start(&server::program()).await.unwrap();
    let options = CrowdOptions { threads: 2, bind: "127.0.0.1:0".to_owned(), offload, server_pid: None };
    let report = lean::run(Arc::new(process.server.clone()), shape, &options, &Live::silent(), stop).await.unwrap();
    process.stop().await;
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_reaches_every_client_whole() {
    for (codec, offload) in [(Codec::Vp8, Offload::On), (Codec::H264, Offload::Off)] {
        let report = run(&webinar(6, codec, Verify::All), offload, &CancellationToken::new()).await;
        assert!(report.verified, "{:#?}\n{:?}", report.failures, report.warnings);
        assert_eq!((report.joined, report.connected, report.judged), (12, 12, 12));
        // Twelve clients, 30 pictures and 50 sounds a second.
        assert!(report.frames > 12 * 80 * 2, "{} frames", report.frames);
        assert_eq!(report.first_frame.samples, 12);
        assert!(report.frame_latency.samples > 0 && report.measured.flow.opened == report.measured.flow.packets);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vp9_and_av1_reach_every_client_whole() {
    for codec in [Codec::Vp9, Codec::Av1] {
        let report = run(&webinar(2, codec, Verify::All), Offload::On, &CancellationToken::new()).await;
        assert!(report.verified, "{codec}: {:#?}\n{:?}", report.failures, report.warnings);
        assert_eq!((report.judged, report.first_frame.samples), (4, 4));
        assert!(report.frames > 4 * 80 * 2 && report.lip_offset.samples > 0, "{codec}: {} frames", report.frames);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn simulcasts_and_sounds_with_pauses_reach_every_client_whole() {
    for codec in [Codec::Vp8, Codec::H264] {
        let (clip, media) = (ClipSize::Simulcast, Media::BothWithPauses);
        let shape = Shape { clip, media, rooms: 1, publishers: 2, ..webinar(2, codec, Verify::All) };
        let report = run(&shape, Offload::On, &CancellationToken::new()).await;
        assert!(report.verified, "{codec}: {:#?}\n{:?}", report.failures, report.warnings);
        // Of three encodings each viewer sees one of each publisher.
        assert_eq!((report.judged, report.first_frame.samples), (2, 4));
        assert!(report.publishers.rtp_out > 2 * 12 * 80, "{codec}: {:?}", report.publishers);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_in_rooms_are_shown_the_encodings_that_their_layouts_ask_for() {
    let (clip, media) = (ClipSize::Simulcast, Media::Both);
    let shape = Shape { clip, media, rooms: 1, publishers: 2, seconds: 8, ..webinar(3, Codec::Vp8, Verify::All) };
    let process = ServerProcess::start(&server::program()).await.unwrap();
    let layouts = Layouts { heights: shape.heights(), change_every: Some(Duration::from_secs(2)) };
    let entrance = Arc::new(Rooms::new(process.server.clone(), layouts));
    let options = CrowdOptions { threads: 2, bind: "127.0.0.1:0".to_owned(), offload: Offload::On, server_pid: None };
    let report = lean::run(entrance, &shape, &options, &Live::silent(), &CancellationToken::new()).await.unwrap();
    process.stop().await;
    assert!(report.verified, "{:#?}\n{:?}", report.failures, report.warnings);
    assert_eq!((report.judged, report.first_frame.samples), (3, 6));
    assert!(report.layer_switch.samples > 3 && report.lip_offset.samples > 0, "{:?}", report.layer_switch);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_meet_see_and_hear_all_others() {
    let meeting = Shape { publishers: 3, publishers_do: Publishers::Meet, ..webinar(1, Codec::H264, Verify::All) };
    let report = run(&meeting, Offload::On, &CancellationToken::new()).await;
    assert!(report.verified, "{:#?}\n{:?}", report.failures, report.warnings);
    // In each of two rooms three who see two, and one who sees three.
    assert_eq!((report.joined, report.judged, report.first_frame.samples), (8, 8, 2 * (3 * 2 + 3)));
    assert!(report.publishers.rtp_out > 6 * 80 * 2 && report.publishers.plis_in > 0, "{:?}", report.publishers);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_listen_hear_whom_the_server_chooses() {
    let (shows, media) = (Shows::Loudest(3), Media::Audio);
    let shape = webinar(0, Codec::Vp8, Verify::All);
    let audio = Shape { rooms: 1, publishers: 8, publishers_do: Publishers::Meet, shows, media, ..shape };
    let report = run(&audio, Offload::On, &CancellationToken::new()).await;
    assert!(report.verified, "{:#?}\n{:?}", report.failures, report.warnings);
    // Three of eight are heard by each of eight, so each sound is heard by three.
    let (heard, sent) = (report.measured.flow.packets_per_second, report.measured.sent_per_second);
    assert!((2.7..=3.3).contains(&(heard / sent)), "{heard} packets/s of {sent}");
    assert!(report.frame_latency.samples > 0, "{:?}", report.frame_latency);
}

/// The eleventh of a room and who comes after it are served by either of two threads.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_on_two_threads_serves_everybody_whole() {
    let watch = Shape { rooms: 1, ..webinar(24, Codec::Vp8, Verify::All) };
    let meet = Shape { publishers: 12, publishers_do: Publishers::Meet, subscribers: 0, ..watch.clone() };
    for shape in [watch, meet] {
        let flags = ["--shards", "2", "--spread-percent", "0"];
        let process = ServerProcess::start_with(&server::program(), &flags).await.unwrap();
        let options =
            CrowdOptions { threads: 2, bind: "127.0.0.1:0".to_owned(), offload: Offload::On, server_pid: None };
        let entrance = Arc::new(process.server.clone());
        let report = lean::run(entrance, &shape, &options, &Live::silent(), &CancellationToken::new()).await.unwrap();
        let metrics = process.server.page("/metrics").await.unwrap();
        process.stop().await;
        assert!(report.verified, "{:#?}\n{:?}", report.failures, report.warnings);
        assert_eq!((report.connected, report.judged), (report.joined, report.joined));
        let copied = |direction: &str| {
            let name = format!("sfu_relay_{direction}_packets_total");
            let rows = metrics.lines().filter(|line| line.starts_with(&name));
            rows.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>()
        };
        assert!(copied("received") > 3 * 50 && copied("dropped") == 0, "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_is_sampled_sees_the_same() {
    let report = run(&webinar(20, Codec::Vp8, Verify::Sampled), Offload::On, &CancellationToken::new()).await;
    assert!(report.verified, "{:#?}\n{:?}", report.failures, report.warnings);
    assert_eq!((report.connected, report.judged), (40, 4));
    let flow = report.measured.flow;
    assert!(flow.opened * 4 < flow.packets && flow.opened > 0, "{flow:?}");
    // Two rooms' frames over three seconds, each followed to all who watch.
    let frames = report.measured.frames;
    assert!(frames.to_the_last.samples > 2 * 80 && frames.queued.samples == frames.to_the_last.samples, "{frames:?}");
    assert!(frames.to_all == Some(frames.to_the_last.samples) && frames.to_all.unwrap() <= frames.frames, "{frames:?}");
    assert!(report.frame_latency.samples > 40 * 80, "{:?}", report.frame_latency);
    assert_eq!(report.first_frame.samples, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_interrupted_still_reports() {
    let stop = CancellationToken::new();
    let interrupt = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(4)).await;
        interrupt.cancel();
    });
    let long = Shape { seconds: 3_600, ..webinar(2, Codec::Vp8, Verify::All) };
    let report = run(&long, Offload::On, &stop).await;
    assert!(report.interrupted && report.measured.flow.packets > 0, "{:#?}", report.failures);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_the_benchmark_has_all_its_figures() {
    let rows = bench::matrix(Codec::Vp8).into_iter().filter(|row| row.name == "webinar-10-single");
    let rows: Vec<_> = rows.map(|row| Row { measures_idle: true, ..row }).collect();
    let system = Arc::new(Sfu { program: server::program() });
    let plan = BenchPlan { system, rows, repeats: 2, window: Duration::from_millis(500), threads: 1 };
    let report = bench::run(&plan, &Live::silent(), &CancellationToken::new()).await.unwrap();
    assert!(report.verified() && report.passed_over.is_empty(), "{report:#?}");
    let row = report.row("webinar-10-single").unwrap();
    let (cost, memory) = (row.ns_per_packet, row.memory);
    assert!(cost.min > 0.0 && cost.min <= cost.median && cost.median <= cost.max, "{cost:?}");
    // Ten viewers, 30 packets a second.
    assert!((150.0..=450.0).contains(&row.packets_per_second.median), "{:?}", row.packets_per_second);
    assert!(row.packets_per_send.is_some_and(|sends| sends.median >= 1.0), "{:?}", row.packets_per_send);
    let share = |least| row.batches.as_ref().and_then(|batches| batches.share_percent(least));
    assert!(share(1) == Some(100.0) && share(2).is_some() && row.padded_percent.is_some(), "{:?}", row.batches);
    assert!(row.to_the_last_p99_ms.median > 0.0 && row.first_frame.samples == 10);
    assert!(row.frames_to_all_percent.is_some_and(|share| share.min > 0.0 && share.max <= 100.0), "{row:#?}");
    assert!(row.delivered_percent.is_some_and(|share| share.min > 0.0), "{:?}", row.delivered_percent);
    assert!(memory.empty_kib > 0.0 && memory.participant_kib > 0.0 && memory.idle_kib.is_some(), "{memory:?}");
    let markdown = bench::of_bench(&report, Style::Markdown);
    assert!(markdown.contains("| webinar-10-single |"), "{markdown}");
    // Who did not deliver, as on a machine that is busy, has no cost to be drawn.
    assert_eq!(bench::draw(&report).unwrap().contains("viewers of one publisher"), row.is_whole(), "{row:#?}");
}

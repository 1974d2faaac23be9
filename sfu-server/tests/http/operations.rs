//! Health, readiness and counters.

use sfu_core::command::Command;

use crate::support::{Server, get, post, request, until};

#[tokio::test]
async fn healthy_and_ready_when_the_shards_run() {
    let server = Server::start();
    assert_eq!(server.send(get("/healthz")).await.status, 200);
    assert_eq!(server.send(get("/readyz")).await.status, 200);
}

#[tokio::test]
async fn not_ready_while_draining_but_alive() {
    let server = Server::start();
    server.control.drain();
    let problem = server.send(get("/readyz")).await.problem(503, "/readyz");
    assert!(problem["detail"].as_str().unwrap().contains("shutting down"));
    assert_eq!(server.send(get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn not_ready_when_a_media_thread_has_ended() {
    let server = Server::with(&[], 2, || {
        Box::new(|command| match command {
            Command::Publish(_) => panic!("a fault of the shard"),
            _ => None,
        })
    });
    server.send(post("/whip/demo")).await;
    until("the thread is seen to be gone", || {
        server.control.shards().iter().any(|shard| !shard.status.is_alive(std::time::Instant::now()))
    })
    .await;
    let problem = server.send(get("/readyz")).await.problem(503, "/readyz");
    assert!(problem["detail"].as_str().unwrap().contains("1 of 2"), "{problem}");
}

#[tokio::test]
async fn metrics_count_requests_by_route_and_tell_the_state() {
    let server = Server::with(&[], 2, || Box::new(|_| None));
    server.join("/whip/demo").await;
    server.join("/whep/demo").await;
    server.join("/whep/elsewhere").await;
    server.send(request("BREW", "/coffee", &[], "")).await;
    let reply = server.send(get("/metrics")).await;
    assert!(reply.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "sfu_http_requests_total{method=\"POST\",route=\"/whip/{room}\",status=\"201\"} 1",
        "sfu_http_requests_total{method=\"POST\",route=\"/whep/{room}\",status=\"201\"} 2",
        "sfu_http_requests_total{method=\"other\",route=\"other\",status=\"405\"} 1",
        "sfu_rooms 2",
        "sfu_publishers 1",
        "sfu_viewers 2",
        "sfu_draining 0",
        "sfu_shard_up{shard=\"0\"} 1",
        "sfu_shard_up{shard=\"1\"} 1",
        "sfu_udp_sent_datagrams_total{shard=\"0\"} 0",
    ] {
        assert!(reply.body.lines().any(|have| have == line), "{line}\nnot in\n{}", reply.body);
    }
    assert!(!reply.body.contains("elsewhere"), "no room in a label");
    assert!(reply.body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn what_a_repeat_takes_down_again_is_a_gauge() {
    let metrics = Server::start().send(get("/metrics")).await.body;
    for line in ["# TYPE sfu_inbound_missing_packets gauge", "sfu_inbound_missing_packets{shard=\"0\"} 0"] {
        assert!(metrics.lines().any(|have| have == line), "{line}\nnot in\n{metrics}");
    }
    assert!(!metrics.contains("sfu_inbound_lost_packets"));
}

#[tokio::test(start_paused = true)]
async fn metrics_do_without_a_shard_that_does_not_answer() {
    let server = Server::scripted(|command| matches!(command, Command::Stats { .. }).then(Vec::new));
    let reply = server.send(get("/metrics")).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("sfu_shard_up"));
}

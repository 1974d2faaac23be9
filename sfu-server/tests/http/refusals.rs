//! What is refused, with which status, and that the reason is told.

use sfu_core::command::Command;
use sfu_core::error::RequestError;
use sfu_core::event::Event;
use sfu_core::limits::SDP_BYTES_MAX;
use sfu_core::sdp::SdpError;

use crate::support::{OFFER, Server, post, request, until};

/// A server whose shard refuses every join with this.
fn refusing(error: RequestError) -> Server {
    Server::scripted(move |command| match command {
        Command::Publish(join) | Command::Watch { join, .. } => {
            Some(vec![Event::Rejected { request: join.request, error: error.clone() }])
        }
        _ => None,
    })
}

#[tokio::test]
async fn another_content_type_is_415_and_the_right_one_named() {
    let server = Server::start();
    for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/sdpx")]] {
        let reply = server.send(request("POST", "/whip/demo", headers, OFFER)).await;
        let problem = reply.problem(415, "/whip/demo");
        assert!(problem["detail"].as_str().unwrap().contains("application/sdp"));
        assert_eq!(reply.header("accept-post"), "application/sdp");
    }
    assert!(server.joins().is_empty());
}

#[tokio::test]
async fn an_offer_over_the_limit_is_413_and_one_at_the_limit_is_not() {
    let server = Server::start();
    let headers = [("content-type", "application/sdp")];
    let send = |bytes| server.send(request("POST", "/whip/demo", &headers, "x".repeat(bytes)));
    let problem = send(SDP_BYTES_MAX + 1).await.problem(413, "/whip/demo");
    assert!(problem["detail"].as_str().unwrap().contains(&SDP_BYTES_MAX.to_string()));
    assert_eq!(send(SDP_BYTES_MAX).await.status, 201);
    assert_eq!(server.joins().len(), 1);
}

#[tokio::test]
async fn an_offer_that_is_no_text_is_400() {
    let server = Server::start();
    let headers = [("content-type", "application/sdp")];
    let reply = server.send(request("POST", "/whep/demo", &headers, vec![b'v', 0xff])).await;
    assert!(reply.problem(400, "/whep/demo")["detail"].as_str().unwrap().contains("byte 1"));
}

#[tokio::test]
async fn what_the_shard_finds_wrong_with_the_offer_reaches_the_client() {
    let cases = [
        (413, SdpError::TooLong { bytes: 9 }),
        (400, SdpError::NotAField { line: 3, found: "nonsense".to_owned() }),
        (406, SdpError::NoMutualCodec { offered: vec!["H265".to_owned()] }),
        (422, SdpError::NothingPublished),
    ];
    for (status, error) in cases {
        let said = error.to_string();
        let server = refusing(RequestError::Sdp(error));
        let problem = server.send(post("/whip/demo")).await.problem(status, "/whip/demo");
        assert_eq!(problem["detail"], said);
    }
}

#[tokio::test]
async fn a_refused_join_leaves_nothing_behind() {
    let server = refusing(RequestError::ShardFull);
    let reply = server.send(post("/whip/demo")).await;
    reply.problem(503, "/whip/demo");
    assert_eq!(reply.header("retry-after"), "5");
    assert_eq!((server.control.directory.rooms(), server.control.directory.transports()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_does_not_answer_is_503_and_its_late_answer_is_closed() {
    let held = std::sync::Arc::new(std::sync::Mutex::new(None));
    let keep = std::sync::Arc::clone(&held);
    let server = Server::scripted(move |command| match command {
        Command::Publish(join) => {
            *keep.lock().unwrap() = Some(join.clone());
            Some(Vec::new())
        }
        // The answer comes at last, when another command arrives.
        Command::Stats { .. } => {
            let join = keep.lock().unwrap().take()?;
            let (request, transport) = (join.request, join.transport);
            Some(vec![Event::Answered {
                request,
                transport,
                answer: String::new(),
                ice_tag: "t".to_owned(),
                tracks: Vec::new(),
            }])
        }
        Command::Close { transport } => Some(vec![Event::Closed {
            transport: *transport,
            room: sfu_core::id::RoomName::new("demo").unwrap(),
            identity: sfu_core::id::Identity::new("ann").unwrap(),
            reason: sfu_core::event::CloseReason::Requested,
        }]),
        _ => None,
    });
    server.send(post("/whip/demo?identity=ann")).await.problem(503, "/whip/demo");
    assert_eq!(server.control.directory.transports(), 1, "still counted: the shard may hold it");
    server.control.stats().await;
    until("the late transport is closed", || server.control.directory.transports() == 0).await;
    let closed = server.commands.lock().unwrap().iter().any(|command| matches!(command, Command::Close { .. }));
    assert!(closed);
}

#[tokio::test]
async fn a_shard_that_died_is_503_and_its_rooms_are_gone() {
    let server = Server::scripted(|command| match command {
        Command::Publish(join) if join.identity.as_str() == "poison" => panic!("a fault of the shard"),
        _ => None,
    });
    let location = server.join("/whip/demo?identity=ann").await;
    server.send(post("/whip/demo?identity=poison")).await.problem(503, "/whip/demo");
    until("the dead shard's rooms are gone", || server.control.directory.rooms() == 0).await;
    server.send(crate::support::delete(&location)).await.problem(404, &location);
}

#[tokio::test]
async fn while_draining_nobody_joins() {
    let server = Server::start();
    server.control.drain();
    server.send(post("/whep/demo")).await.problem(503, "/whep/demo");
    assert!(server.joins().is_empty());
}

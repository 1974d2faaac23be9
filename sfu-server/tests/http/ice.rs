//! Trickle and restart of ICE by PATCH, and its preconditions (RFC 9725 §4.3).

use sfu_core::command::Command;

use crate::support::{NEW_TAG, RESTART, RESTARTED, Server, TAG, patch, request};

#[tokio::test]
async fn a_trickle_of_the_current_generation_is_204_and_reaches_the_transport() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    let reply = server.send(patch(&location, &format!("\"{TAG}\""), "a=candidate:1")).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (204, ""));
    let commands = server.commands.lock().unwrap();
    let Some(Command::Patch { transport, fragment, .. }) = commands.last() else { panic!("{commands:?}") };
    assert_eq!((*transport, fragment.as_str()), (server_transport(&commands), "a=candidate:1"));
}

fn server_transport(commands: &[Command]) -> sfu_core::id::TransportId {
    let Command::Publish(join) = &commands[0] else { panic!("{commands:?}") };
    join.transport
}

#[tokio::test]
async fn a_restart_is_200_with_the_servers_fragment_and_a_new_tag_that_replaces_the_old() {
    let server = Server::start();
    let location = server.join("/whep/demo").await;
    let reply = server.send(patch(&location, "*", RESTART)).await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, RESTARTED));
    assert_eq!(reply.header("etag"), format!("\"{NEW_TAG}\""));
    assert_eq!(reply.header("content-type"), "application/trickle-ice-sdpfrag");
    server.send(patch(&location, &format!("\"{TAG}\""), "a=x")).await.problem(412, &location);
    assert_eq!(server.send(patch(&location, &format!("\"{NEW_TAG}\""), "a=x")).await.status, 204);
}

#[tokio::test]
async fn without_if_match_it_is_428_and_the_right_value_is_told() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    let headers = [("content-type", "application/trickle-ice-sdpfrag")];
    let problem = server.send(request("PATCH", &location, &headers, "a=x")).await.problem(428, &location);
    assert!(problem["detail"].as_str().unwrap().contains(&format!("\"{TAG}\"")));
    assert_eq!(server.commands.lock().unwrap().len(), 1, "nothing reached the shard");
}

#[tokio::test]
async fn another_generation_is_412_and_the_present_one_is_told() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    for value in ["\"other\"", TAG, "W/\"other\"", &format!("w/\"{TAG}\""), "\"\""] {
        let problem = server.send(patch(&location, value, "a=x")).await.problem(412, &location);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("present ICE generation, which is \"{TAG}\"")), "{detail}");
    }
}

#[tokio::test]
async fn the_generation_may_stand_in_a_list_and_may_have_been_weakened_on_the_way() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    for value in [format!("\"other\", \"{TAG}\""), format!("W/\"{TAG}\""), format!("\"other\",W/\"{TAG}\"")] {
        assert_eq!(server.send(patch(&location, &value, "a=x")).await.status, 204, "{value}");
    }
}

#[tokio::test]
async fn another_content_type_is_415_and_the_right_one_named() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    let headers = [("content-type", "application/sdp"), ("if-match", "*")];
    let reply = server.send(request("PATCH", &location, &headers, "a=x")).await;
    reply.problem(415, &location);
    assert_eq!(reply.header("accept-patch"), "application/trickle-ice-sdpfrag");
}

#[tokio::test]
async fn a_fragment_over_the_limit_is_413() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    let headers = [("content-type", "application/trickle-ice-sdpfrag"), ("if-match", "*")];
    let long = "x".repeat(sfu_core::limits::SDP_BYTES_MAX + 1);
    server.send(request("PATCH", &location, &headers, long)).await.problem(413, &location);
}

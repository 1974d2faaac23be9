//! How resources end: by DELETE, by a newer publisher, by the transport's own end.

use sfu_core::command::Command;

use crate::support::{NEW_TAG, Server, TAG, delete, patch, until};

#[tokio::test]
async fn delete_ends_the_transport_and_the_resource_is_404_from_then_on() {
    for kind in ["whip", "whep"] {
        let server = Server::start();
        let location = server.join(&format!("/{kind}/demo")).await;
        let transport = server.joins()[0].transport;
        assert_eq!(server.send(delete(&location)).await.status, 200);
        server.send(delete(&location)).await.problem(404, &location);
        server.send(patch(&location, "*", "a=x")).await.problem(404, &location);
        until("the transport is closed", || server.control.directory.transports() == 0).await;
        let commands = server.commands.lock().unwrap();
        let closed = |command: &Command| matches!(command, Command::Close { transport: t } if *t == transport);
        assert_eq!(commands.iter().filter(|command| closed(command)).count(), 1);
        assert_eq!(server.control.directory.rooms(), 0, "the room goes with its last");
    }
}

#[tokio::test]
async fn delete_does_not_care_for_if_match() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    let request = crate::support::request("DELETE", &location, &[("if-match", "\"other\"")], "");
    assert_eq!(server.send(request).await.status, 200);
}

#[tokio::test]
async fn a_second_publisher_of_an_identity_replaces_the_first_at_once() {
    let server = Server::start();
    let first = server.join("/whip/demo?identity=ann").await;
    let second = server.join("/whip/demo?identity=ann").await;
    server.send(delete(&first)).await.problem(404, &first);
    assert_eq!(server.send(patch(&second, &format!("\"{TAG}\""), "a=x")).await.status, 204);
    until("the first is closed", || server.control.directory.transports() == 1).await;
    assert_eq!(server.send(delete(&second)).await.status, 200);
}

#[tokio::test]
async fn the_same_identity_in_another_room_or_of_a_viewer_replaces_nobody() {
    let server = Server::start();
    let publisher = server.join("/whip/demo?identity=ann").await;
    server.join("/whip/other?identity=ann").await;
    let viewer = server.join("/whep/demo?identity=ann").await;
    assert_eq!(
        server.send(patch(&publisher, "*", crate::support::RESTART)).await.header("etag"),
        format!("\"{NEW_TAG}\"")
    );
    assert_eq!(server.send(delete(&viewer)).await.status, 200);
    assert_eq!(server.send(delete(&publisher)).await.status, 200);
}

#[tokio::test]
async fn after_its_end_an_identity_may_publish_again() {
    let server = Server::start();
    let first = server.join("/whip/demo?identity=ann").await;
    assert_eq!(server.send(delete(&first)).await.status, 200);
    let second = server.join("/whip/demo?identity=ann").await;
    assert_eq!(server.send(delete(&second)).await.status, 200);
}

#[tokio::test]
async fn what_never_was_or_is_elsewhere_is_404() {
    let server = Server::start();
    let whip = server.join("/whip/demo").await;
    let id = whip.rsplit('/').next().unwrap();
    let upper = id.to_ascii_uppercase();
    let wrong = [
        format!("/whep/demo/{id}"),
        format!("/whip/other/{id}"),
        format!("/whip/demo/{}", "0".repeat(32)),
        "/whip/demo/1".to_owned(),
        "/whip/demo/%ff".to_owned(),
        format!("/whip/demo/+{}", &id[1..]),
    ];
    for path in wrong {
        server.send(delete(&path)).await.problem(404, &path);
        server.send(patch(&path, "*", "a=x")).await.problem(404, &path);
    }
    if upper != id {
        server.send(delete(&format!("/whip/demo/{upper}"))).await.problem(404, &format!("/whip/demo/{upper}"));
    }
    assert_eq!(server.send(delete(&whip)).await.status, 200, "none of them ended it");
}

#[tokio::test]
async fn a_transport_that_ends_by_itself_takes_its_resource_with_it() {
    let server = Server::start();
    let location = server.join("/whep/demo").await;
    server.control.close_all();
    until("everything has ended", || server.control.directory.transports() == 0).await;
    server.send(delete(&location)).await.problem(404, &location);
}

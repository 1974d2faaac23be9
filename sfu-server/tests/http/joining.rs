//! An offer becomes an answer and a resource.

use sfu_core::command::Command;

use crate::support::{ANSWER, OFFER, Server, TAG, get, post, request};

#[tokio::test]
async fn an_offer_is_answered_with_201_and_everything_a_client_needs() {
    for kind in ["whip", "whep"] {
        let server = Server::start();
        let reply = server.send(post(&format!("/{kind}/demo"))).await;
        assert_eq!(reply.status, 201);
        assert_eq!(reply.body, ANSWER);
        assert_eq!(reply.header("content-type"), "application/sdp");
        assert_eq!(reply.header("etag"), format!("\"{TAG}\""));
        assert_eq!(reply.header("accept-patch"), "application/trickle-ice-sdpfrag");
        let location = reply.header("location");
        let id = location.strip_prefix(&format!("/{kind}/demo/")).expect("an absolute path under the endpoint");
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }
}

#[tokio::test]
async fn whip_publishes_and_whep_watches_with_the_offer_as_it_came() {
    let server = Server::start();
    server.join("/whip/demo?identity=ann").await;
    server.join("/whep/demo?identity=bob&watch=ann,%20carl%20,").await;
    let commands = server.commands.lock().unwrap();
    let Command::Publish(published) = &commands[0] else { panic!("{:?}", commands[0]) };
    assert_eq!((published.room.as_str(), published.identity.as_str(), &*published.offer), ("demo", "ann", OFFER));
    let Command::Watch { join, watch } = &commands[1] else { panic!("{:?}", commands[1]) };
    assert_eq!(join.identity.as_str(), "bob");
    assert_eq!(watch.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["ann", "carl"]);
    assert_ne!(published.transport, join.transport);
    assert_ne!(published.request, join.request);
}

#[tokio::test]
async fn a_content_type_with_parameters_is_accepted() {
    let server = Server::start();
    for value in ["application/sdp; charset=utf-8", "Application/SDP", "application/sdp ;x=y"] {
        let reply = server.send(request("POST", "/whip/demo", &[("content-type", value)], OFFER)).await;
        assert_eq!(reply.status, 201, "{value}");
    }
}

#[tokio::test]
async fn if_match_is_not_asked_for_when_joining() {
    let server = Server::start();
    let headers = [("content-type", "application/sdp"), ("if-match", "\"something\"")];
    assert_eq!(server.send(request("POST", "/whip/demo", &headers, OFFER)).await.status, 201);
}

#[tokio::test]
async fn resources_of_two_joins_differ() {
    let server = Server::start();
    assert_ne!(server.join("/whep/demo").await, server.join("/whep/demo").await);
}

#[tokio::test]
async fn ice_servers_are_told_in_links() {
    let flags =
        [("ice_server", "stun:stun.example.net"), ("ice_server", "turn:turn.example.net?transport=udp ann secret")];
    let server = Server::with_flags(&flags);
    let reply = server.send(post("/whip/demo")).await;
    let links: Vec<&str> = reply.headers.get_all("link").iter().map(|value| value.to_str().unwrap()).collect();
    let turn = "<turn:turn.example.net?transport=udp>; rel=\"ice-server\"; username=\"ann\"; credential=\"secret\"; credential-type=\"password\"";
    assert_eq!(links, ["<stun:stun.example.net>; rel=\"ice-server\"", turn]);
    assert!(Server::start().send(post("/whip/demo")).await.headers.get("link").is_none());
}

#[tokio::test]
async fn candidates_are_the_shards_sockets_and_loopback_only_for_clients_on_loopback() {
    let server = Server::start();
    server.send_from("198.51.100.9:1", post("/whep/demo")).await;
    server.send_from("127.0.0.1:1", post("/whep/demo")).await;
    let told: Vec<Vec<String>> =
        server.joins().iter().map(|join| join.candidates.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(told, [vec!["192.0.2.7:7882"], vec!["192.0.2.7:7882", "127.0.0.1:7882"]]);
}

#[tokio::test]
async fn announced_addresses_are_the_only_candidates() {
    let server = Server::with_flags(&[("announce", "203.0.113.5")]);
    server.send_from("127.0.0.1:1", post("/whip/demo")).await;
    assert_eq!(server.joins()[0].candidates, ["203.0.113.5:7882".parse::<std::net::SocketAddr>().unwrap()]);
}

#[tokio::test]
async fn a_resource_cannot_be_read() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    for path in ["/whip/demo", &location] {
        let reply = server.send(get(path)).await;
        reply.problem(405, path);
        assert!(!reply.header("allow").is_empty());
    }
}

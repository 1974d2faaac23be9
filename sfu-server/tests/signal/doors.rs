//! Who gets as far as a socket: names, origins, the end of the server; and the page that opens it.

use serde_json::json;

use crate::client::{Client, try_connect};
use crate::support::{Server, get, request};

#[tokio::test]
async fn a_name_that_cannot_be_used_is_a_problem_before_the_upgrade() {
    let server = Server::start();
    for path in ["/rooms/%20/ws", "/rooms/a%2Fb/ws", "/rooms/%ff/ws", "/rooms/a%E2%80%AEb/ws"] {
        let problem = server.send(get(path)).await.problem(400, path);
        assert_eq!(problem["type"], "urn:sfu:problem:bad-name");
        assert_eq!(try_connect(&server, path, &[]).await.err(), Some(400));
    }
    let plain = server.send(get("/rooms/demo/ws")).await;
    assert!(plain.status.is_client_error() && plain.body.contains("WebSocket"), "{}", plain.body);
    server.send(request("POST", "/rooms/demo/ws", &[], "")).await.problem(405, "/rooms/demo/ws");
    let (_, welcome) = Client::join(&server, "caf%C3%A9%20%26%20bar", "ann").await;
    assert_eq!(welcome.0["room"], "café & bar");
}

#[tokio::test]
async fn only_pages_of_this_server_and_those_on_the_list_may_connect() {
    let server = Server::with_flags(&[("cors_allow_origin", "https://meet.example.org")]);
    for (origin, allowed) in [
        ("https://localhost", true),
        ("http://localhost", true),
        ("http://localhost:80", true),
        ("https://LocalHost:443", true),
        ("https://meet.example.org", true),
        ("https://localhost:8443", false),
        ("https://localhost.evil.org", false),
        ("https://evil.org", false),
        ("ftp://localhost", false),
        ("localhost", false),
        ("null", false),
        ("", false),
    ] {
        let outcome = try_connect(&server, "/rooms/demo/ws", &[("origin", origin)]).await;
        assert_eq!(outcome.err(), (!allowed).then_some(403), "{origin}");
    }
    assert!(try_connect(&server, "/rooms/demo/ws", &[]).await.is_ok(), "what has no origin is no page");
    let anywhere = Server::start();
    assert!(try_connect(&anywhere, "/rooms/demo/ws", &[("origin", "https://evil.org")]).await.is_ok());
}

#[tokio::test]
async fn at_the_servers_end_everybody_is_told_and_nobody_gets_in() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "other", "bob").await;
    let mut late = Client::connect(&server, "demo").await;
    server.control.drain();
    server.state.rooms.drain();
    for client in [&mut ann, &mut bob] {
        let (said, code) = client.end().await;
        let ended = said.last().unwrap();
        assert_eq!((&ended["type"], &ended["reason"], code), (&json!("ended"), &json!("draining"), Some(1012)));
    }
    let refused = late.request(json!({"type": "join", "version": 1, "name": "late"})).await;
    assert_eq!(refused["code"], "unavailable");
    assert_eq!(try_connect(&server, "/rooms/demo/ws", &[]).await.err(), Some(503));
}

#[tokio::test]
async fn a_rooms_link_is_the_page_whatever_its_name() {
    let server = Server::start();
    let front = server.send(get("/")).await;
    for path in ["/rooms/demo", "/rooms/demo/", "/rooms/%20", "/rooms/caf%C3%A9"] {
        let reply = server.send(get(path)).await;
        assert_eq!((reply.status, &reply.body), (front.status, &front.body), "{path}");
        assert!(reply.header("content-type").starts_with("text/html"));
    }
    server.send(get("/rooms/demo/nothing")).await.problem(404, "/rooms/demo/nothing");
}

#[tokio::test]
async fn the_policy_names_the_pages_own_socket_and_no_other() {
    let server = Server::start();
    for (host, named) in [
        ("meet.example.org", "connect-src 'self' ws://meet.example.org wss://meet.example.org"),
        ("[::1]:8080", "connect-src 'self' ws://[::1]:8080 wss://[::1]:8080"),
        ("a; script-src *", "connect-src 'self'"),
    ] {
        let reply = server.send(request("GET", "/rooms/demo", &[("host", host)], "")).await;
        let policy = reply.header("content-security-policy").to_owned();
        assert!(policy.ends_with(named), "{policy}");
    }
}

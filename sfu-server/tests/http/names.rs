//! Rooms and identities: what they may be called, and what happens without one.

use std::collections::HashSet;

use sfu_core::limits::NAME_BYTES_MAX;

use crate::support::{Server, delete, post};

#[tokio::test]
async fn names_are_taken_as_written_once_decoded() {
    let server = Server::start();
    let location = server.join("/whip/caf%C3%A9%20%26%20bar?identity=J%C3%BCrgen%20B").await;
    assert!(location.starts_with("/whip/caf%C3%A9%20%26%20bar/"), "{location}");
    assert_eq!(server.joins()[0].room.as_str(), "café & bar");
    assert_eq!(server.joins()[0].identity.as_str(), "Jürgen B");
    assert_eq!(server.send(delete(&location)).await.status, 200);
}

#[tokio::test]
async fn names_that_cannot_be_used_are_400() {
    let server = Server::start();
    let long = "x".repeat(NAME_BYTES_MAX + 1);
    for room in [&long, "a%2Fb", "a%00", "%ff", "%2e", "%2E%2e", "%20", "a%20", "%E2%80%8Bann", "a%E2%80%AEb"] {
        let path = format!("/whip/{room}");
        let problem = server.send(post(&path)).await.problem(400, &path);
        assert!(problem["detail"].as_str().unwrap().contains("the room's name"), "{problem}");
    }
    for query in
        [format!("identity={long}"), "identity=".to_owned(), "identity=a%0Ab".to_owned(), "identity=a,b".to_owned()]
    {
        let problem = server.send(post(&format!("/whip/demo?{query}"))).await.problem(400, "/whip/demo");
        assert!(problem["detail"].as_str().unwrap().contains("identity"), "{problem}");
    }
    server.send(post("/whep/demo?watch=ok,a%2Fb")).await.problem(400, "/whep/demo");
    server.send(post("/whip/demo?watch=ann")).await.problem(400, "/whip/demo");
    assert!(server.joins().is_empty());
}

#[tokio::test]
async fn too_many_to_watch_is_400() {
    let server = Server::start();
    let many = vec!["a"; 300].join(",");
    server.send(post(&format!("/whep/demo?watch={many}"))).await.problem(400, "/whep/demo");
}

#[tokio::test]
async fn an_identity_is_made_up_where_none_is_given_and_each_time_another() {
    let server = Server::start();
    for _ in 0..20 {
        server.join("/whip/demo").await;
        server.join("/whep/demo").await;
    }
    let names: HashSet<String> = server.joins().iter().map(|join| join.identity.to_string()).collect();
    assert_eq!(names.len(), 40);
    assert_eq!(names.iter().filter(|name| name.starts_with("p-")).count(), 20);
    assert_eq!(names.iter().filter(|name| name.starts_with("v-")).count(), 20);
}

#[tokio::test]
async fn unknown_query_parameters_are_left_alone() {
    let server = Server::start();
    server.join("/whep/demo?t=12345&identity=ann").await;
    assert_eq!(server.joins()[0].identity.as_str(), "ann");
}

#[tokio::test]
async fn the_resource_has_the_same_path_to_every_parser_of_urls() {
    let server = Server::start();
    for (room, segment) in
        [("%2e.%2e", "..."), ("%252e%252e", "%252e%252e"), ("a%3Fb%23c", "a%3Fb%23c"), ("a;b", "a%3Bb")]
    {
        let location = server.join(&format!("/whip/{room}")).await;
        assert_eq!(location.split('/').nth(2), Some(segment));
        assert_eq!(server.send(delete(&location)).await.status, 200, "{location}");
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_400_and_the_way_out_is_told() {
    let server = Server::start();
    let cases = [
        ("watch=a&watch=b", "watch=a,b"),
        ("identity=a&identity=b", "one identity"),
        ("watch=%ff", "watch is not UTF-8"),
        ("identity=a%C3", "identity is not UTF-8"),
    ];
    for (query, told) in cases {
        let problem = server.send(post(&format!("/whep/demo?{query}"))).await.problem(400, "/whep/demo");
        assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
    }
    assert!(server.joins().is_empty());
    server.join("/whep/demo?identity=J%C3%BCrgen+B&other=%ff&other=2&watch=a,b%2Cc").await;
    assert_eq!(server.joins()[0].identity.as_str(), "Jürgen B");
}

#[tokio::test]
async fn a_name_that_is_too_long_is_not_told_back_whole() {
    let server = Server::start();
    let long = "ü".repeat(NAME_BYTES_MAX);
    let problem = server.send(post(&format!("/whep/demo?watch=ok,{long}"))).await.problem(400, "/whep/demo");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("watch `üü") && detail.contains("256 bytes long"), "{detail}");
    assert!(detail.len() < 200, "{detail}");
}

//! Who may use the operator's API: never the network at large, never pages of other sites.

use crate::support::{OPERATED_FROM_HERE, Reply, Server, request};

const PATH: &str = "/api/v1/rooms";
const ROOM: &str = "/api/v1/rooms/demo";
const TOKEN: &str = "f3a1c6f2b07d4e58";
const HERE: (&str, &str) = ("host", "127.0.0.1:8080");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn ask(server: &Server, peer: &str, headers: &[(&str, &str)]) -> Reply {
    server.send_from(peer, request("GET", PATH, headers, "")).await
}

fn refused(reply: &Reply, because: &str) {
    let problem = reply.problem(403, PATH);
    assert!(problem["detail"].as_str().unwrap().contains(because), "{problem}");
}

#[tokio::test]
async fn without_a_token_nobody_may_and_is_told_what_to_set() {
    let server = Server::with_flags(&[]);
    // A proxy that passes on the Host header, as it should, passes on this one too.
    for host in ["127.0.0.1:8080", "localhost", "meet.example.org"] {
        for peer in ["127.0.0.1:1000", "[::1]:1000", "198.51.100.9:1000"] {
            let reply = ask(&server, peer, &[("host", host), ("authorization", "Bearer ")]).await;
            refused(&reply, "admin_token");
            refused(&reply, "admin_local");
        }
    }
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        assert_eq!(server.operate(method, ROOM, "{\"publish_max_bps\": 5000}").await.status, 403, "{method}");
    }
}

#[tokio::test]
async fn with_admin_local_only_this_machine_may() {
    let server = Server::start();
    for peer in ["127.0.0.1:1000", "127.8.9.1:1000", "[::1]:1000", "[::ffff:127.0.0.1]:1000"] {
        assert_eq!(ask(&server, peer, &[HERE]).await.status, 200, "{peer}");
    }
    for peer in
        ["198.51.100.9:1000", "10.0.0.1:1", "192.168.1.5:1", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1", "0.0.0.0:1"]
    {
        refused(&ask(&server, peer, &[HERE]).await, "admin_token");
    }
    let without_peer = server.app.clone();
    let reply = tower::ServiceExt::oneshot(without_peer, request("GET", PATH, &[HERE], "")).await.unwrap();
    assert_eq!(reply.status(), 403, "who asks is not known");
    for method in ["GET", "PUT", "PATCH", "DELETE", "POST", "OPTIONS", "HEAD"] {
        for path in [ROOM, "/api/v1/rooms/demo/participants", "/api/v1/rooms/demo/participants/ann"] {
            let reply = server.send(request(method, path, &[HERE, JSON], "{\"publish_max_bps\": 5000}")).await;
            assert_eq!(reply.status, 403, "{method} {path}");
        }
    }
    assert_eq!(server.operate("GET", ROOM, "").await.status, 404, "nothing was set");
}

#[tokio::test]
async fn what_came_through_a_proxy_does_not_come_from_this_machine() {
    let server = Server::start();
    let added = [
        ("x-forwarded-for", "203.0.113.5"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=203.0.113.5"),
        ("via", "1.1 proxy"),
        ("x-real-ip", "203.0.113.5"),
        ("x-forwarded-host", "meet.example.org"),
        ("x-forwarded-proto", "https"),
    ];
    for header in added {
        refused(&ask(&server, "127.0.0.1:1000", &[HERE, header]).await, "proxy");
    }
}

#[tokio::test]
async fn a_name_that_somebody_points_at_this_machine_is_not_this_machine() {
    let server = Server::start();
    for host in ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:8080", "[::1]:8080", "sfu.localhost:8080"] {
        assert_eq!(ask(&server, "127.0.0.1:1000", &[("host", host)]).await.status, 200, "{host}");
    }
    let names = [
        "evil.example:8080",
        "meet.example.org",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "a b",
        "localhost.",
        "notlocalhost",
        "192.0.2.7:8080",
    ];
    for host in names {
        refused(&ask(&server, "127.0.0.1:1000", &[("host", host)]).await, "localhost");
    }
    refused(&ask(&server, "127.0.0.1:1000", &[]).await, "localhost");
    refused(&ask(&server, "127.0.0.1:1000", &[HERE, ("host", "evil.example")]).await, "localhost");
    let whole = request("GET", &format!("http://evil.example{PATH}"), &[HERE], "");
    assert_eq!(server.send_from("127.0.0.1:1000", whole).await.status, 403);
    let rebound = [("host", "evil.example:8080"), ("origin", "http://evil.example:8080"), JSON];
    let reply = server.send_from("127.0.0.1:1", request("PUT", ROOM, &rebound, "{\"publish_max_bps\": 5000}")).await;
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn pages_of_other_sites_may_not_with_a_token_or_without_and_are_told_nothing() {
    let bearer = ("authorization", &*format!("Bearer {TOKEN}"));
    let free = Server::start();
    let guarded = Server::with_flags(&[("admin_token", TOKEN), OPERATED_FROM_HERE]);
    for server in [&free, &guarded] {
        for page in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            for method in ["GET", "PUT", "PATCH", "DELETE"] {
                let sent = request(method, ROOM, &[HERE, JSON, bearer, page], "{\"publish_max_bps\": 5000}");
                let reply = server.send_from("127.0.0.1:1000", sent).await;
                assert_eq!(reply.problem(403, ROOM)["type"], "urn:sfu:problem:origin-refused", "{method} {page:?}");
                assert_eq!(reply.header("access-control-allow-origin"), "");
            }
        }
        let preflight = [HERE, ("origin", "https://evil.example"), ("access-control-request-method", "PATCH")];
        let reply = server.send_from("127.0.0.1:1000", request("OPTIONS", ROOM, &preflight, "")).await;
        assert!(!reply.status.is_success());
        assert_eq!(reply.header("access-control-allow-origin"), "");
        let own = [HERE, bearer, ("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")];
        assert_eq!(ask(server, "127.0.0.1:1000", &own).await.status, 200, "a page of our own");
    }
}

#[tokio::test]
async fn with_a_token_its_bearer_may_from_anywhere_and_nobody_else() {
    let server = Server::with_flags(&[("admin_token", TOKEN), OPERATED_FROM_HERE]);
    let proxied = [("host", "meet.example.org"), ("x-forwarded-for", "203.0.113.5")];
    for scheme in ["Bearer", "bearer"] {
        let token = format!("{scheme} {TOKEN}");
        let headers = [proxied[0], proxied[1], ("authorization", &token)];
        for peer in ["127.0.0.1:1000", "198.51.100.9:1000"] {
            assert_eq!(ask(&server, peer, &headers).await.status, 200);
        }
    }
    let wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer f3a1c6f2b07d4e59",
        "Bearer f3a1c6f2b07d4e5",
        "Bearer f3a1c6f2b07d4e588",
        "Basic f3a1c6f2b07d4e58",
        TOKEN,
    ];
    for value in wrong {
        let reply = ask(&server, "127.0.0.1:1000", &[HERE, ("authorization", value)]).await;
        reply.problem(401, PATH);
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"sfu\"");
    }
    ask(&server, "127.0.0.1:1000", &[HERE]).await.problem(401, PATH);
}

#[tokio::test]
async fn the_token_is_shown_to_nobody() {
    let server = Server::with_flags(&[("admin_token", TOKEN)]);
    assert!(!format!("{:?} {:?}", crate::support::config(&[("admin_token", TOKEN)]), server.state).contains(TOKEN));
}

#[tokio::test]
async fn nothing_of_it_is_kept_by_caches() {
    let reply = Server::start().operate("GET", PATH, "").await;
    assert_eq!(reply.header("cache-control"), "no-store");
}

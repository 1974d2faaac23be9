//! Pages of other sites, by an allow-list.

use crate::support::{Server, post, request};

const HERE: &str = "https://meet.example.org";

fn preflight(path: &str, origin: &str, method: &str) -> axum::http::Request<axum::body::Body> {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "content-type,if-match,authorization"),
    ];
    request("OPTIONS", path, &headers, "")
}

#[tokio::test]
async fn every_origin_may_by_default_and_sees_what_it_needs() {
    let server = Server::start();
    let location = server.join("/whip/demo").await;
    for (path, method) in
        [("/whip/demo", "POST"), ("/whep/demo", "POST"), (location.as_str(), "PATCH"), (&location, "DELETE")]
    {
        let reply = server.send(preflight(path, HERE, method)).await;
        assert!(reply.status.is_success());
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert!(reply.header("access-control-allow-methods").contains(method));
        for name in ["content-type", "if-match", "authorization"] {
            assert!(reply.header("access-control-allow-headers").contains(name), "{name}");
        }
    }
    let mut offer = post("/whip/demo");
    offer.headers_mut().insert("origin", HERE.parse().unwrap());
    let reply = server.send(offer).await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    for name in ["location", "etag", "link", "accept-patch"] {
        assert!(reply.header("access-control-expose-headers").contains(name), "{name}");
    }
}

#[tokio::test]
async fn with_a_list_only_those_on_it_may() {
    let server = Server::with_flags(&[("cors_allow_origin", HERE), ("cors_allow_origin", "http://localhost:5173")]);
    for origin in [HERE, "http://localhost:5173"] {
        let reply = server.send(preflight("/whip/demo", origin, "POST")).await;
        assert_eq!(reply.header("access-control-allow-origin"), origin);
    }
    for origin in ["https://evil.example", "https://meet.example.org.evil.example", "null"] {
        let reply = server.send(preflight("/whip/demo", origin, "POST")).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn errors_can_be_read_across_origins_too() {
    let server = Server::start();
    let headers = [("origin", HERE), ("content-type", "text/plain")];
    let reply = server.send(request("POST", "/whip/demo", &headers, "")).await;
    reply.problem(415, "/whip/demo");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn options_names_methods_and_media_types() {
    let server = Server::start();
    let endpoint = server.send(request("OPTIONS", "/whip/demo", &[], "")).await;
    assert_eq!((endpoint.header("accept-post"), endpoint.header("allow")), ("application/sdp", "POST, OPTIONS"));
    let resource = server.send(request("OPTIONS", "/whip/demo/0", &[], "")).await;
    assert_eq!(resource.header("accept-patch"), "application/trickle-ice-sdpfrag");
    assert_eq!(resource.header("allow"), "PATCH, DELETE, OPTIONS");
}

#[tokio::test]
async fn nothing_but_whip_and_whep_is_open_to_other_origins() {
    let server = Server::start();
    for path in ["/metrics", "/readyz", "/"] {
        let reply = server.send(request("GET", path, &[("origin", HERE)], "")).await;
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
}

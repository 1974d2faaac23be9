//! Who may do what over HTTP, where tokens are asked for: a rule for every route.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use sfu_core::bitrate::Caps;
use sfu_core::command::Command;

use crate::passes::{admin, expired, guarded, pass, token};
use crate::support::{OFFER, Reply, Server, delete, get, request};

/// Who may use a route of the operator's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Admin,
    /// And whoever moderates the room in the path.
    Moderator,
    Everybody,
}

const PARTICIPANT: &str = "/api/v1/rooms/{room}/participants/{participant}";

/// The rule of every operation that there is: one that is not here fails the test.
const RULES: [(&str, &str, Rule); 18] = [
    ("get", "/api/v1/rooms", Rule::Admin),
    ("get", "/api/v1/rooms/{room}", Rule::Moderator),
    ("put", "/api/v1/rooms/{room}", Rule::Admin),
    ("patch", "/api/v1/rooms/{room}", Rule::Admin),
    ("delete", "/api/v1/rooms/{room}", Rule::Admin),
    ("get", "/api/v1/rooms/{room}/participants", Rule::Moderator),
    ("get", PARTICIPANT, Rule::Moderator),
    ("patch", PARTICIPANT, Rule::Admin),
    ("delete", PARTICIPANT, Rule::Admin),
    ("get", "/api/v1/rooms/{room}/participants/{participant}/why", Rule::Moderator),
    ("get", "/api/v1/rooms/{room}/participants/{participant}/series", Rule::Moderator),
    ("get", "/api/v1/rooms/{room}/series", Rule::Moderator),
    ("post", "/api/v1/rooms/{room}/what-if", Rule::Admin),
    ("post", "/api/v1/tokens", Rule::Admin),
    ("get", "/api/v1/rooms/{room}/invites", Rule::Moderator),
    ("post", "/api/v1/rooms/{room}/invites", Rule::Moderator),
    ("delete", "/api/v1/rooms/{room}/invites/{invite}", Rule::Moderator),
    ("post", "/api/v1/invites/exchange", Rule::Everybody),
];

fn with(method: &str, path: &str, content_type: &str, token: Option<&str>, body: &'static str) -> Request<Body> {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", content_type)];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    request(method, path, &headers, body)
}

async fn ask(server: &Server, method: &str, path: &str, token: Option<&str>) -> Reply {
    server.send(with(&method.to_uppercase(), path, "application/json", token, "{}")).await
}

async fn offer(server: &Server, path: &str, token: Option<&str>) -> Reply {
    server.send(with("POST", path, "application/sdp", token, OFFER)).await
}

#[tokio::test]
async fn every_operation_has_a_rule_and_keeps_it() {
    let server = guarded(&[]);
    let document = server.send(get("/api/openapi.json")).await.json();
    let paths = document["paths"].as_object().unwrap();
    let documented: BTreeSet<(&str, &str)> = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(|method| (method.as_str(), path.as_str())))
        .collect();
    assert_eq!(documented, RULES.iter().map(|(method, path, _)| (*method, *path)).collect(), "each needs a rule here");

    let moderator = pass("demo", "mo", &["moderate"]);
    let elsewhere = pass("Demo", "mo", &["moderate", "join", "subscribe"]);
    let guest = pass("demo", "ann", &["join", "publish_camera", "subscribe", "data"]);
    for (method, path, rule) in RULES {
        let url = path.replace("{room}", "demo").replace("{participant}", "ann").replace("{invite}", "00");
        if rule == Rule::Everybody {
            ask(&server, method, &url, None).await.problem(422, &url);
            continue;
        }
        let none = ask(&server, method, &url, None).await;
        assert_eq!(none.problem(401, &url)["type"], "urn:sfu:problem:token-needed", "{method} {path}");
        assert!(none.header("www-authenticate").starts_with("Bearer"));
        for bad in ["", "a.b.c", &expired("demo"), &format!("{}x", admin())] {
            assert_eq!(ask(&server, method, &url, Some(bad)).await.status, 401, "{method} {path} {bad}");
        }
        for (who, token, may) in [
            ("admin", &admin(), true),
            ("moderator", &moderator, rule == Rule::Moderator),
            ("moderator of another room", &elsewhere, false),
            ("guest", &guest, false),
        ] {
            let status = ask(&server, method, &url, Some(token)).await.status.as_u16();
            assert_eq!(![401, 403].contains(&status), may, "{who}: {method} {path} is {status}");
        }
    }
}

#[tokio::test]
async fn what_is_for_everybody_needs_no_token() {
    let server = guarded(&[]);
    for path in ["/", "/rooms/demo", "/healthz", "/readyz", "/metrics", "/api/openapi.json"] {
        let status = server.send(get(path)).await.status.as_u16();
        assert!(![401, 403].contains(&status), "{path} is {status}");
    }
}

#[tokio::test]
async fn whip_and_whep_take_a_token_of_the_room_with_the_grant_and_no_other() {
    let server = guarded(&[]);
    for (path, grant) in [("/whip/demo", "publish_camera"), ("/whep/demo", "subscribe")] {
        offer(&server, path, None).await.problem(401, path);
        offer(&server, path, Some("a.b.c")).await.problem(401, path);
        let late = offer(&server, path, Some(&expired("demo"))).await;
        assert_eq!(late.problem(401, path)["type"], "urn:sfu:problem:token-expired");
        for (room, grants) in [
            ("Demo", vec!["join", grant]),
            ("demo2", vec!["join", grant]),
            ("demo", vec![grant]),
            ("demo", vec!["join"]),
        ] {
            let reply = offer(&server, path, Some(&pass(room, "ann", &grants))).await;
            assert_eq!(reply.problem(403, path)["type"], "urn:sfu:problem:not-allowed", "{room} {grants:?}");
            assert!(reply.header("www-authenticate").contains("insufficient_scope"));
        }
        assert_eq!(offer(&server, path, Some(&admin())).await.status, 403, "an administrator is nobody in a room");
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b"), ("content-type", "application/sdp")];
        assert_eq!(server.send(request("POST", path, &twice, OFFER)).await.status, 401);
        let query = format!("{path}?token={}", pass("demo", "ann", &["join", grant]));
        assert_eq!(offer(&server, &query, None).await.status, 401, "a query ends in logs");
    }
    assert!(server.joins().is_empty(), "the media plane has heard of none of it");
    let reply = offer(
        &server,
        "/whip/demo?identity=eve",
        Some(&pass("demo", "ann", &["join", "publish_camera", "publish_microphone"])),
    )
    .await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    assert_eq!(server.joins()[0].identity.as_str(), "ann", "who it is, the token says");
    let resource = reply.header("location").to_owned();
    assert_eq!(server.send(delete(&resource)).await.status, 200, "who knows a resource's address may end it");
}

#[tokio::test]
async fn a_room_that_is_there_and_one_that_is_not_are_refused_alike() {
    let server = guarded(&[]);
    let ann = pass(
        "x-board",
        "ann",
        &["join", "publish_camera", "publish_microphone", "publish_screen", "subscribe", "data"],
    );
    assert_eq!(offer(&server, "/whip/x-board", Some(&ann)).await.status, 201);
    let eve = pass("elsewhere", "eve", &["join", "subscribe", "publish_camera", "moderate"]);
    for token in [None, Some("a.b.c"), Some(eve.as_str())] {
        for route in [
            "/whip/{}",
            "/whep/{}",
            "/api/v1/rooms/{}",
            "/api/v1/rooms/{}/participants",
            "/api/v1/rooms/{}/participants/ann/why",
        ] {
            let mut answers = Vec::new();
            for room in ["x-board", "y-nobody"] {
                let path = route.replace("{}", room);
                let reply = if route.starts_with("/wh") {
                    offer(&server, &path, token).await
                } else {
                    ask(&server, "get", &path, token).await
                };
                assert!([401, 403].contains(&reply.status.as_u16()), "{path}");
                let mut headers = reply.headers.clone();
                headers.remove("content-length");
                answers.push((reply.status, headers, reply.body.replace(room, "")));
            }
            assert_eq!(answers[0], answers[1], "{route}");
        }
    }
}

#[tokio::test]
async fn a_publisher_by_whip_sends_what_its_token_names_and_the_rest_is_inactive() {
    let server = guarded(&[]);
    const BOTH: &str = "v=0\r\nm=audio 9 x 111\r\na=mid:0\r\na=sendonly\r\nm=video 9 x 96\r\na=mid:1\r\na=sendonly\r\n";
    let sound = pass("demo", "ann", &["join", "publish_microphone"]);
    let reply = server.send(with("POST", "/whip/demo", "application/sdp", Some(&sound), BOTH)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let reached = server.joins()[0].offer.clone();
    assert_eq!(reached.matches("a=sendonly").count(), 1);
    assert!(reached.ends_with("m=video 9 x 96\r\na=mid:1\r\na=inactive\r\n"), "{reached}");
    let screen = pass("demo", "bob", &["join", "publish_screen"]);
    let reply = server.send(with("POST", "/whip/demo", "application/sdp", Some(&screen), BOTH)).await;
    assert!(reply.problem(403, "/whip/demo")["detail"].as_str().unwrap().contains("publish_microphone"));
}

#[tokio::test]
async fn caps_of_a_token_are_in_force_under_the_operators_while_its_bearer_is_there() {
    let server = guarded(&[]);
    let caps = json!({"subscribe_max_bps": 500_000, "video_max_height": 360});
    let ann = token(&json!({"room": "demo", "identity": "ann", "grants": ["join", "subscribe"], "caps": caps}));
    let admin = admin();
    let reply = offer(&server, "/whep/demo", Some(&ann)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let granted = Caps { publish_max_bps: None, subscribe_max_bps: Some(500_000), video_max_height: Some(360) };
    assert_eq!(server.joins()[0].caps, granted);

    let path = "/api/v1/rooms/demo/participants/ann";
    let change = |body| server.send(with("PATCH", path, "application/json", Some(&admin), body));
    let told = || {
        let commands = server.commands.lock().unwrap();
        let caps = commands.iter().rev().find_map(|command| match command {
            Command::CapParticipant { caps, .. } => Some(*caps),
            _ => None,
        });
        caps.unwrap()
    };
    assert_eq!(change(r#"{"video_max_height": 720}"#).await.status, 200);
    assert_eq!(told(), Caps { video_max_height: Some(720), ..granted }, "the token's other cap stays");
    assert_eq!(change(r#"{"video_max_height": null}"#).await.status, 200);
    assert_eq!(told(), granted);
    let described = ask(&server, "get", path, Some(&admin)).await.json();
    assert_eq!(
        (&described["subscribe_max_bps"], &described["effective"]["subscribe_max_bps"]),
        (&json!(null), &json!(500_000))
    );
    assert_eq!(ask(&server, "delete", "/api/v1/rooms/demo", Some(&admin)).await.status, 204);
    assert_eq!(told(), granted, "what the operator clears was the operator's");

    let resource = reply.header("location").to_owned();
    assert_eq!(server.send(delete(&resource)).await.status, 200);
    crate::support::until("ann is gone", || server.control.directory.transports() == 0).await;
    assert_eq!(server.control.granted_in(&sfu_core::id::RoomName::new("demo").unwrap()).len(), 0);
}

#[tokio::test]
async fn the_administrators_fixed_token_is_good_beside_others() {
    let server = guarded(&[("admin_token", "f3a1c6f2b07d4e58")]);
    for (token, status) in
        [(Some("f3a1c6f2b07d4e58"), 200), (Some(admin().as_str()), 200), (Some("f3a1c6f2b07d4e59"), 401), (None, 401)]
    {
        assert_eq!(ask(&server, "get", "/api/v1/rooms", token).await.status, status, "{token:?}");
    }
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let server = guarded(&[]);
    offer(&server, "/whep/demo", None).await;
    offer(&server, "/whep/demo", Some("x")).await;
    offer(&server, "/whep/demo", Some(&pass("other", "ann", &["join", "subscribe"]))).await;
    let metrics = server.send(get("/metrics")).await.body;
    for reason in ["no_token", "invalid", "other_room"] {
        assert!(metrics.contains(&format!("sfu_auth_denied_total{{reason=\"{reason}\"}} 1")), "{reason}: {metrics}");
    }
}

#[tokio::test]
async fn in_development_what_a_proxy_brings_from_elsewhere_is_refused_and_by_name_let_in() {
    let proxied = [("x-forwarded-for", "203.0.113.5"), ("content-type", "application/sdp")];
    let development = Server::start();
    let reply = development.send(request("POST", "/whep/demo", &proxied, OFFER)).await;
    assert!(reply.problem(403, "/whep/demo")["detail"].as_str().unwrap().contains("insecure_no_auth"));
    assert_eq!(development.send(request("GET", "/rooms/demo/ws", &proxied, "")).await.status, 403);
    let insecure = Server::with_flags(&[("insecure_no_auth", "true")]);
    assert_eq!(insecure.send(request("POST", "/whep/demo", &proxied, OFFER)).await.status, 201);
}

#[tokio::test]
async fn in_development_a_name_that_anybody_may_point_here_is_refused_and_by_name_let_in() {
    let asks = |host: &'static str| {
        [("host", host), ("origin", "http://evil.example:8080"), ("content-type", "application/sdp")]
    };
    let development = Server::start();
    for host in ["127.0.0.1", "127.8.9.1:8080", "[::1]:8080", "localhost:8080", "me.LOCALHOST", "[::ffff:127.0.0.1]"] {
        assert_eq!(development.send(request("POST", "/whep/demo", &asks(host), OFFER)).await.status, 201, "{host}");
    }
    for host in
        ["evil.example:8080", "localhost.evil.example", "192.0.2.1", "[2001:db8::1]", "127.0.0.1@evil.example", ""]
    {
        let reply = development.send(request("POST", "/whep/demo", &asks(host), OFFER)).await;
        assert!(reply.problem(403, "/whep/demo")["detail"].as_str().unwrap().contains("127.0.0.1"), "{host}");
        assert_eq!(development.send(request("POST", "/whip/demo", &asks(host), OFFER)).await.status, 403, "{host}");
        assert_eq!(
            development.send(request("GET", "/rooms/demo/ws", &[("host", host)], "")).await.status,
            403,
            "{host}"
        );
    }
    let nameless = request("POST", "/whep/demo", &[("content-type", "application/sdp")], OFFER);
    assert_eq!(development.send_from("127.0.0.1:1000", nameless).await.status, 403);
    let insecure = Server::with_flags(&[("insecure_no_auth", "true")]);
    let reply = insecure.send(request("POST", "/whep/demo", &asks("evil.example:8080"), OFFER)).await;
    assert_eq!(reply.status, 201);
}

#[tokio::test]
async fn an_administrator_makes_tokens_for_others_and_none_for_administrators() {
    let server = guarded(&[]);
    let admin = admin();
    let make = async |server: &Server, body: serde_json::Value| {
        let bearer = format!("Bearer {admin}");
        let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
        server.send(request("POST", "/api/v1/tokens", &headers, body.to_string())).await
    };
    let wanted =
        json!({"room": "demo", "identity": "ann", "grants": ["join", "subscribe"], "caps": {"video_max_height": 360}});
    let made = make(&server, wanted.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let left = made["expires_at"].as_u64().unwrap() - crate::passes::seconds();
    assert!((3_590..=3_600).contains(&left), "{left}");
    assert_eq!(offer(&server, "/whep/demo", made["token"].as_str()).await.status, 201);
    assert_eq!(server.joins()[0].caps.video_max_height, Some(360));

    let but = |name: &str, value: serde_json::Value| {
        let mut wanted = wanted.clone();
        wanted[name] = value;
        wanted
    };
    for (body, pointer) in [
        (but("grants", json!(["admin"])), "#/grants"),
        (but("grants", json!(["join", "admin"])), "#/grants"),
        (but("grants", json!(["root"])), "#/grants/0"),
        (but("grants", json!([])), "#/room"),
        (but("ttl_seconds", json!(86_401)), "#/ttl_seconds"),
        (but("ttl_seconds", json!(0)), "#/ttl_seconds"),
        (but("room", json!("a/b")), "#/room"),
        (but("key_id", json!("none such")), "#/key_id"),
        (but("caps", json!({"max": 1})), "#/caps/max"),
        (but("more", json!(1)), "#/more"),
    ] {
        let problem = make(&server, body.clone()).await.problem(422, "/api/v1/tokens");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    let open = Server::start();
    let reply = open.operate("POST", "/api/v1/tokens", &wanted.to_string()).await;
    assert!(reply.problem(409, "/api/v1/tokens")["detail"].as_str().unwrap().contains("keys generate"));
}

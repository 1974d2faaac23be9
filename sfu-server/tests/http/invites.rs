//! Invites: made by who may, exchanged for a token as often as they say, and no oftener.

use std::path::PathBuf;

use futures::future::join_all;
use serde_json::{Value, json};
use sfu_core::id::RoomName;
use sfu_server::auth::{Book, Invite, Keys, Role, Unusable};

use crate::passes::{KEYS, admin, guarded, pass, seconds};
use crate::support::{OFFER, Reply, Server, request};

const INVITES: &str = "/api/v1/rooms/demo/invites";
const EXCHANGE: &str = "/api/v1/invites/exchange";

async fn ask(server: &Server, method: &str, path: &str, token: Option<&str>, body: &Value) -> Reply {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    server.send(request(method, path, &headers, body.to_string())).await
}

async fn make(server: &Server, body: Value) -> Value {
    let reply = ask(server, "POST", INVITES, Some(&admin()), &body).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.json()
}

async fn exchange(server: &Server, code: &str) -> Reply {
    ask(server, "POST", EXCHANGE, None, &json!({"code": code})).await
}

fn gone(reply: &Reply, kind: &str) {
    let problem = reply.problem(410, EXCHANGE);
    assert_eq!(problem["type"], format!("urn:sfu:problem:invite-{kind}"), "{problem}");
}

fn keys() -> Keys {
    Keys::parse(KEYS).unwrap()
}

fn offline(room: &str, ttl_s: u64, uses: u16, ago_s: u64) -> String {
    let room = RoomName::new(room).unwrap();
    Invite::new(room, Role::Guest, seconds() - ago_s, ttl_s, uses).unwrap().code(&keys()).unwrap()
}

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

#[tokio::test]
async fn an_invite_becomes_a_token_of_its_room_and_role() {
    let server = guarded(&[]);
    for (role, may_watch, may_publish) in [("guest", true, false), ("speaker", true, true), ("moderator", true, true)] {
        let made = make(&server, json!({"role": role})).await;
        let code = made["code"].as_str().unwrap();
        assert!(code.len() < 64, "it is short: {code}");
        assert_eq!(made["path"], format!("/i#{code}"));
        let reply = exchange(&server, code).await;
        assert_eq!(reply.header("cache-control"), "no-store");
        let told = reply.json();
        assert_eq!((&told["room"], &told["role"]), (&json!("demo"), &json!(role)));
        let bearer = format!("Bearer {}", told["token"].as_str().unwrap());
        let headers = [("content-type", "application/sdp"), ("authorization", &*bearer)];
        for (path, may) in [("/whep/demo", may_watch), ("/whip/demo", may_publish), ("/whep/other", false)] {
            let status = server.send(request("POST", path, &headers, OFFER)).await.status;
            assert_eq!(status.as_u16(), if may { 201 } else { 403 }, "{role} {path}");
        }
        let listed = ask(&server, "GET", INVITES, told["token"].as_str(), &json!(null)).await;
        assert_eq!(listed.status, if role == "moderator" { 200 } else { 403 }, "{role}");
    }
}

#[tokio::test]
async fn it_is_good_as_often_as_it_says_and_then_used_up() {
    let server = guarded(&[]);
    let made = make(&server, json!({"role": "guest", "uses": 3, "ttl_seconds": 60})).await;
    let code = made["code"].as_str().unwrap();
    let mut identities = Vec::new();
    for _ in 0..3 {
        identities.push(exchange(&server, code).await.json()["identity"].as_str().unwrap().to_owned());
    }
    identities.dedup();
    assert_eq!(identities.len(), 3, "each is somebody else");
    gone(&exchange(&server, code).await, "used-up");
    let listed = ask(&server, "GET", INVITES, Some(&admin()), &json!(null)).await.json();
    assert_eq!((&listed["invites"][0]["used"], &listed["invites"][0]["uses"]), (&json!(3), &json!(3)));
    assert!(!listed.to_string().contains(code), "a code is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_use_the_last_use_at_once_one_does() {
    let server = guarded(&[("state_dir", folder("raced").to_str().unwrap())]);
    for round in 0..5 {
        let made = make(&server, json!({"role": "speaker"})).await;
        let code = made["code"].as_str().unwrap();
        let replies = join_all((0..8).map(|_| exchange(&server, code))).await;
        let let_in = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(let_in, 1, "round {round}");
        replies.iter().filter(|reply| reply.status != 200).for_each(|reply| gone(reply, "used-up"));
    }
}

#[tokio::test]
async fn withdrawn_or_expired_it_lets_nobody_in() {
    let server = guarded(&[]);
    let made = make(&server, json!({"role": "guest", "uses": 100})).await;
    let code = made["code"].as_str().unwrap();
    assert_eq!(exchange(&server, code).await.status, 200);
    let path = format!("{INVITES}/{}", made["id"].as_str().unwrap());
    let elsewhere = path.replace("demo", "other");
    ask(&server, "DELETE", &elsewhere, Some(&admin()), &json!(null)).await.problem(404, &elsewhere);
    let of_other = pass("other", "mo", &["moderate"]);
    assert_eq!(ask(&server, "DELETE", &path, Some(&of_other), &json!(null)).await.status, 403);
    let of_this = pass("demo", "mo", &["moderate"]);
    assert_eq!(ask(&server, "DELETE", &path, Some(&of_this), &json!(null)).await.status, 204);
    gone(&exchange(&server, code).await, "withdrawn");
    gone(&exchange(&server, &offline("demo", 60, 1, 61)).await, "expired");
}

#[tokio::test]
async fn what_no_key_of_this_server_has_signed_is_no_invite() {
    let server = guarded(&[]);
    let good = offline("demo", 600, 1, 0);
    let other = Keys::parse(&KEYS.replace("YW4g", "YW5g")).unwrap();
    let room = RoomName::new("demo").unwrap();
    let foreign = Invite::new(room, Role::Moderator, seconds(), 600, 1).unwrap().code(&other).unwrap();
    let mut wrong = vec![
        String::new(),
        "x".to_owned(),
        foreign,
        "A".repeat(10_000),
        pass("demo", "ann", &["join"]),
        good.to_uppercase(),
    ];
    for at in 0..good.len() {
        let swapped = if &good[at..=at] == "A" { "B" } else { "A" };
        wrong.push(format!("{}{swapped}{}", &good[..at], &good[at + 1..]));
    }
    wrong.extend((0..good.len()).map(|length| good[..length].to_owned()));
    for code in wrong {
        let reply = exchange(&server, &code).await;
        assert!([404, 413].contains(&reply.status.as_u16()), "{code} is {}", reply.body);
    }
    let as_token = ask(&server, "GET", "/api/v1/rooms", Some(&good), &json!(null)).await;
    assert_eq!(as_token.status, 401, "an invite is no token");
}

#[tokio::test]
async fn one_that_is_asked_for_wrongly_is_not_made() {
    let server = guarded(&[]);
    for body in [
        json!({}),
        json!({"role": "admin"}),
        json!({"role": "guest", "uses": 0}),
        json!({"role": "guest", "uses": 1_001}),
        json!({"role": "guest", "ttl_seconds": 0}),
        json!({"role": "guest", "ttl_seconds": 2_592_001}),
        json!({"role": "guest", "more": 1}),
    ] {
        ask(&server, "POST", INVITES, Some(&admin()), &body).await.problem(422, INVITES);
    }
    let open = Server::start();
    open.operate("POST", INVITES, r#"{"role": "guest"}"#).await.problem(409, INVITES);
    ask(&open, "POST", EXCHANGE, None, &json!({"code": "x"})).await.problem(409, EXCHANGE);
}

#[test]
fn a_restart_forgets_nothing_with_a_folder_and_ends_all_without() {
    let folder = folder("kept");
    let now = seconds();
    let invite = |uses| Invite::new(RoomName::new("demo").unwrap(), Role::Guest, now, 600, uses).unwrap();
    let (twice, withdrawn, fresh) = (invite(2), invite(9), invite(1));
    {
        let book = Book::open(Some(&folder), now).unwrap();
        book.redeem(&twice, now).unwrap();
        book.add(&withdrawn, now).unwrap();
        book.withdraw(&withdrawn.room, withdrawn.id, now).unwrap().unwrap();
    }
    let book = Book::open(Some(&folder), now + 5).unwrap();
    book.redeem(&twice, now + 5).unwrap();
    assert_eq!(book.redeem(&twice, now + 5), Err(Unusable::UsedUp));
    assert_eq!(book.redeem(&withdrawn, now + 5), Err(Unusable::Withdrawn));
    book.redeem(&fresh, now + 5).unwrap();
    assert_eq!(book.redeem(&fresh, now + 601), Err(Unusable::Expired));

    let book = Book::open(None, now + 5).unwrap();
    assert_eq!(book.redeem(&invite(9), now + 5), Err(Unusable::Forgotten), "it might be used up");
    let later = Invite::new(RoomName::new("demo").unwrap(), Role::Guest, now + 6, 600, 1).unwrap();
    book.redeem(&later, now + 6).unwrap();

    // What cannot be written down has not happened.
    let book = Book::open(Some(&folder), now).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(book.redeem(&invite(1), now), Err(Unusable::NotKept));
    assert!(Book::open(Some(&folder), now).is_err());
}

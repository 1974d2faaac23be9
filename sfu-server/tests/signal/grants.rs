//! Rooms by WebSocket, where tokens are asked for.

use serde_json::{Value, json};
use sfu_core::command::Command;

use crate::client::Client;
use crate::passes::{admin, expired, guarded, guarded_with, pass, seconds, token};
use crate::support::{Server, get};

const EVERYTHING: [&str; 6] = ["join", "publish_microphone", "publish_camera", "publish_screen", "subscribe", "data"];
const OFFER: &str = "v=0\r\nm=audio 9 x 111\r\na=mid:0\r\na=sendonly\r\nm=video 9 x 96\r\na=mid:1\r\na=sendonly\r\n\
                     m=video 9 x 96\r\na=mid:2\r\na=sendonly\r\nm=video 9 x 96\r\na=mid:3\r\na=recvonly\r\n";

async fn join(server: &Server, room: &str, token: Option<&str>) -> (Client, Value) {
    let mut client = Client::connect(server, room).await;
    let mut message = json!({"type": "join", "version": 1, "name": "what she says"});
    if let Some(token) = token {
        message["token"] = json!(token);
    }
    let reply = client.request(message).await;
    (client, reply)
}

#[tokio::test]
async fn a_token_of_the_room_lets_one_in_as_whom_it_says() {
    let server = guarded(&[]);
    let claims = json!({"room": "demo", "identity": "ann", "name": "Ann B.", "grants": EVERYTHING});
    let (_client, joined) = join(&server, "demo", Some(&token(&claims))).await;
    assert_eq!(joined["type"], "joined", "{joined}");
    assert_eq!((&joined["participant"], &joined["participants"][0]["name"]), (&json!("ann"), &json!("Ann B.")));
    assert_eq!((&joined["access"], &joined["grants"]), (&json!("token"), &json!(EVERYTHING)));
    let (_client, joined) = join(&server, "demo", Some(&pass("demo", "bob", &["join"]))).await;
    assert_eq!(joined["participants"][1]["name"], "what she says", "the token has no name");
    assert_eq!(joined["grants"], json!(["join"]));
}

#[tokio::test]
async fn without_one_or_with_another_one_stays_outside_and_learns_nothing_of_the_room() {
    let server = guarded(&[]);
    let (_ann, joined) = join(&server, "there", Some(&pass("there", "ann", &EVERYTHING))).await;
    assert_eq!(joined["type"], "joined");
    let wrong = [
        (None, "unauthorized"),
        (Some(String::new()), "unauthorized"),
        (Some("a.b.c".to_owned()), "unauthorized"),
        (Some("x".repeat(100_000)), "unauthorized"),
        (Some(expired("there")), "token_expired"),
        (Some(pass("There", "ann", &EVERYTHING)), "forbidden"),
        (Some(pass("here", "ann", &EVERYTHING)), "forbidden"),
        (Some(admin()), "forbidden"),
        (Some(token(&json!({"room": "there", "identity": "e", "grants": ["join"], "aud": "other"}))), "unauthorized"),
        (
            Some(token(&json!({"room": "there", "identity": "e", "grants": ["join"], "nbf": seconds() + 100}))),
            "unauthorized",
        ),
    ];
    for (token, code) in wrong {
        let mut answers = Vec::new();
        for room in ["there", "absent"] {
            // For the absent one it is of another room in any case, where it is good for any.
            let (_client, reply) = join(&server, room, token.as_deref()).await;
            assert_eq!((&reply["type"], &reply["code"]), (&json!("error"), &json!(code)), "{reply}");
            answers.push(reply);
        }
        assert_eq!(answers[0], answers[1]);
    }
    let (mut client, _) = join(&server, "there", None).await;
    for message in [json!({"type": "chat", "text": "x"}), json!({"type": "offer", "sdp": OFFER})] {
        assert_eq!(client.request(message).await["code"], "out_of_order");
    }
    let again = client
        .request(json!({"type": "join", "version": 1, "name": "e", "token": pass("there", "eve", &["join"])}))
        .await;
    assert_eq!(again["type"], "joined", "the socket may try again");
}

#[tokio::test]
async fn who_comes_back_needs_no_token_and_has_the_grants_of_before() {
    let server = guarded(&[]);
    let (mut ann, joined) = join(&server, "demo", Some(&pass("demo", "ann", &["join", "subscribe"]))).await;
    let (_back, reply) = Client::resume(&server, "demo", joined["resume"].as_str().unwrap()).await;
    assert_eq!((&reply["type"], &reply["grants"]), (&json!("joined"), &json!(["join", "subscribe"])));
    assert!(ann.end().await.0.iter().any(|message| message["type"] == "ended"));
    for wrong in ["1.00000000000000000000000000000000", "x"] {
        let (_client, reply) = Client::resume(&server, "demo", wrong).await;
        assert_eq!(reply["code"], "resume_failed");
    }
}

#[tokio::test]
async fn a_token_beside_the_resume_token_has_the_last_word() {
    let server = guarded(&[]);
    let rights = ["join", "subscribe"];
    let come_back = async |resume: &Value, token: String| {
        let mut client = Client::connect(&server, "demo").await;
        let message = json!({"type": "join", "version": 1, "name": "x", "resume": resume, "token": token});
        let reply = client.request(message).await;
        (client, reply)
    };
    let (_ann, joined) = join(&server, "demo", Some(&pass("demo", "ann", &rights))).await;
    let (_same, back) = come_back(&joined["resume"], pass("demo", "ann", &rights)).await;
    assert_eq!((&back["participant"], &back["resumed"]), (&json!("ann"), &json!(true)), "{back}");
    let (_expired, back) = come_back(&back["resume"], expired("demo")).await;
    assert_eq!(back["resumed"], true, "who is in stays: {back}");
    for wrong in [pass("other", "ann", &rights), "a.b.c".to_owned(), admin()] {
        let (_client, refused) = come_back(&back["resume"], wrong).await;
        assert_eq!(refused["code"], "resume_failed", "{refused}");
    }
    // Other rights, another person: who it was is gone, and the same socket may come in as who it is now.
    for (identity, grants) in [("ann", vec!["join", "subscribe", "data"]), ("bob", vec!["join"])] {
        let (_before, before) = join(&server, "demo", Some(&pass("demo", "ann", &rights))).await;
        let before = if before["type"] == "joined" { before } else { back.clone() };
        let token = pass("demo", identity, &grants);
        let (mut client, refused) = come_back(&before["resume"], token.clone()).await;
        assert_eq!(refused["code"], "resume_failed", "{refused}");
        let anew = client.request(json!({"type": "join", "version": 1, "name": "x", "token": token})).await;
        assert_eq!((&anew["participant"], &anew["grants"]), (&json!(identity), &json!(grants)), "{anew}");
        assert_eq!(anew["participants"].as_array().unwrap().len(), 1, "{anew}");
        client.request(json!({"type": "leave"})).await;
    }
}

#[tokio::test]
async fn who_came_by_a_key_that_is_no_more_does_not_come_back() {
    let path = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("gone-{}.json", std::process::id()));
    std::fs::write(&path, crate::passes::KEYS).unwrap();
    let server = Server::with_flags(&[("auth_keys", path.to_str().unwrap())]);
    let (_ann, joined) = join(&server, "demo", Some(&pass("demo", "ann", &["join"]))).await;
    let (_back, back) = Client::resume(&server, "demo", joined["resume"].as_str().unwrap()).await;
    assert_eq!(back["type"], "joined");
    std::fs::write(&path, crate::passes::KEYS.replace("\"test\"", "\"next\"")).unwrap();
    server.state.auth.store().unwrap().look();
    let (_client, refused) = Client::resume(&server, "demo", back["resume"].as_str().unwrap()).await;
    assert_eq!(refused["code"], "resume_failed", "{refused}");
    assert!(server.state.rooms.names().is_empty(), "and is gone");
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn each_source_has_its_grant_and_the_others_go_on() {
    for (grants, refused, directions) in [
        (
            vec!["publish_microphone", "publish_camera", "publish_screen", "subscribe"],
            vec![],
            ["sendonly", "sendonly", "sendonly", "recvonly"],
        ),
        (
            vec!["publish_microphone", "publish_camera"],
            vec![("2", "screen")],
            ["sendonly", "sendonly", "inactive", "inactive"],
        ),
        (
            vec!["publish_camera", "publish_screen", "subscribe"],
            vec![("0", "microphone")],
            ["inactive", "sendonly", "sendonly", "recvonly"],
        ),
        (
            vec!["publish_screen"],
            vec![("0", "microphone"), ("1", "camera")],
            ["inactive", "inactive", "sendonly", "inactive"],
        ),
        (
            vec!["subscribe"],
            vec![("0", "microphone"), ("1", "camera"), ("2", "screen")],
            ["inactive", "inactive", "inactive", "recvonly"],
        ),
    ] {
        let server = guarded(&[]);
        let all: Vec<&str> = [vec!["join"], grants.clone()].concat();
        let (mut ann, _) = join(&server, "demo", Some(&pass("demo", "ann", &all))).await;
        let uses = json!([{"mid": "0", "source": "microphone"}, {"mid": "1", "source": "camera"}, {"mid": "2", "source": "screen"}]);
        for _ in 0..2 {
            let answer = ann.request(json!({"type": "offer", "sdp": OFFER, "tracks": uses})).await;
            assert_eq!(answer["type"], "answer", "{answer}");
            let told = answer["refused"].as_array().cloned().unwrap_or_default();
            let told: Vec<(&str, &str)> =
                told.iter().map(|it| (it["mid"].as_str().unwrap(), it["source"].as_str().unwrap())).collect();
            assert_eq!(told, refused, "{grants:?}");
        }
        let commands = server.commands.lock().unwrap();
        let offers = commands.iter().filter_map(|command| match command {
            Command::Meet { join, .. } => Some(&join.offer),
            Command::Renegotiate { offer, .. } => Some(offer),
            _ => None,
        });
        let mut count = 0;
        for offer in offers {
            let said: Vec<&str> =
                offer.lines().filter_map(|line| line.strip_prefix("a=")).filter(|it| !it.contains(':')).collect();
            assert_eq!(said, directions, "{grants:?}");
            count += 1;
        }
        assert_eq!(count, 2);
    }
}

#[tokio::test]
async fn who_may_neither_send_nor_receive_is_told_so() {
    let server = guarded(&[]);
    let (mut ann, _) = join(&server, "demo", Some(&pass("demo", "ann", &["join", "data"]))).await;
    let reply = ann.request(json!({"type": "offer", "sdp": OFFER})).await;
    assert_eq!((&reply["code"], server.joins().len()), (&json!("forbidden"), 0), "{reply}");
    assert_eq!(ann.request(json!({"type": "chat", "text": "hello"})).await["type"], "ok");
}

#[tokio::test]
async fn a_media_plane_that_publishes_all_the_same_is_not_believed() {
    // The played shard says that it publishes whatever is asked for.
    let server = guarded_with(&[], || {
        Box::new(|command| match command {
            Command::Meet { join, .. } => Some(vec![crate::media::published(join)]),
            _ => None,
        })
    });
    let (mut ann, _) = join(&server, "demo", Some(&pass("demo", "ann", &["join", "publish_microphone"]))).await;
    let reply = ann.request(json!({"type": "offer", "sdp": OFFER})).await;
    assert_eq!(reply["code"], "internal", "{reply}");
    crate::support::until("its transport is closed", || {
        server.commands.lock().unwrap().iter().any(|command| matches!(command, Command::Close { .. }))
    })
    .await;
}

#[tokio::test]
async fn what_is_published_is_allowed_by_the_name_that_the_others_see() {
    // Its mid is written so that the media plane names the section by its place, and what is stated of that place is a screen.
    let odd = "v=0\r\nm=video 9 x 96\r\na=mid:x y\r\na=sendonly\r\n";
    for (grant, source, is_allowed) in
        [("publish_camera", "screen", false), ("publish_camera", "camera", true), ("publish_screen", "screen", false)]
    {
        let kinds = [("0", sfu_core::id::MediaKind::Video)];
        let server = guarded_with(&[], move || {
            Box::new(move |command| match command {
                Command::Meet { join, .. } => Some(vec![crate::media::answered(join.request, join.transport, &kinds)]),
                _ => None,
            })
        });
        let (mut ann, _) = join(&server, "demo", Some(&pass("demo", "ann", &["join", grant]))).await;
        let uses = json!([{"mid": "0", "source": source}]);
        let reply = ann.request(json!({"type": "offer", "sdp": odd, "tracks": uses})).await;
        assert_eq!(reply["type"] == "answer", is_allowed, "{grant} {source}: {reply}");
    }
}

#[tokio::test]
async fn chat_takes_data_and_layouts_take_subscribe() {
    let server = guarded(&[]);
    let (mut ann, _) =
        join(&server, "demo", Some(&pass("demo", "ann", &["join", "publish_camera", "publish_microphone"]))).await;
    assert_eq!(ann.request(json!({"type": "chat", "text": "hello"})).await["code"], "forbidden");
    ann.request(json!({"type": "offer", "sdp": OFFER})).await;
    assert_eq!(ann.request(json!({"type": "layout", "slots": []})).await["code"], "forbidden");
    let metrics = server.send(get("/metrics")).await.body;
    assert!(metrics.contains("sfu_auth_denied_total{reason=\"grant\"} 2"), "{metrics}");
}

#[tokio::test]
async fn caps_of_a_token_come_with_the_first_offer() {
    let server = guarded(&[]);
    let claims = json!({"room": "demo", "identity": "ann", "grants": EVERYTHING, "caps": {"publish_max_bps": 64_000}});
    let (mut ann, _) = join(&server, "demo", Some(&token(&claims))).await;
    ann.request(json!({"type": "offer", "sdp": OFFER})).await;
    assert_eq!(server.joins()[0].caps.publish_max_bps, Some(64_000));
}

#[tokio::test]
async fn where_none_is_asked_for_the_page_is_told_which_kind_of_server_it_is() {
    for (flags, access) in [(vec![], "development"), (vec![("insecure_no_auth", "true")], "insecure")] {
        let server = Server::with_flags(&flags);
        let (_client, joined) = join(&server, "demo", Some("whatever")).await;
        assert_eq!((&joined["access"], &joined["grants"]), (&json!(access), &json!(EVERYTHING)));
    }
}

//! Too much, too fast, too slow: each costs its author, and nobody else.

use std::time::{Duration, Instant};

use futures::SinkExt;
use serde_json::{Value, json};
use sfu_server::signal::limits::{CHANGE_INTERVAL, FRAME_BYTES_MAX, JOIN_MAX, OUTBOX_MESSAGES_MAX};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::client::{Client, try_connect, try_connect_from};
use crate::media::publishing;
use crate::support::{Server, get, until};

async fn metrics_have(server: &Server, line: &str) {
    let body = server.send(get("/metrics")).await.body;
    assert!(body.lines().any(|have| have == line), "{line}\nnot in\n{body}");
}

#[tokio::test]
async fn a_flood_ends_its_socket_and_delays_nobody_else() {
    let server = Server::start();
    let (mut mallory, _) = Client::join(&server, "demo", "mallory").await;
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "elsewhere", "bob").await;
    for number in 0..300 {
        // The server may have ended it by now.
        let _ = mallory.socket.send(Message::text(format!(r#"{{"id":{number},"type":"ping"}}"#))).await;
    }
    let begin = Instant::now();
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.request(json!({"type": "ping"})).await["type"], "pong");
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    let left = ann.expect("participant_left").await;
    assert_eq!((&left["participant"], &left["reason"]), (&json!("mallory"), &json!("misbehaved")));
    let (said, code) = mallory.end().await;
    assert!(said.iter().any(|message| message["code"] == "too_many"), "{said:?}");
    let ended = said.last().unwrap();
    assert_eq!((&ended["type"], &ended["reason"], code), (&json!("ended"), &json!("misbehaved"), Some(1008)));
    assert!(said.iter().filter(|message| message["type"] == "pong").count() <= 110);
    metrics_have(&server, "sfu_signal_shed_total{reason=\"flood\"} 1").await;
}

#[tokio::test]
async fn a_frame_over_the_limit_ends_its_socket_and_one_at_the_limit_does_not() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let padded = |bytes: usize| {
        let message = json!({"id": 1, "type": "ping"}).to_string();
        message.clone() + &" ".repeat(bytes - message.len())
    };
    ann.send(padded(FRAME_BYTES_MAX)).await;
    ann.expect("pong").await;
    let _ = ann.socket.send(Message::text(padded(FRAME_BYTES_MAX + 1))).await;
    let (said, _) = ann.end().await;
    assert!(said.iter().any(|message| message["code"] == "too_large"), "{said:?}");
}

#[tokio::test]
async fn binary_frames_are_refused() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.socket.send(Message::binary(Bytes::from_static(b"{}"))).await.unwrap();
    assert_eq!(ann.expect("error").await["code"], "malformed");
    assert_eq!(ann.request(json!({"type": "ping"})).await["type"], "pong");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_join_is_sent_away() {
    let server = Server::start();
    let mut client = Client::connect(&server, "demo").await;
    let begin = tokio::time::Instant::now();
    let (said, code) = client.end().await;
    assert_eq!(begin.elapsed().as_secs(), JOIN_MAX.as_secs());
    assert_eq!((&said[0]["code"], &said[1]["type"], code), (&json!("out_of_order"), &json!("ended"), Some(1008)));
}

#[tokio::test]
async fn a_reader_that_does_not_keep_up_is_cut_off_and_may_come_back() {
    let server = Server::with_flags(&[("resume_seconds", "300")]);
    let (slow, welcome) = Client::join(&server, "demo", "slow").await;
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let chat = json!({"type": "chat", "text": "x".repeat(1_000)});
    // Each says what its bucket holds and goes; together it is more than the outbox and the pipe hold.
    for number in 0..=(OUTBOX_MESSAGES_MAX / 20) {
        let (mut writer, _) = Client::join(&server, "demo", &format!("writer-{number}")).await;
        for _ in 0..24 {
            writer.say(chat.clone()).await;
        }
        writer.request(json!({"type": "leave"})).await;
        // Ann keeps up.
        ann.request(json!({"type": "ping"})).await;
    }
    metrics_have(&server, "sfu_signal_shed_total{reason=\"slow_reader\"} 1").await;
    let changed = ann.expect("participant_changed").await;
    assert_eq!(
        (&changed["participant"]["identity"], &changed["participant"]["presence"]),
        (&json!("slow"), &json!("unstable"))
    );
    drop(slow);
    let (_, joined) = Client::resume(&server, "demo", &welcome.token()).await;
    assert_eq!((&joined["type"], &joined["resumed"]), (&json!("joined"), &json!(true)));
    assert_eq!(joined["chat"].as_array().unwrap().last().unwrap()["text"], chat["text"]);
}

#[tokio::test]
async fn sockets_of_one_address_are_bounded_and_counted_out_again() {
    let server = Server::with_flags(&[("sockets_per_address", "2")]);
    let first = Client::connect(&server, "demo").await;
    let second = Client::connect(&server, "other").await;
    metrics_have(&server, "sfu_sockets 2").await;
    assert_eq!(try_connect(&server, "/rooms/demo/ws", &[]).await.err(), Some(429));
    assert!(try_connect_from(&server, "198.51.100.10:1", "/rooms/demo/ws", &[]).await.is_ok(), "others may");
    assert_eq!(try_connect_from(&server, "[::ffff:198.51.100.9]:1", "/rooms/demo/ws", &[]).await.err(), Some(429));
    drop((first, second));
    until("sockets are counted out", || server.state.admission.sockets() == 0).await;
    assert!(try_connect(&server, "/rooms/demo/ws", &[]).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn participants_whose_socket_is_away_count_for_their_address_until_they_are_back_or_gone() {
    let server = Server::with_flags(&[("sockets_per_address", "2")]);
    let mut tokens = Vec::new();
    for name in ["ann", "bob"] {
        let (client, welcome) = Client::join(&server, "demo", name).await;
        tokens.push(welcome.token());
        drop(client);
        until("the socket is counted out", || server.state.admission.sockets() == 0).await;
    }
    let mut late = Client::connect(&server, "demo").await;
    let join = json!({"type": "join", "version": 1, "name": "late"});
    assert_eq!(late.request(join.clone()).await["code"], "too_many");
    let mut other = try_connect_from(&server, "198.51.100.10:1", "/rooms/demo/ws", &[]).await.unwrap();
    assert_eq!(other.request(join.clone()).await["type"], "joined", "from elsewhere");
    // Whoever is away may come back all the same, and counts once.
    let (mut ann, joined) = Client::resume(&server, "demo", &tokens[0]).await;
    assert_eq!(joined["type"], "joined", "{joined}");
    assert_eq!(late.request(join.clone()).await["code"], "too_many", "there are Ann, Bob and this one");
    ann.request(json!({"type": "leave"})).await;
    ann.end().await;
    drop(ann);
    until("her socket is counted out", || server.state.admission.sockets() == 2).await;
    assert_eq!(late.request(join).await["type"], "joined");
    drop(late);
    // Those who are away are given up in time, and nothing of them is left in the count.
    other.idle(Duration::from_secs(25)).await;
    let _again = [Client::join(&server, "demo", "ann").await, Client::join(&server, "demo", "bob").await];
}

/// What a participant is last told of whether Ann's first track is muted.
fn muted(message: &Value) -> &Value {
    &message["participant"]["tracks"][0]["muted"]
}

#[tokio::test]
async fn changes_of_one_participant_are_told_to_the_others_a_few_times_a_second_the_last_among_them() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    let begin = Instant::now();
    for round in 0..25 {
        assert_eq!(ann.request(json!({"type": "mute", "mid": "0", "muted": round % 2 == 0})).await["type"], "ok");
    }
    bob.idle(CHANGE_INTERVAL * 2).await;
    let at_most = begin.elapsed().as_millis() / CHANGE_INTERVAL.as_millis() + 1;
    let told = bob.take("participant_changed");
    assert!(u128::try_from(told.len()).unwrap() <= at_most && told.len() < 20, "{} of at most {at_most}", told.len());
    assert_eq!(told.last().map(muted), Some(&json!(true)));
}

#[tokio::test]
async fn what_changes_nothing_is_not_told() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    ann.offer().await;
    bob.expect("participant_changed").await;
    for _ in 0..5 {
        ann.offer().await;
        ann.request(json!({"type": "mute", "mid": "0", "muted": false})).await;
    }
    bob.idle(CHANGE_INTERVAL * 2).await;
    bob.expect_no("participant_changed").await;
}

#[tokio::test]
async fn who_joins_while_a_change_waits_to_be_told_hears_that_it_was_taken_back() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    ann.expect("participant_changed").await;
    ann.request(json!({"type": "mute", "mid": "0", "muted": true})).await;
    let (mut bob, welcome) = Client::join(&server, "demo", "bob").await;
    assert_eq!(welcome.0["participants"][0]["tracks"][0]["muted"], true);
    ann.request(json!({"type": "mute", "mid": "0", "muted": false})).await;
    bob.idle(CHANGE_INTERVAL * 2).await;
    assert_eq!(bob.take("participant_changed").last().map(muted), Some(&json!(false)));
}

#[tokio::test]
async fn participants_are_counted_in_and_out_however_they_go() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (_bob, welcome) = Client::join(&server, "demo", "bob").await;
    let (_carl, _) = Client::join(&server, "other", "carl").await;
    server.join("/whip/demo?identity=cam").await;
    Client::resume(&server, "demo", &welcome.token()).await;
    metrics_have(&server, "sfu_participants 3").await;
    ann.request(json!({"type": "leave"})).await;
    metrics_have(&server, "sfu_participants 2").await;
    server.state.rooms.drain();
    metrics_have(&server, "sfu_participants 0").await;
}

//! Sockets that go and come back, and those that do not.

use std::time::Duration;

use serde_json::{Value, json};
use sfu_core::event::{CloseReason, Event};
use sfu_core::id::{Identity, RoomName, TransportId};
use tokio::time::Instant;

use crate::client::{Client, Welcome};
use crate::support::Server;

pub fn presence(message: &Value) -> (&str, &str) {
    let participant = &message["participant"];
    (participant["identity"].as_str().unwrap(), participant["presence"].as_str().unwrap())
}

fn ended(transport: TransportId, reason: CloseReason) -> Event {
    let (room, identity) = (RoomName::new("demo").unwrap(), Identity::new("ann").unwrap());
    Event::Closed { transport, room, identity, reason }
}

/// Somebody with media, in a test that holds the time: the shard has its own.
async fn with_media(server: &Server, identity: &str) -> (Client, Welcome) {
    tokio::time::resume();
    let (mut client, welcome) = Client::join(server, "demo", identity).await;
    client.offer().await;
    tokio::time::pause();
    (client, welcome)
}

/// Ann with media, and Bob who watches her, at the moment when nothing is under way.
pub async fn ann_and_bob(server: &Server) -> (Client, String, TransportId, Client) {
    let (mut ann, welcome) = Client::join(server, "demo", "ann").await;
    ann.offer().await;
    let (bob, _) = Client::join(server, "demo", "bob").await;
    let transport = server.joins()[0].transport;
    (ann, welcome.token(), transport, bob)
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_in_time_is_the_same_and_has_missed_nothing() {
    let server = Server::start();
    let (ann, welcome) = with_media(&server, "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    drop(ann);
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "unstable"));
    bob.request(json!({"type": "chat", "text": "are you there?"})).await;
    bob.idle(Duration::from_secs(19)).await;
    let (_ann, joined) = Client::resume(&server, "demo", &welcome.token()).await;
    assert_eq!((&joined["resumed"], &joined["participant"]), (&json!(true), &json!("ann")), "{joined}");
    assert_eq!(joined["chat"][0]["text"], "are you there?");
    assert_eq!(joined["participants"][0]["name"], "ann", "still herself, in her place");
    assert_ne!(joined["resume"], json!(welcome.token()));
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "present"));
    bob.expect_no("participant_left").await;
    bob.expect_no("participant_joined").await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_back_is_gone_after_the_time_and_the_token_with_it() {
    let server = Server::start();
    let (ann, welcome) = with_media(&server, "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    drop(ann);
    bob.expect("participant_changed").await;
    let gone = Instant::now();
    let left = bob.expect("participant_left").await;
    assert_eq!((&left["participant"], &left["reason"]), (&json!("ann"), &json!("lost")));
    assert_eq!(gone.elapsed().as_secs(), 20);
    let (mut ann, refused) = Client::resume(&server, "demo", &welcome.token()).await;
    assert_eq!((&refused["code"], &refused["field"]), (&json!("resume_failed"), &json!("resume")));
    let joined = ann.request(json!({"type": "join", "version": 1, "name": "ann", "identity": "ann"})).await;
    assert_eq!(
        (&joined["type"], &joined["resumed"]),
        (&json!("joined"), &json!(false)),
        "joins anew on the same socket"
    );
}

#[tokio::test(start_paused = true)]
async fn two_absences_end_each_at_its_own_time() {
    let server = Server::start();
    let (ann, _) = with_media(&server, "ann").await;
    let (bob, _) = with_media(&server, "bob").await;
    let (mut carl, _) = Client::join(&server, "demo", "carl").await;
    let begin = Instant::now();
    drop(ann);
    carl.idle(Duration::from_secs(5)).await;
    drop(bob);
    for (name, after) in [("ann", 20), ("bob", 25)] {
        assert_eq!(carl.expect("participant_left").await["participant"], name);
        assert_eq!(begin.elapsed().as_secs(), after);
    }
}

#[tokio::test]
async fn a_second_socket_with_the_token_takes_over() {
    let server = Server::start();
    let (mut old, welcome) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    let (mut new, joined) = Client::resume(&server, "demo", &welcome.token()).await;
    assert_eq!(joined["resumed"], true);
    let (said, _) = old.end().await;
    assert_eq!((&said.last().unwrap()["type"], &said.last().unwrap()["reason"]), (&json!("ended"), &json!("replaced")));
    assert_eq!(new.request(json!({"type": "chat", "text": "here"})).await["type"], "ok");
    bob.expect("chat").await;
    bob.expect_no("participant_changed").await;
    bob.expect_no("participant_left").await;
}

#[tokio::test]
async fn the_token_before_is_good_until_the_new_one_is_known_to_have_come() {
    let server = Server::start();
    let (_, welcome) = Client::join(&server, "demo", "ann").await;
    // The answer to this one is lost on the way.
    Client::resume(&server, "demo", &welcome.token()).await;
    let (mut again, joined) = Client::resume(&server, "demo", &welcome.token()).await;
    assert_eq!(joined["type"], "joined", "{joined}");
    again.request(json!({"type": "ping"})).await;
    let (_, refused) = Client::resume(&server, "demo", &welcome.token()).await;
    assert_eq!(refused["code"], "resume_failed");
    let (_, joined) = Client::resume(&server, "demo", joined["resume"].as_str().unwrap()).await;
    assert_eq!(joined["type"], "joined");
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_answers_no_ping_is_gone_after_two() {
    let server = Server::start();
    // Counts from the last frame, while time is not held: not from after it.
    let begin = Instant::now();
    // Ann's side of the pipe is open and nobody reads it.
    let (_ann, _) = with_media(&server, "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "unstable"));
    assert_eq!(begin.elapsed().as_secs(), 10);
    bob.expect("participant_left").await;
    assert_eq!(begin.elapsed().as_secs(), 30);
    bob.idle(Duration::from_secs(60)).await;
    assert_eq!(bob.request(json!({"type": "ping"})).await["type"], "pong", "who answers stays");
}

#[tokio::test(start_paused = true)]
async fn the_operator_says_how_often_a_socket_is_asked_whether_it_lives() {
    let server = Server::with_flags(&[("ping_interval_seconds", "2")]);
    let begin = Instant::now();
    let (_ann, welcome) = with_media(&server, "ann").await;
    assert_eq!(welcome.0["pingIntervalMs"], 2_000);
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "unstable"));
    assert_eq!(begin.elapsed().as_secs(), 4);
    bob.idle(Duration::from_secs(10)).await;
    assert_eq!(bob.request(json!({"type": "ping"})).await["type"], "pong", "who answers stays");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_dies_before_it_has_media_is_gone_within_twelve_seconds() {
    let server = Server::start();
    let (_ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    let begin = Instant::now();
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "unstable"));
    assert_eq!(bob.expect("participant_left").await["reason"], "lost");
    assert!(begin.elapsed() <= Duration::from_secs(12), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_has_no_media_yet_may_come_back_too() {
    let server = Server::start();
    let (ann, welcome) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    drop(ann);
    bob.idle(Duration::from_secs(9)).await;
    let (mut ann, joined) = Client::resume(&server, "demo", &welcome.token()).await;
    assert_eq!((&joined["resumed"], &joined["media"]), (&json!(true), &json!(false)), "{joined}");
    bob.idle(Duration::from_secs(4)).await;
    bob.expect_no("participant_left").await;
    assert_eq!(ann.request(json!({"type": "ping"})).await["type"], "pong");
}

#[tokio::test]
async fn a_token_is_of_one_participant_of_the_process_and_not_of_the_next_in_a_room_made_anew() {
    let server = Server::start();
    let mut numbers = std::collections::BTreeSet::new();
    for room in ["demo", "demo", "other"] {
        let (mut ann, welcome) = Client::join(&server, room, "ann").await;
        ann.request(json!({"type": "leave"})).await;
        assert!(numbers.insert(welcome.token().split('.').next().unwrap().to_owned()), "{numbers:?}");
    }
}

#[tokio::test]
async fn without_socket_and_without_sound_somebody_is_gone_at_once() {
    let server = Server::start();
    let (ann, _, transport, mut bob) = ann_and_bob(&server).await;
    drop(ann);
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "unstable"));
    server.tell(Event::Silent { transport });
    assert_eq!(bob.expect("participant_left").await["reason"], "lost");
    // The other way round.
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    let transport = server.joins()[1].transport;
    server.tell(Event::Silent { transport });
    ann.expect("restart_ice").await;
    drop(ann);
    assert_eq!(bob.expect("participant_left").await["reason"], "lost");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_dies_is_gone_within_twelve_seconds() {
    let server = Server::start();
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    tokio::time::resume();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    let transport = server.joins()[0].transport;
    tokio::time::pause();
    let begin = Instant::now();
    // Nothing comes from Ann any more: 7 s later the media plane says so, and her socket answers no ping.
    bob.idle(Duration::from_secs(7)).await;
    server.tell(Event::Silent { transport });
    assert_eq!(bob.expect("participant_left").await["reason"], "lost");
    assert!(begin.elapsed() <= Duration::from_secs(12), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn silence_alone_is_unstable_and_asks_for_a_restart_until_somebody_is_heard() {
    let server = Server::start();
    let (mut ann, _, transport, mut bob) = ann_and_bob(&server).await;
    server.tell(Event::Silent { transport });
    ann.expect("restart_ice").await;
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "unstable"));
    server.tell(Event::Heard { transport });
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "present"));
}

#[tokio::test]
async fn a_transport_that_ends_is_told_and_a_fresh_offer_mends_it() {
    let server = Server::start();
    let (mut ann, _, transport, mut bob) = ann_and_bob(&server).await;
    server.tell(ended(transport, CloseReason::ConsentExpired));
    ann.expect("media_lost").await;
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "unstable"));
    let refused = ann.request(json!({"type": "offer", "sdp": "v=0"})).await;
    assert_eq!(refused["code"], "out_of_order");
    assert_eq!(ann.request(json!({"type": "layout", "slots": []})).await["code"], "out_of_order");
    assert_eq!(ann.request(json!({"type": "offer", "sdp": "v=0", "fresh": true})).await["type"], "answer");
    assert_eq!(presence(&bob.expect("participant_changed").await), ("ann", "present"));
}

#[tokio::test]
async fn a_fresh_offer_replaces_a_live_transport_and_nobody_is_told_of_a_loss() {
    let server = Server::start();
    let (mut ann, _, _, mut bob) = ann_and_bob(&server).await;
    assert_eq!(ann.request(json!({"type": "offer", "sdp": "v=0", "fresh": true})).await["type"], "answer");
    ann.expect_no("media_lost").await;
    bob.expect_no("participant_left").await;
    assert_eq!(server.joins().len(), 2);
    crate::support::until("the old transport is gone", || server.control.directory.transports() == 1).await;
    assert_eq!(ann.request(json!({"type": "layout", "slots": []})).await["type"], "ok");
}

#[tokio::test]
async fn who_leaves_takes_the_transport_along_and_who_closes_it_without_socket_is_gone() {
    let server = Server::start();
    let (mut ann, _, _, mut bob) = ann_and_bob(&server).await;
    ann.request(json!({"type": "leave"})).await;
    assert_eq!(bob.expect("participant_left").await["reason"], "left");
    crate::support::until("the transport is closed", || server.control.directory.transports() == 0).await;
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    let transport = server.joins()[1].transport;
    server.tell(ended(transport, CloseReason::PeerClosed));
    ann.expect("media_lost").await;
    drop(ann);
    assert_eq!(bob.expect("participant_left").await["participant"], "ann");
}

//! Who is here: joining, leaving, and what the others see of it.

use serde_json::json;

use crate::client::Client;
use crate::support::{ANSWER, OFFER, Server};

#[tokio::test]
async fn those_who_join_are_told_who_is_here_and_those_who_are_here_who_joins() {
    let server = Server::start();
    let (mut ann, welcome) = Client::join(&server, "demo", "ann").await;
    assert_eq!(welcome.identities(), ["ann"]);
    assert_eq!(
        (&welcome.0["room"], &welcome.0["resumed"], &welcome.0["media"]),
        (&json!("demo"), &json!(false), &json!(false))
    );
    let (mut bob, welcome) = Client::join(&server, "demo", "bob").await;
    assert_eq!(welcome.identities(), ["ann", "bob"]);
    let (mut carl, welcome) = Client::join(&server, "demo", "carl").await;
    assert_eq!(welcome.identities(), ["ann", "bob", "carl"], "in order of arrival");
    assert_eq!(ann.expect("participant_joined").await["participant"]["identity"], "bob");
    let joined = ann.expect("participant_joined").await;
    assert_eq!(joined["participant"]["identity"], "carl");
    assert_eq!(
        (&joined["participant"]["presence"], &joined["participant"]["via"]),
        (&json!("present"), &json!("room"))
    );
    assert_eq!(bob.expect("participant_joined").await["participant"]["identity"], "carl");
    carl.expect_no("participant_joined").await;

    assert_eq!(bob.request(json!({"type": "leave"})).await["type"], "ok");
    assert_eq!(bob.end().await.1, Some(1000));
    for other in [&mut ann, &mut carl] {
        let left = other.expect("participant_left").await;
        assert_eq!((&left["participant"], &left["reason"]), (&json!("bob"), &json!("left")));
    }
    let (_, welcome) = Client::join(&server, "demo", "bob").await;
    assert_eq!(welcome.identities(), ["ann", "carl", "bob"], "the name is free again");
}

#[tokio::test]
async fn an_offer_is_answered_and_a_layout_done() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let answer = ann.request(json!({"type": "offer", "sdp": OFFER})).await;
    assert_eq!((&answer["type"], &answer["sdp"]), (&json!("answer"), &json!(ANSWER)));
    let slots = json!([{"mid": "2", "track": "1@bob", "height": 360, "priority": 1}]);
    assert_eq!(ann.request(json!({"type": "layout", "slots": slots})).await["type"], "ok");
    assert_eq!(ann.request(json!({"type": "offer", "sdp": OFFER})).await["type"], "answer");
}

#[tokio::test]
async fn what_is_said_reaches_everybody_in_one_order() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    for (number, text) in [(1, "hello"), (2, "there")] {
        assert_eq!(ann.request(json!({"type": "chat", "text": text})).await["type"], "ok");
        for client in [&mut ann, &mut bob] {
            let message = client.expect("chat").await["message"].clone();
            assert_eq!(
                (&message["number"], &message["from"], &message["text"]),
                (&json!(number), &json!("ann"), &json!(text))
            );
        }
    }
    let (_, welcome) = Client::join(&server, "demo", "carl").await;
    let history: Vec<&str> =
        welcome.0["chat"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(history, ["hello", "there"]);
}

//! What media has to do with the roster: tracks and their uses, muting, slots, speakers, publishers by WHIP.

use serde_json::json;
use sfu_core::command::{Command, DataPayload};
use sfu_core::event::{CloseReason, Event, LimitedBy, PublishedTrack, SlotStatus, Speakers};
use sfu_core::id::{Identity, MediaKind, Mid, RequestId, RoomName, TrackName, TransportId};
use sfu_core::stats::SlotState;
use sfu_server::media::COMMANDS_WAITING_MAX;

use crate::client::Client;
use crate::support::{ANSWER, OFFER, Server, TAG, delete, post, until};

pub fn answered(request: RequestId, transport: TransportId, kinds: &[(&str, MediaKind)]) -> Event {
    let track =
        |(mid, kind): &(&str, MediaKind)| PublishedTrack { mid: Mid((*mid).into()), kind: *kind, rids: Vec::new() };
    let tracks = kinds.iter().map(track).collect();
    Event::Answered { request, transport, answer: ANSWER.to_owned(), ice_tag: TAG.to_owned(), tracks }
}

/// What a shard says that takes two tracks of whatever offer.
pub fn published(join: &sfu_core::command::Join) -> Event {
    answered(join.request, join.transport, &[("0", MediaKind::Audio), ("1", MediaKind::Video)])
}

/// Every offer publishes one audio and two videos.
pub fn publishing() -> Server {
    let kinds = [("0", MediaKind::Audio), ("1", MediaKind::Video), ("2", MediaKind::Video)];
    Server::scripted(move |command| match command {
        Command::Meet { join, .. } | Command::Publish(join) => {
            Some(vec![answered(join.request, join.transport, &kinds)])
        }
        Command::Renegotiate { request, transport, .. } => Some(vec![answered(*request, *transport, &kinds)]),
        Command::Close { transport } => {
            let (room, identity) = (RoomName::new("demo").unwrap(), Identity::new("cam").unwrap());
            Some(vec![Event::Closed { transport: *transport, room, identity, reason: CloseReason::Requested }])
        }
        _ => None,
    })
}

#[tokio::test]
async fn tracks_are_what_the_offer_says_they_are_and_else_what_they_look_like() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    ann.offer().await;
    let tracks = bob.expect("participant_changed").await["participant"]["tracks"].clone();
    let sources: Vec<&str> = tracks.as_array().unwrap().iter().map(|track| track["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["microphone", "camera", "screen"]);
    assert_eq!(tracks[1], json!({"id": "1@ann", "mid": "1", "kind": "video", "source": "camera", "muted": false}));

    let uses = json!([
        {"mid": "1", "source": "screen"},
        {"mid": "2", "source": "camera", "muted": true},
        {"mid": "0", "source": "camera"},
        {"mid": "9", "source": "camera"}
    ]);
    ann.request(json!({"type": "offer", "sdp": OFFER, "tracks": uses})).await;
    let tracks = bob.expect("participant_changed").await["participant"]["tracks"].clone();
    let of = |index: usize| (tracks[index]["source"].as_str().unwrap(), tracks[index]["muted"].as_bool().unwrap());
    assert_eq!([of(0), of(1), of(2)], [("microphone", false), ("screen", false), ("camera", true)]);
    let muted = server.commands.lock().unwrap().iter().any(|command| match command {
        Command::Renegotiate { muted, .. } => muted == &[Mid("2".into())],
        _ => false,
    });
    assert!(muted, "the shard is told with the offer");
    // A further offer that says nothing of them changes nothing of that.
    ann.offer().await;
    let (_, welcome) = Client::join(&server, "demo", "carl").await;
    let tracks = &welcome.0["participants"][0]["tracks"];
    assert_eq!((&tracks[1]["source"], &tracks[2]["muted"]), (&json!("screen"), &json!(true)));
}

#[tokio::test]
async fn what_is_muted_from_the_start_is_muted_with_the_offer_and_unmuted_by_a_later_one() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let uses = json!([
        {"mid": "0", "source": "microphone", "muted": true},
        {"mid": "1", "source": "camera", "muted": false},
        {"mid": "9", "source": "screen", "muted": true}
    ]);
    ann.request(json!({"type": "offer", "sdp": OFFER, "tracks": uses})).await;
    let tracks = ann.expect("participant_changed").await["participant"]["tracks"].clone();
    assert_eq!((&tracks[0]["muted"], &tracks[1]["muted"]), (&json!(true), &json!(false)));
    let unmute = json!([{"mid": "0", "source": "microphone", "muted": false}]);
    ann.request(json!({"type": "offer", "sdp": OFFER, "tracks": unmute})).await;
    assert_eq!(ann.expect("participant_changed").await["participant"]["tracks"][0]["muted"], false);
    let said = || -> Vec<String> {
        let commands = server.commands.lock().unwrap();
        let of = |muted: &[Mid]| muted.iter().map(|mid| &*mid.0).collect::<Vec<_>>().join(",");
        let commands = commands.iter().filter_map(|command| match command {
            Command::Meet { muted, .. } => Some(format!("meet, muted {}", of(muted))),
            Command::Renegotiate { muted, .. } => Some(format!("renegotiate, muted {}", of(muted))),
            Command::SetMuted { mid, muting, .. } => Some(format!("{muting:?} {}", mid.0)),
            _ => None,
        });
        commands.collect()
    };
    until("the shard is told of the unmuting", || said().len() == 3).await;
    assert_eq!(said(), ["meet, muted 0,9", "renegotiate, muted ", "Unmuted 0"]);
}

#[tokio::test]
async fn muting_is_told_to_everybody_once_the_shard_has_done_it() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    ann.expect("participant_changed").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    for muted in [true, false] {
        assert_eq!(ann.request(json!({"type": "mute", "mid": "0", "muted": muted})).await["type"], "ok");
        for client in [&mut ann, &mut bob] {
            let changed = client.expect("participant_changed").await;
            assert_eq!(changed["participant"]["tracks"][0]["muted"], muted);
        }
    }
}

#[tokio::test]
async fn slots_are_told_to_their_owner_and_not_before_the_answer() {
    let slot = |state| SlotStatus {
        mid: Mid("3".into()),
        kind: MediaKind::Video,
        track: Some(TrackName { identity: Identity::new("bob").unwrap(), mid: Mid("1".into()) }),
        state,
        layer: None,
        limited_by: Some(LimitedBy::Cap),
        limit_bps: Some(500_000),
    };
    let server = Server::scripted(move |command| match command {
        Command::Meet { join, .. } => {
            let slots = Event::Slots { transport: join.transport, slots: vec![slot(SlotState::Connecting)] };
            Some(vec![slots, answered(join.request, join.transport, &[])])
        }
        _ => None,
    });
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    ann.say(json!({"type": "offer", "sdp": OFFER})).await;
    ann.expect("participant_joined").await;
    ann.expect("answer").await;
    let told = ann.expect("slots").await["slots"][0].clone();
    assert_eq!(
        told,
        json!({
            "mid": "3",
            "kind": "video",
            "track": "1@bob",
            "state": "connecting",
            "layer": null,
            "limitedBy": "cap",
            "limitBps": 500_000
        })
    );
    let transport = server.joins()[0].transport;
    server.tell(Event::Slots { transport, slots: vec![slot(SlotState::Live)] });
    assert_eq!(ann.expect("slots").await["slots"][0]["state"], "live");
    bob.expect_no("slots").await;
}

#[tokio::test]
async fn speakers_go_over_the_data_channel_for_events_while_it_takes_them() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    ann.offer().await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    let transport = server.joins()[0].transport;
    let speak = |name: &str| {
        let name = Identity::new(name).unwrap();
        let speakers = Speakers { dominant: Some(name.clone()), speaking: vec![name] };
        server.tell(Event::Speakers { room: RoomName::new("demo").unwrap(), speakers });
    };
    speak("ann");
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect("speakers").await["dominant"], "ann");
    }
    server.tell(Event::DataOpened { transport, label: "events".to_owned() });
    speak("bob");
    assert_eq!(bob.expect("speakers").await["dominant"], "bob");
    ann.expect_no("speakers").await;
    let sent = || {
        let commands = server.commands.lock().unwrap();
        let bobs = commands.iter().filter(|command| match command {
            Command::SendData { label, payload: DataPayload::Text(text), .. } => {
                label == "events" && text.contains(r#""type":"speakers""#) && text.contains(r#""dominant":"bob""#)
            }
            _ => false,
        });
        bobs.count()
    };
    until("the channel is sent it", || sent() == 1).await;
    server.tell(Event::DataBlocked { transport, label: "events".to_owned() });
    assert_eq!(ann.expect("speakers").await["dominant"], "bob", "what may have been lost is said again");
    speak("ann");
    assert_eq!(ann.expect("speakers").await["dominant"], "ann");
    server.tell(Event::DataWritable { transport, label: "events".to_owned() });
    server.tell(Event::DataClosed { transport, label: "else".to_owned() });
    speak("bob");
    until("the channel is sent it", || sent() == 2).await;
    server.tell(Event::DataClosed { transport, label: "events".to_owned() });
    assert_eq!(ann.expect("speakers").await["dominant"], "bob", "what may have been lost is said again");
    speak("ann");
    assert_eq!(ann.expect("speakers").await["dominant"], "ann");
    let (_, welcome) = Client::join(&server, "demo", "carl").await;
    assert_eq!(welcome.0["speakers"], json!({"dominant": "ann", "speaking": ["ann"]}));
}

#[tokio::test]
async fn what_a_whole_room_is_told_is_one_command_and_goes_by_socket_if_the_shard_takes_no_more() {
    let (gate, closed_gate) = std::sync::mpsc::channel::<()>();
    let server = Server::scripted(move |command| match command {
        Command::Meet { join, .. } => Some(vec![answered(join.request, join.transport, &[])]),
        Command::SendData { .. } => {
            // Until the gate is dropped.
            closed_gate.recv().ok();
            None
        }
        _ => None,
    });
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let (mut bob, _) = Client::join(&server, "demo", "bob").await;
    for client in [&mut ann, &mut bob] {
        client.offer().await;
    }
    let both: Vec<TransportId> = server.joins().iter().map(|join| join.transport).collect();
    for transport in both.clone() {
        server.tell(Event::DataOpened { transport, label: "events".to_owned() });
    }
    let speak = |name: &str| {
        let name = Identity::new(name).unwrap();
        let speakers = Speakers { dominant: Some(name.clone()), speaking: vec![name] };
        server.tell(Event::Speakers { room: RoomName::new("demo").unwrap(), speakers });
    };
    let sent = || {
        let commands = server.commands.lock().unwrap();
        let to = commands.iter().filter_map(|command| match command {
            Command::SendData { transports, .. } => Some(transports.clone()),
            _ => None,
        });
        to.collect::<Vec<_>>()
    };
    speak("bob");
    until("the shard is busy with it", || sent().len() == 1).await;
    for _ in 0..COMMANDS_WAITING_MAX {
        speak("bob");
    }
    speak("ann");
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.expect("speakers").await["dominant"], "ann", "the only one that goes by socket");
    }
    drop(gate);
    until("the shard goes on", || sent().len() > COMMANDS_WAITING_MAX).await;
    assert!(sent().iter().all(|to| *to == both));
    speak("carl");
    until("the channel is sent it", || sent().len() == COMMANDS_WAITING_MAX + 2).await;
    ann.expect_no("speakers").await;
}

#[tokio::test]
async fn a_publisher_by_whip_is_in_the_roster_and_a_viewer_by_whep_is_not() {
    let server = publishing();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    server.join("/whep/demo").await;
    let location = server.join("/whip/demo?identity=cam").await;
    let joined = ann.expect("participant_joined").await["participant"].clone();
    assert_eq!(
        (&joined["identity"], &joined["via"], &joined["presence"]),
        (&json!("cam"), &json!("whip"), &json!("present"))
    );
    assert_eq!((&joined["tracks"][1]["id"], &joined["tracks"][2]["source"]), (&json!("1@cam"), &json!("screen")));
    let (_, welcome) = Client::join(&server, "demo", "bob").await;
    assert_eq!(welcome.identities(), ["ann", "cam", "bob"]);
    assert_eq!(server.send(delete(&location)).await.status, 200);
    let left = ann.expect("participant_left").await;
    assert_eq!((&left["participant"], &left["reason"]), (&json!("cam"), &json!("left")));
}

#[tokio::test]
async fn a_second_publisher_by_whip_takes_the_place_of_the_first_in_the_roster() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    server.join("/whip/demo?identity=cam").await;
    ann.expect("participant_joined").await;
    let second = server.join("/whip/demo?identity=cam").await;
    for nothing in ["participant_left", "participant_joined", "participant_changed"] {
        ann.expect_no(nothing).await;
    }
    let (_, welcome) = Client::join(&server, "demo", "bob").await;
    assert_eq!(welcome.identities(), ["ann", "cam", "bob"]);
    assert_eq!(server.send(delete(&second)).await.status, 200);
    ann.expect("participant_left").await;
}

#[tokio::test]
async fn a_publisher_by_whip_that_goes_away_before_its_answer_leaves_nothing_behind() {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let mut publishers = Vec::new();
    let server = Server::scripted(move |command| {
        let closed = |transport, reason| {
            let (room, identity) = (RoomName::new("demo").unwrap(), Identity::new("cam").unwrap());
            Event::Closed { transport, room, identity, reason }
        };
        match command {
            Command::Publish(join) => {
                if !publishers.is_empty() {
                    gate.recv().unwrap();
                }
                let mut events = vec![answered(join.request, join.transport, &[])];
                events.extend(publishers.drain(..).map(|old| closed(old, CloseReason::Replaced)));
                publishers.push(join.transport);
                Some(events)
            }
            Command::Close { transport } => Some(vec![closed(*transport, CloseReason::Requested)]),
            _ => None,
        }
    });
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    server.join("/whip/demo?identity=cam").await;
    ann.expect("participant_joined").await;
    {
        let second = server.send(post("/whip/demo?identity=cam"));
        tokio::pin!(second);
        let asked = until("the shard is asked", || server.joins().len() == 2);
        tokio::select! {
            _ = &mut second => panic!("the shard has not answered"),
            () = asked => {}
        }
    }
    open.send(()).unwrap();
    assert_eq!(ann.expect("participant_left").await["participant"], "cam");
    ann.expect_no("participant_joined").await;
    let (_, welcome) = Client::join(&server, "demo", "cam").await;
    assert_eq!(welcome.identities(), ["ann", "cam"]);
    until("no transport is left", || server.control.directory.transports() == 0).await;
}

#[tokio::test]
async fn a_page_and_a_publisher_by_whip_do_not_share_an_identity() {
    let server = Server::start();
    let (mut ann, _) = Client::join(&server, "demo", "ann").await;
    let problem = server.send(post("/whip/demo?identity=ann")).await.problem(409, "/whip/demo");
    assert_eq!(problem["type"], "urn:sfu:problem:identity-taken");
    server.join("/whip/other?identity=ann").await;

    server.join("/whip/demo?identity=cam").await;
    for taken in ["cam", "ann"] {
        let mut late = Client::connect(&server, "demo").await;
        let error = late.request(json!({"type": "join", "version": 1, "name": "x", "identity": taken})).await;
        assert_eq!((&error["code"], &error["field"]), (&json!("identity_taken"), &json!("identity")), "{error}");
    }
    ann.request(json!({"type": "leave"})).await;
    server.join("/whip/demo?identity=ann").await;
}

#[tokio::test]
async fn a_whip_offer_that_is_refused_leaves_its_identity_free() {
    use sfu_core::error::RequestError;
    let server = Server::scripted(|command| match command {
        Command::Publish(join) => Some(vec![Event::Rejected { request: join.request, error: RequestError::Internal }]),
        _ => None,
    });
    assert_eq!(server.send(post("/whip/demo?identity=ann")).await.status, 500);
    Client::join(&server, "demo", "ann").await;
}

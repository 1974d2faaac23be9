//! Rooms and what is allowed in them, without anybody there.

use serde_json::{Value, json};

use crate::{ask, command, run, server, url};

/// The lines of a table or of facts, with single spaces.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn caps_are_set_changed_shown_and_cleared() {
    let server = server();
    assert!(ask(&server, &["rooms"]).done().starts_with("Nobody is in any room"));
    let set = ask(&server, &["cap", "demo", "--subscribe-max", "1.5M", "--video-max-height", "360"]).done();
    assert_eq!(
        lines(&set),
        ["demo", "publish-max none", "subscribe-max 1.5 Mbit/s", "room-egress-max none", "video-max-height 360 lines"]
    );
    let changed =
        ask(&server, &["cap", "demo", "--subscribe-max", "none", "--room-egress-max", "10m", "--publish-max", "800k"]);
    assert_eq!(
        lines(&changed.done()),
        [
            "demo",
            "publish-max 800 kbit/s",
            "subscribe-max none",
            "room-egress-max 10 Mbit/s",
            "video-max-height 360 lines"
        ]
    );
    let kept: Value = serde_json::from_str(&server.get("/api/v1/rooms/demo").body).unwrap();
    assert_eq!((&kept["publish_max_bps"], &kept["subscribe_max_bps"]), (&json!(800_000), &Value::Null));
    assert_eq!(lines(&ask(&server, &["cap", "demo"]).done())[3], "room-egress-max 10 Mbit/s");

    let own = ask(&server, &["cap", "demo", "ann", "--publish-max", "2M"]).done();
    assert_eq!(
        lines(&own),
        ["ann in demo", "publish-max 2 Mbit/s", "subscribe-max none of its own", "video-max-height none of its own"]
    );
    let shown = lines(&ask(&server, &["cap", "demo", "ann"]).done());
    assert_eq!(shown[2], "publish-max 2 Mbit/s 2 Mbit/s");
    assert_eq!(shown[4], "video-max-height none of its own 360 lines");
}

#[test]
fn rooms_are_listed_and_one_is_shown_and_json_is_the_servers() {
    let server = server();
    ask(&server, &["cap", "zoo", "--video-max-height", "180"]).done();
    ask(&server, &["cap", "a room", "--subscribe-max", "2M"]).done();
    let list = ask(&server, &["rooms"]).done();
    let rows = lines(&list);
    assert!(rows[0].starts_with("ROOM PEOPLE CONNECTIONS"), "{list}");
    assert_eq!(rows[1], "a room 0 0 - - 2 Mbit/s - -");
    assert_eq!(rows[2], "zoo 0 0 - - - - 180 lines");
    let ends: Vec<usize> = list.lines().map(|line| line.find(['P', '0']).unwrap()).collect();
    assert!(ends.windows(2).skip(1).all(|pair| pair[0] == pair[1]), "columns are aligned: {list}");
    assert_eq!(lines(&ask(&server, &["rooms", "a room"]).done())[5], "subscribe-max 2 Mbit/s");
    for (arguments, path) in [
        (vec!["rooms"], "/api/v1/rooms"),
        (vec!["rooms", "a room"], "/api/v1/rooms/a%20room"),
        (vec!["participants", "zoo"], "/api/v1/rooms/zoo/participants"),
        (vec!["cap", "zoo"], "/api/v1/rooms/zoo"),
    ] {
        let json = ask(&server, &[&arguments[..], &["--json"]].concat()).done();
        assert_eq!(json, format!("{}\n", server.get(path).body), "{arguments:?}");
    }
    let changed = ask(&server, &["cap", "zoo", "--video-max-height", "none", "--json"]).json();
    assert_eq!(changed["video_max_height"], Value::Null);
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = server();
    for arguments in [
        ["rooms", "demo"].as_slice(),
        &["participants", "demo"],
        &["participants", "demo", "ann"],
        &["cap", "demo"],
        &["why", "demo", "ann"],
        &["what-if", "demo", "--subscribe-max", "1M"],
    ] {
        ask(&server, arguments).failed(4, &["(404)", "`demo`", "asked: ", "/api/v1/rooms/demo", "sfu-server rooms"]);
        ask(&server, &[arguments, &["--json"]].concat()).failed(4, &["(404)"]);
    }
}

#[test]
fn what_the_server_does_not_take_is_named_by_its_flag() {
    let server = server();
    ask(&server, &["cap", "demo", "--subscribe-max", "5", "--video-max-height", "3"]).failed(
        6,
        &["(422)", "--subscribe-max: ", "from 1000 to", "--video-max-height: ", "from 16 to 8640", "asked: PATCH "],
    );
    ask(&server, &["rooms", "demo"]).failed(4, &[]);
    ask(&server, &["cap", "demo", "--publish-max", "1M"]).done();
    ask(&server, &["what-if", "demo", "ann", "--subscribe-max", "5"]).failed(6, &["--subscribe-max: ", "asked: POST "]);
}

#[test]
fn what_cannot_be_meant_is_said_before_anybody_is_asked() {
    for (arguments, because) in [
        (["cap", "demo", "ann", "--room-egress-max", "5M"].as_slice(), "--room-egress-max is of a whole room"),
        (&["cap", "demo", "--subscribe-max", "fast"], "2M, 800k or 1500000"),
        (&["cap", "demo", "--video-max-height", "360p"], "a number of pixels"),
        (&["cap"], "<ROOM>"),
        (&["cap", "a/b"], "the room's name"),
        (&["why", "demo", "a,b"], "the participant's identity"),
        (&["why", "demo"], "<PARTICIPANT>"),
        (&["what-if", "demo"], "say what to suppose"),
        (&["caps", "demo"], "cap"),
        (&["rooms", "--url", "127.0.0.1:8080"], "must begin with http://"),
        (&["rooms", "--url", "ftp://example.org"], "must begin with http://"),
        (&["rooms", "--url", "http://ann:secret@example.org"], "without user"),
        (&["rooms", "--token-file", "/nowhere/token"], "/nowhere/token"),
    ] {
        run(&mut command(arguments)).failed(2, &[because]);
    }
}

#[test]
fn a_path_before_the_api_and_a_slash_behind_it_are_where_they_belong() {
    let server = server();
    let with = |url: &str| run(&mut command(&["rooms", "--url", url]));
    with(&format!("{}/", url(&server))).done();
    with(&format!("{}/elsewhere", url(&server))).failed(1, &["is no sfu-server", "/elsewhere/api/v1/rooms", "--url"]);
}

//! Who is in a room, why they see what they see, and what a cap does to them.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::peer::{Publisher, Viewer};
use crate::{ask, command, server, url};

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_is_capped_told_why_and_given_its_picture_back_by_the_command_that_why_names() {
    let server = server();
    let publisher = Publisher::start_large(&server, "demo", "ann").await;
    let mut viewer = Viewer::start(&server, "demo", "?identity=bob").await;
    viewer.expect_any(30).await;

    let list = ask(&server, &["participants", "demo"]).done();
    let of =
        |name: &str| list.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(of("ann")[1..4], ["whip", "video", "240"], "{list}");
    assert!(list.contains("1 of 1"), "{list}");
    let one = ask(&server, &["participants", "demo", "ann"]).done();
    for part in ["connection ", "(whip), up", "0@ann", "VP8", "240 lines"] {
        assert!(one.contains(part), "`{part}` is not in: {one}");
    }
    let one = ask(&server, &["participants", "demo", "bob"]).done();
    for part in ["(whep), up", "SLOT", "0@ann", "live", "its link"] {
        assert!(one.contains(part), "`{part}` is not in: {one}");
    }

    let foreseen = ask(&server, &["what-if", "demo", "bob", "--subscribe-max", "20k"]).done();
    assert!(
        foreseen.contains("20 kbit/s") && foreseen.contains("paused") && foreseen.contains("its cap"),
        "{foreseen}"
    );
    viewer.expect_any(30).await;
    ask(&server, &["cap", "demo", "bob", "--subscribe-max", "20k"]).done();
    viewer.expect_silence(std::time::Duration::from_millis(500)).await;

    let why = ask(&server, &["why", "demo", "bob"]).done();
    for part in [
        "bob in demo",
        "paused",
        "does not fit what this participant may be sent, 20 kbit/s",
        "[participant_cap]",
        "last decisions",
        "subscribe_max_bps of the participant from 20 kbit/s to",
    ] {
        assert!(why.contains(part), "`{part}` is not in: {why}");
    }
    let proposed = why.lines().find_map(|line| line.trim().strip_prefix("sfu-server ")).unwrap().to_owned();
    assert!(proposed.starts_with("cap demo bob --subscribe-max "), "{proposed}");
    ask(&server, &proposed.split(' ').collect::<Vec<_>>()).done();
    viewer.expect_any(30).await;
    let json = ask(&server, &["why", "demo", "bob", "--json"]).json();
    assert_eq!(json["transports"][0]["slots"][0]["state"], "live");
    publisher.end().await;
}

#[test]
fn what_is_watched_is_asked_again_until_it_is_ended() {
    let server = server();
    ask(&server, &["cap", "demo", "ann", "--publish-max", "1M"]).done();
    for arguments in [["participants", "demo", "ann", "--watch"], ["why", "demo", "ann", "--watch"]] {
        let mut child = command(&arguments).env("SFU_URL", url(&server)).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let titles = lines.map(Result::unwrap).filter(|line| line.starts_with("ann")).take(2).count();
        assert_eq!(titles, 2);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    ask(&server, &["why", "demo", "bob", "--watch"]).failed(4, &["(404)"]);
}

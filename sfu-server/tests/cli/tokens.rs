//! Keys and tokens from the command line, and the server that asks for them.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::binary::{Running, start};
use crate::{Run, command, run, url};

fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.json", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn keys(arguments: &[&str], path: &Path) -> Run {
    run(&mut command(&[&["keys"], arguments, &["--file", path.to_str().unwrap()]].concat()))
}

fn token(path: &Path, arguments: &[&str]) -> Run {
    run(command(&["token"]).args(arguments).env("SFU_AUTH_KEYS", path))
}

fn guarded(path: &Path) -> Running {
    let media = ["--media-addr", "127.0.0.1", "--media-port", "0", "--shards", "1"];
    start(&[&media[..], &["--auth-keys", path.to_str().unwrap()]].concat())
}

fn rooms(server: &Running, token: &str) -> Run {
    run(command(&["rooms", "--json"]).env("SFU_URL", url(server)).env("SFU_TOKEN", token.trim()))
}

#[test]
fn a_drawn_key_comes_first_and_one_that_is_removed_is_gone() {
    let path = file("kept");
    keys(&["generate", "--id", "old"], &path).done();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "nobody else reads it");
    keys(&["generate", "--id", "new", "--algorithm", "eddsa"], &path).done();
    let ids = || -> Vec<String> {
        let set: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(), ["new", "old"]);
    keys(&["generate", "--id", "new"], &path).failed(2, &["a key `new` already"]);
    keys(&["generate", "--id", "../x"], &path).failed(2, &["kid must be"]);
    keys(&["remove", "--id", "none"], &path).failed(2, &["no key `none`"]);
    let public = keys(&["public"], &path).json();
    assert_eq!((public["keys"].as_array().unwrap().len(), &public["keys"][0]["d"]), (1, &Value::Null));
    keys(&["remove", "--id", "old"], &path).done();
    assert_eq!(ids(), ["new"]);
    keys(&["remove", "--id", "new"], &path).failed(2, &["no key; with none"]);
    let printed = run(&mut command(&["keys", "generate"])).json();
    assert_eq!(printed["keys"][0]["alg"], "HS256");
}

#[test]
fn a_file_of_keys_keeps_who_may_read_it_and_a_link_to_it_stays_one() {
    let path = file("owned");
    keys(&["generate", "--id", "old"], &path).done();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    // Somebody else's, where the test may give it away.
    let _ = chown(&path, Some(65_534), Some(65_533));
    let seen = |path: &Path| {
        let metadata = std::fs::metadata(path).unwrap();
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o777)
    };
    let before = seen(&path);
    let link = file("link");
    symlink(&path, &link).unwrap();
    keys(&["generate", "--id", "new"], &link).done();
    keys(&["remove", "--id", "old"], &link).done();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(seen(&path), before);
    assert!(std::fs::read_to_string(&path).unwrap().contains("new"));
    let beside = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let of_it = |name: &std::ffi::OsString| {
        name.to_str().is_some_and(|name| name.starts_with("owned-") && name.ends_with(".new"))
    };
    assert_eq!(beside.filter(of_it).count(), 0);
    std::fs::remove_file(&path).unwrap();
    keys(&["generate", "--id", "x"], &link).failed(2, &["cannot be written"]);
    std::fs::remove_file(&link).unwrap();
}

#[test]
fn a_token_opens_what_it_names_until_its_key_is_gone_and_no_server_is_started_anew() {
    let path = file("rotated");
    keys(&["generate", "--id", "first"], &path).done();
    let server = guarded(&path);
    let admin = token(&path, &["--grant", "admin"]).done();
    rooms(&server, &admin).json();
    let guest = token(&path, &["--room", "demo", "--identity", "ann"]).done();
    rooms(&server, &guest).failed(5, &["admin"]);
    rooms(&server, "").failed(5, &[]);

    keys(&["generate", "--id", "second", "--algorithm", "eddsa"], &path).done();
    server.signal("HUP");
    let by_second = token(&path, &["--grant", "admin"]).done();
    let in_force = |token: &str| (0..200).any(|_| rooms(&server, token).code == 0);
    assert!(in_force(&by_second), "the new key is in force");
    rooms(&server, &admin).json();
    std::fs::write(&path, "{ not keys").unwrap();
    server.signal("HUP");
    assert!((0..1_000).any(|_| server.metric("sfu_auth_keys_refused_total") == 1), "it is refused once");
    rooms(&server, &by_second).json();
    std::fs::remove_file(&path).unwrap();
    keys(&["generate", "--id", "third"], &path).done();
    server.signal("HUP");
    assert!((0..200).any(|_| rooms(&server, &admin).code == 5), "what the first key has signed is good no more");
    let (code, log) = server.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    for part in ["tokens are asked for", "the file of keys is refused; the keys before it stay in force", "keys read"] {
        assert!(log.contains(part), "`{part}` is not in: {log}");
    }
}

#[test]
fn a_token_that_would_be_refused_is_not_made() {
    let path = file("strict");
    keys(&["generate"], &path).done();
    let ann = ["--room", "demo", "--identity", "ann"];
    let with = |more: &[&str]| token(&path, &[&ann[..], more].concat());
    assert_eq!(
        with(&["--grant", "join,publish", "--cap", "video_max_height=360", "--ttl", "15m"]).done().matches('.').count(),
        2
    );
    with(&["--ttl", "25h"]).failed(2, &["--ttl 25h"]);
    with(&["--ttl", "0"]).failed(2, &["--ttl 0"]);
    with(&["--grant", "root"]).failed(2, &["--grant root", "publish_camera"]);
    with(&["--grant", "admin"]).failed(2, &["--grant admin alone"]);
    with(&["--cap", "video_max_height=big"]).failed(2, &["--cap video_max_height=big"]);
    with(&["--cap", "video_max_height=1"]).failed(2, &["no token"]);
    with(&["--key-id", "none"]).failed(2, &["no key of this name"]);
    token(&path, &["--room", "demo"]).failed(2, &["--identity"]);
    run(command(&["token"]).args(ann)).failed(2, &["--auth-keys", "keys generate"]);
    token(&file("none-such"), &ann).failed(2, &["none-such", "cannot be read"]);
}

#[test]
fn an_invite_is_made_without_a_server_and_taken_by_one() {
    let path = file("invites");
    keys(&["generate"], &path).done();
    let invite = |more: &[&str]| run(command(&["invite", "--room", "demo"]).args(more).env("SFU_AUTH_KEYS", &path));
    let server = guarded(&path);
    // Without a folder the server believes none that may be of before its start, to the second.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let link = invite(&["--role", "guest", "--link", "https://meet.example.org/"]).done();
    let code = link.trim().strip_prefix("https://meet.example.org/i#").unwrap().to_owned();
    let use_it =
        || server.send("POST", "/api/v1/invites/exchange", "application/json", &format!("{{\"code\":\"{code}\"}}"));
    assert_eq!([use_it().status, use_it().status], [200, 410]);
    assert!(invite(&[]).done().starts_with("/i#"));
    invite(&["--role", "king"]).failed(2, &["--role king", "speaker"]);
    invite(&["--uses", "0"]).failed(2, &["--uses"]);
    invite(&["--ttl", "721h"]).failed(2, &["--ttl 721h"]);
    run(&mut command(&["invite", "--room", "demo"])).failed(2, &["--auth-keys"]);
}

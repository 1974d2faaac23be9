//! Who may ask: the token in a file or the environment.

use std::path::PathBuf;

use crate::binary::{Running, start};
use crate::{Run, ask, command, run, url};

const TOKEN: &str = "f3a1c6f2b07d4e58";

fn server() -> Running {
    start(&["--media-addr", "127.0.0.1", "--media-port", "0", "--shards", "1", "--admin-token", TOKEN])
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_token_from_the_environment_or_a_file_lets_in_and_the_flag_goes_first() {
    let server = server();
    let right = file("right.token", &format!("{TOKEN}\n"));
    let with = |variables: &[(&str, &str)], arguments: &[&str]| -> Run {
        run(command(&[&["rooms"], arguments].concat()).env("SFU_URL", url(&server)).envs(variables.iter().copied()))
    };
    with(&[("SFU_TOKEN", TOKEN)], &[]).done();
    with(&[("SFU_TOKEN_FILE", right.to_str().unwrap())], &[]).done();
    with(&[], &["--token-file", right.to_str().unwrap()]).done();
    with(&[("SFU_TOKEN", "another")], &["--token-file", right.to_str().unwrap()]).done();
}

#[test]
fn without_the_right_token_nothing_is_told_and_the_way_in_is_named() {
    let server = server();
    ask(&server, &["rooms"]).failed(5, &["(401)", "--token-file", "SFU_TOKEN"]);
    let wrong =
        run(command(&["cap", "demo", "--publish-max", "1M"]).env("SFU_URL", url(&server)).env("SFU_TOKEN", "wrong"));
    wrong.failed(5, &["(401)", "a token was sent"]);
    assert!(!wrong.err.contains("wrong"), "it is not shown: {}", wrong.err);
    let closed = start(&["--media-addr", "127.0.0.1", "--media-port", "0", "--shards", "1"]);
    ask(&closed, &["rooms"]).failed(5, &["(403)", "admin_token"]);
}

#[test]
fn what_is_no_token_is_not_sent() {
    let with = |text: &str| run(command(&["rooms"]).env("SFU_TOKEN", text));
    with("two words").failed(2, &["SFU_TOKEN", "one word"]);
    with("a\r\nX-Forwarded-For: 1.2.3.4").failed(2, &["one word"]);
    let empty = file("empty.token", "\n");
    run(&mut command(&["rooms", "--token-file", empty.to_str().unwrap()])).failed(2, &["--token-file", "empty"]);
    let run = with(&"x".repeat(20_000));
    run.failed(2, &["too long"]);
}

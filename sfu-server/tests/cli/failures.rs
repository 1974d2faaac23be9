//! Servers that are not there, or are something else.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::{Run, command, run};

/// What a client says to a server that answers this to whatever it is asked.
fn answered(head: &str, body: &str) -> (Run, String) {
    let answer = format!("{head}\nContent-Length: {}\n\n{body}", body.len());
    said(answer.replace('\n', "\r\n"))
}

fn said(answer: String) -> (Run, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.windows(4).any(|part| part == b"\r\n\r\n") {
            let length = stream.read(&mut buffer).unwrap();
            request.extend(&buffer[..length]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    let run = run(command(&["rooms"]).env("SFU_URL", url).env("SFU_TOKEN", "abc"));
    (run, asked.join().unwrap())
}

#[test]
fn nobody_there_is_said_with_the_address() {
    // Bound and gone again: nothing listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    run(&mut command(&["rooms", "--url", &url])).failed(3, &[&url, "is not reached", "is it running there?"]);
    run(&mut command(&["rooms", "--url", "http://sfu.invalid"])).failed(3, &["http://sfu.invalid", "is not reached"]);
    let in_the_clear = run(command(&["rooms", "--url", "http://sfu.invalid"]).env("SFU_TOKEN", "abc"));
    in_the_clear.failed(3, &["goes to http://sfu.invalid in the clear"]);
}

#[test]
fn another_program_is_not_taken_for_a_server() {
    for (head, body, because) in [
        ("HTTP/1.1 200 OK\nContent-Type: text/html", "hi", "200, text/html"),
        ("HTTP/1.1 404 Not Found", "", "404"),
        ("HTTP/1.1 502 Bad Gateway", "", "502"),
        ("HTTP/1.1 200 OK\nContent-Type: application/json", "[]", "RoomList"),
        ("HTTP/1.1 200 OK\nContent-Type: application/json", "{", "EOF"),
    ] {
        answered(head, body).0.failed(1, &["is no sfu-server", because, "--url"]);
    }
}

#[test]
fn the_token_goes_nowhere_else() {
    let (run, asked) = answered("HTTP/1.1 308 Permanent Redirect\nLocation: https://elsewhere.invalid/", "");
    assert!(asked.to_ascii_lowercase().contains("authorization: bearer abc"), "{asked}");
    run.failed(3, &["sends on to https://elsewhere.invalid/", "nothing is sent there"]);
}

#[test]
fn what_a_server_cannot_do_now_may_be_asked_again() {
    let (run, _) = answered(
        "HTTP/1.1 503 Service Unavailable\nContent-Type: application/problem+json",
        r#"{"type":"urn:sfu:problem:not-ready","title":"Not now","detail":"it \u001b[2Jends"}"#,
    );
    run.failed(7, &["Not now (503)", "it \u{fffd}[2Jends"]);
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    said(head.to_owned()).0.failed(3, &["is not reached"]);
}

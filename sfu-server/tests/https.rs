//! HTTPS by the real binary: its files, their change, its own certificate, and the way from HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests, whose helpers count as production code for the lints"
)]

mod binary;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sfu_server::api::redirect::to_https;
use tower::ServiceExt;

use binary::{Running, binary, start};

/// A certificate in two files of this test's own.
struct OnDisk {
    chain: PathBuf,
    key: PathBuf,
}

impl OnDisk {
    fn new(name: &str) -> (Self, CertificateDer<'static>) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let on_disk = Self { chain: folder.join(format!("{name}.crt")), key: folder.join(format!("{name}.key")) };
        let certificate = on_disk.renew();
        (on_disk, certificate)
    }

    fn renew(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&self.chain, made.cert.pem()).unwrap();
        std::fs::write(&self.key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }

    fn flags<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let (chain, key) = (self.chain.to_str().unwrap(), self.key.to_str().unwrap());
        let own = [
            "--https-addr",
            "127.0.0.1:0",
            "--tls-cert",
            chain,
            "--tls-key",
            key,
            "--media-port",
            "0",
            "--shards",
            "1",
        ];
        own.iter().chain(more).copied().collect()
    }
}

/// What is said to a request by one who trusts `root` alone; `Err`: it is not trusted.
fn ask(https: SocketAddr, root: &CertificateDer<'static>, request: &str) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(https).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream);
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).unwrap())
}

const READY: &str = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Until another certificate is served.
fn wait_for(server: &Running, certificate: &CertificateDer<'static>) {
    for _ in 0..500 {
        if ask(server.https.unwrap(), certificate, READY).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the certificate is not served");
}

#[test]
fn pages_and_sockets_come_over_tls() {
    let (on_disk, certificate) = OnDisk::new("pages");
    let server = start(&on_disk.flags(&[]));
    let https = server.https.unwrap();
    assert!(ask(https, &certificate, READY).unwrap().starts_with("HTTP/1.1 200"));
    let upgrade = "GET /rooms/tls/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let answer = ask(https, &certificate, upgrade).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    // This machine itself may ask in the clear.
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(server.end("TERM").0, Some(0));
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart_and_a_bad_one_is_not() {
    let (on_disk, first) = OnDisk::new("renewed");
    let server = start(&on_disk.flags(&[]));
    wait_for(&server, &first);
    let second = on_disk.renew();
    server.signal("HUP");
    wait_for(&server, &second);
    assert!(ask(server.https.unwrap(), &first, READY).is_err());
    std::fs::write(&on_disk.chain, "nothing").unwrap();
    server.signal("HUP");
    // Both are asked one after the other: what a signal does is done when the next one is.
    let third = OnDisk::new("third").1;
    for _ in 0..10 {
        assert!(ask(server.https.unwrap(), &second, READY).unwrap().starts_with("HTTP/1.1 200"));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(ask(server.https.unwrap(), &third, READY).is_err());
    let (code, log) = server.end("TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("has no certificate") && log.contains("stays in force"), "{log}");
}

#[test]
fn files_that_cannot_be_used_are_named_with_what_to_do() {
    let ((one, _), (other, _)) = (OnDisk::new("one"), OnDisk::new("other"));
    let refused = |chain: &str, key: &str, words: &[&str]| {
        let flags = ["--https-addr", "127.0.0.1:0", "--tls-cert", chain, "--tls-key", key, "--media-port", "0"];
        let output = binary(&flags).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        words.iter().for_each(|word| assert!(err.contains(word), "`{word}` is not in {err}"));
    };
    let (chain, key) = (one.chain.to_str().unwrap(), one.key.to_str().unwrap());
    refused("/nowhere.pem", key, &["/nowhere.pem: cannot be read", "tls_cert"]);
    refused(key, key, &[key, "has no certificate", "fullchain.pem"]);
    refused(chain, chain, &[chain, "has no private key", "privkey.pem"]);
    refused(chain, other.key.to_str().unwrap(), &["is the key of another certificate", chain]);
    refused(chain, env!("CARGO_TARGET_TMPDIR"), &["cannot be read"]);
}

#[test]
fn who_speaks_no_tls_is_let_go_and_counted() {
    let (on_disk, certificate) = OnDisk::new("no-tls");
    let server = start(&on_disk.flags(&[]));
    let mut stream = TcpStream::connect(server.https.unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    let failed = || server.metric("sfu_tls_handshakes_failed_total");
    assert!((0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        failed() == 1
    }));
    assert!(ask(server.https.unwrap(), &certificate, READY).is_ok());
    // One that says nothing does not hold up the end.
    let _silent = TcpStream::connect(server.https.unwrap()).unwrap();
    assert_eq!(server.end("TERM").0, Some(0));
}

#[test]
fn a_network_without_names_is_shown_a_code() {
    let server =
        start(&["--lan", "--insecure-no-auth", "--https-addr", "127.0.0.1:0", "--media-port", "0", "--shards", "1"]);
    let port = server.https.unwrap().port();
    let (code, log) = server.end("TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains(&format!("https://127.0.0.1:{port}/")) && log.contains("nobody but this server"), "{log}");
    assert!(log.contains('▀') || log.contains('█'), "no code for a camera: {log}");
}

#[tokio::test]
async fn other_machines_are_sent_to_https_and_this_one_is_answered() {
    let routes = Router::new().route("/rooms/{room}", get(async || "here")).route("/readyz", get(async || "ready"));
    let app = to_https(routes, 8_443);
    let ask = async |peer: &str, host: Option<&str>, uri: &str| {
        let peer: SocketAddr = peer.parse().unwrap();
        let mut request = Request::builder().uri(uri).extension(ConnectInfo(peer));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (response.status(), location.unwrap_or_default())
    };
    for near in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
        assert_eq!(ask(near, Some("x"), "/rooms/a").await.0, StatusCode::OK);
    }
    for (host, location) in [
        ("meet.example.org", "https://meet.example.org:8443/rooms/a?b=c"),
        ("192.0.2.7:8080", "https://192.0.2.7:8443/rooms/a?b=c"),
        ("[2001:db8::7]:80", "https://[2001:db8::7]:8443/rooms/a?b=c"),
    ] {
        let answer = ask("192.0.2.1:9", Some(host), "/rooms/a?b=c").await;
        assert_eq!(answer, (StatusCode::TEMPORARY_REDIRECT, location.to_owned()));
    }
    for host in [None, Some(""), Some("a b"), Some("user@")] {
        let (status, location) = ask("192.0.2.1:9", host, "/rooms/a").await;
        assert_eq!((status, location.as_str()), (StatusCode::FORBIDDEN, ""), "{host:?}");
    }
    for (method, header) in [("POST", "x-any"), ("GET", "authorization"), ("GET", "upgrade")] {
        let request = Request::builder().method(method).uri("/whip/a").header("host", "a").header(header, "Bearer x");
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{method} with {header}");
        let told = axum::body::to_bytes(response.into_body(), 4_096).await.unwrap();
        let told = String::from_utf8(told.to_vec()).unwrap();
        assert!(told.contains("https://a:8443/whip/a") && told.contains("may have read it"), "{told}");
    }
    assert_eq!(ask("192.0.2.1:9", None, "/readyz").await.0, StatusCode::OK, "a probe follows nowhere");
    let default = to_https(Router::new(), 443);
    let request = Request::builder().uri("/").header("host", "a").body(Body::empty()).unwrap();
    assert_eq!(default.oneshot(request).await.unwrap().headers()["location"], "https://a/");
}

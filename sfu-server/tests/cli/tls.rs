//! A public address is https: whom the machine trusts is asked, and nobody else.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::{command, run};

const ROOMS: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"rooms\":[]}";

/// A server behind TLS that answers as many as there are, and the file with its certificate.
fn behind_tls(connections: usize) -> (u16, PathBuf) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("localhost.pem");
    std::fs::write(&path, certified.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for _ in 0..connections {
            let (stream, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                let _ = stream.write_all(ROOMS.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, path)
}

#[test]
fn a_server_behind_tls_is_asked_if_its_certificate_is_trusted() {
    let (port, certificate) = behind_tls(2);
    let url = format!("https://localhost:{port}");
    run(&mut command(&["rooms", "--url", &url])).failed(3, &["certificate", "SSL_CERT_FILE"]);
    let trusted = run(command(&["rooms", "--url", &url]).env("SSL_CERT_FILE", certificate));
    assert!(trusted.done().starts_with("Nobody is in any room"));
}

#[test]
fn https_to_a_port_without_it_is_said() {
    let server = crate::server();
    let url = format!("https://{}", server.http);
    run(&mut command(&["rooms", "--url", &url])).failed(3, &["is it https that is spoken there?"]);
}

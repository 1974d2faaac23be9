//! The web pages and what protects them.

use crate::support::{Reply, Server, get, request};

#[tokio::test]
async fn the_front_page_is_html_either_the_room_or_how_to_build_it() {
    let server = Server::start();
    let reply = server.send(get("/")).await;
    assert!(reply.header("content-type").starts_with("text/html"), "{:?}", reply.headers);
    let built = reply.status == 200;
    assert!(built || (reply.status == 404 && reply.body.contains("npm run build")), "{}", reply.body);
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(reply.header("content-security-policy").contains("default-src 'self'"));
    if built {
        assert_eq!(reply.header("cache-control"), "no-cache");
        let etag = reply.header("etag").to_owned();
        let again = server.send(request("GET", "/", &[("if-none-match", &etag)], "")).await;
        assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
    }
}

async fn accepting(server: &Server, path: &str, encodings: &str, known: &str) -> Reply {
    server.send(request("GET", path, &[("accept-encoding", encodings), ("if-none-match", known)], "")).await
}

/// The front page and what it loads; nothing where the pages were not built.
async fn first_load(server: &Server) -> Vec<String> {
    let page = server.send(get("/")).await;
    let linked = page.body.split('"').filter(|text| text.starts_with("/assets/")).map(str::to_owned);
    if page.status == 200 { [String::from("/")].into_iter().chain(linked).collect() } else { Vec::new() }
}

#[tokio::test]
async fn a_first_load_comes_compressed_to_who_takes_gzip_and_as_it_is_to_others() {
    let server = Server::start();
    for path in first_load(&server).await {
        let plain = server.send(get(&path)).await;
        assert_eq!((plain.status.as_u16(), plain.header("content-encoding")), (200, ""), "{path}");
        for accepted in ["gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8, *;q=0.1", "GZIP", "*"] {
            let packed = accepting(&server, &path, accepted, "").await;
            assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, "gzip"), "{path} {accepted}");
            assert_eq!(packed.header("content-type"), plain.header("content-type"));
            assert_eq!(packed.header("vary"), "accept-encoding");
            assert!(packed.bytes.len() < plain.bytes.len(), "{path}");
            // RFC 1952 §2.3.1: how a member begins, and that it ends with the length of what is in it.
            let begin = &packed.bytes[..3];
            let length = u32::from_le_bytes(*packed.bytes.last_chunk().unwrap());
            assert_eq!((begin, usize::try_from(length).unwrap()), (&[0x1f, 0x8b, 8][..], plain.bytes.len()));
        }
        for accepted in ["", "identity", "br", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzip;q=much"] {
            let other = accepting(&server, &path, accepted, "").await;
            assert_eq!((other.header("content-encoding"), other.header("vary")), ("", "accept-encoding"), "{accepted}");
            assert_eq!(other.bytes, plain.bytes, "{path} {accepted}");
        }
    }
}

#[tokio::test]
async fn the_two_forms_of_a_page_have_a_tag_each_and_the_compressed_one_no_address() {
    let server = Server::start();
    for path in first_load(&server).await {
        let (plain, packed) = (server.send(get(&path)).await, accepting(&server, &path, "gzip", "").await);
        let [plain, packed] = [&plain, &packed].map(|reply| reply.header("etag"));
        assert_ne!(plain, packed);
        let again = accepting(&server, &path, "gzip", packed).await;
        assert_eq!((again.status.as_u16(), again.header("vary"), again.bytes.len()), (304, "accept-encoding", 0));
        assert_eq!(again.header("content-encoding"), "");
        assert_eq!(accepting(&server, &path, "gzip", plain).await.status, 200, "{path}: another form is known");
        assert_eq!(accepting(&server, &path, "identity", packed).await.status, 200);
        let name = if path == "/" { "/index.html" } else { &path };
        server.send(get(&format!("{name}.gz"))).await.problem(404, &format!("{name}.gz"));
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_pages_are_only_read() {
    let server = Server::start();
    server.send(get("/nothing/here")).await.problem(404, "/nothing/here");
    server.send(get("/../Cargo.toml")).await.problem(404, "/../Cargo.toml");
    server.send(request("POST", "/", &[], "x")).await.problem(405, "/");
}

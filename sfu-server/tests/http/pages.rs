//! The web pages and what protects them.

use crate::support::{Server, get, request};

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

#[tokio::test]
async fn unknown_paths_are_404_and_pages_are_only_read() {
    let server = Server::start();
    server.send(get("/nothing/here")).await.problem(404, "/nothing/here");
    server.send(get("/../Cargo.toml")).await.problem(404, "/../Cargo.toml");
    server.send(request("POST", "/", &[], "x")).await.problem(405, "/");
}

//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) as a client speaks them.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, LOCATION};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value;

use super::ClientError;

/// Media type of a merge patch (RFC 7396 §4).
const MERGE_PATCH: &str = "application/merge-patch+json";
/// Longest wait for any response; a server that needs more is broken.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A server's HTTP side.
#[derive(Clone, Debug)]
pub struct Server {
    base: Url,
    http: Client,
    token: Option<String>,
}

/// What a POST made: the session's own address and the answer.
#[derive(Clone, Debug)]
pub struct Resource {
    pub url: Url,
    pub etag: Option<String>,
    pub answer: String,
}

impl Server {
    /// The server whose pages are under `base`, such as `http://127.0.0.1:8080`.
    pub fn new(base: &str, token: Option<String>) -> Result<Self, ClientError> {
        let unusable = |reason: String| ClientError::Url { url: base.to_owned(), reason };
        let base = Url::parse(base).map_err(|error| unusable(error.to_string()))?;
        if base.scheme() != "http" || base.host_str().is_none() {
            return Err(unusable("expected http://host:port".to_owned()));
        }
        let http = Client::builder().timeout(TIMEOUT).build().map_err(|error| unusable(error.to_string()))?;
        Ok(Self { base, http, token })
    }

    /// Host and port, as sockets want them.
    pub fn authority(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        format!("{host}:{}", self.base.port_or_known_default().unwrap_or(80))
    }

    /// Offers to publish into `room` as `identity`.
    pub async fn publish(&self, room: &str, identity: &str, offer: String) -> Result<Resource, ClientError> {
        let mut url = self.path(&["whip", room])?;
        url.query_pairs_mut().append_pair("identity", identity);
        self.offer(url, offer).await
    }

    /// Offers to watch `room`; `watch` names the publishers of the slots in order, none leaves it to the server.
    pub async fn watch(&self, room: &str, watch: &[String], offer: String) -> Result<Resource, ClientError> {
        let mut url = self.path(&["whep", room])?;
        if !watch.is_empty() {
            url.query_pairs_mut().append_pair("watch", &watch.join(","));
        }
        self.offer(url, offer).await
    }

    /// Ends the session at this address.
    pub async fn end(&self, session: &Url) -> Result<(), ClientError> {
        let response = self.send(self.http.delete(session.clone()), session).await?;
        accepted(response, session, StatusCode::OK).await.map(|_| ())
    }

    /// Where the WebSocket of `room` is.
    pub fn socket_of(&self, room: &str) -> Result<Url, ClientError> {
        let mut url = self.path(&["rooms", room, "ws"])?;
        // Of http, which `new` demands, it can be set.
        let _ = url.set_scheme("ws");
        Ok(url)
    }

    /// A page as text, such as `/metrics`.
    pub async fn page(&self, path: &str) -> Result<String, ClientError> {
        let url = self.path(&path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>())?;
        let response = self.send(self.http.get(url.clone()), &url).await?;
        let response = accepted(response, &url, StatusCode::OK).await?;
        response.text().await.map_err(|source| ClientError::Unreachable { url: url.to_string(), source })
    }

    /// Changes what is kept of a resource by a JSON merge patch (RFC 7396): what is absent stays, null clears.
    pub async fn patch(&self, path: &[&str], change: &Value) -> Result<(), ClientError> {
        let url = self.path(path)?;
        let request = self.http.patch(url.clone()).header(CONTENT_TYPE, MERGE_PATCH).body(change.to_string());
        accepted(self.send(request, &url).await?, &url, StatusCode::OK).await.map(drop)
    }

    async fn offer(&self, url: Url, offer: String) -> Result<Resource, ClientError> {
        let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/sdp").body(offer);
        let response = accepted(self.send(request, &url).await?, &url, StatusCode::CREATED).await?;
        let incomplete = |what| ClientError::Incomplete { url: url.to_string(), what, rfc: "RFC 9725" };
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let location = header(LOCATION).ok_or_else(|| incomplete("Location"))?;
        let resource_url = url.join(location).map_err(|_| incomplete("a usable Location"))?;
        let etag = header(ETAG).map(str::to_owned);
        if !header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/sdp")) {
            return Err(incomplete("Content-Type: application/sdp"));
        }
        let answer =
            response.text().await.map_err(|source| ClientError::Unreachable { url: url.to_string(), source })?;
        Ok(Resource { url: resource_url, etag, answer })
    }

    async fn send(&self, request: RequestBuilder, url: &Url) -> Result<Response, ClientError> {
        let request = match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        };
        request.send().await.map_err(|source| ClientError::Unreachable { url: url.to_string(), source })
    }

    fn path(&self, parts: &[&str]) -> Result<Url, ClientError> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => {
                segments.pop_if_empty().extend(parts);
            }
            Err(()) => {
                return Err(ClientError::Url {
                    url: self.base.to_string(),
                    reason: "it cannot have a path".to_owned(),
                });
            }
        }
        Ok(url)
    }
}

/// The response if it has the one right status; otherwise what its problem document (RFC 9457) says.
async fn accepted(response: Response, url: &Url, expected: StatusCode) -> Result<Response, ClientError> {
    let status = response.status();
    if status == expected {
        return Ok(response);
    }
    let text = response.text().await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let member = |name| problem.get(name).and_then(serde_json::Value::as_str);
    let title =
        member("title").map_or_else(|| status.canonical_reason().unwrap_or("unknown").to_owned(), str::to_owned);
    let detail = member("detail").map_or_else(String::new, |detail| format!(": {detail}"));
    Err(ClientError::Refused { url: url.to_string(), status: status.as_u16(), title, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_before_use() {
        assert_eq!(Server::new("http://127.0.0.1:8080", None).unwrap().authority(), "127.0.0.1:8080");
        assert_eq!(Server::new("http://[::1]", None).unwrap().authority(), "[::1]:80");
        for bad in ["127.0.0.1:8080", "https://example.org", "nonsense"] {
            assert!(matches!(Server::new(bad, None), Err(ClientError::Url { .. })), "{bad}");
        }
    }

    #[test]
    fn room_names_are_escaped() {
        let server = Server::new("http://127.0.0.1:8080/", None).unwrap();
        assert_eq!(server.path(&["whip", "a room/ü"]).unwrap().path(), "/whip/a%20room%2F%C3%BC");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_said_so() {
        // Port 9 (discard) of loopback has no listener.
        let error = Server::new("http://127.0.0.1:9", None).unwrap().page("/metrics").await.unwrap_err();
        assert!(error.to_string().contains("start one with"), "{error}");
    }
}

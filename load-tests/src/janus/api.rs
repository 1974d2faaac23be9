//! Janus' HTTP API in one session: requests, and the events that come by a long poll, brought together by transaction.
//!
//! A crowd shares one session: media lives in its handles, each with a thread of Janus' own, and the session is how one
//! speaks about them. A session for each client would only be more polls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::JanusError;

/// Longest wait for a response or for the event that follows it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait of a long poll: Janus answers one without events after 30 s.
const POLL_TIMEOUT: Duration = Duration::from_secs(40);
/// After a poll that failed; so a Janus that is gone is not asked without end.
const POLL_PAUSE: Duration = Duration::from_millis(200);
/// Events that one poll may bring.
const EVENTS_MAX: u16 = 100;
/// The plugin that handles are attached to.
const PLUGIN: &str = "janus.plugin.videoroom";

type Waiting = Arc<Mutex<BTreeMap<String, oneshot::Sender<Message>>>>;

/// A session at the API; its poll ends with this value, and Janus ends what nobody polls.
#[derive(Debug)]
pub struct Api {
    http: Client,
    url: String,
    waiting: Waiting,
    next: AtomicU64,
    poll: JoinHandle<()>,
}

/// A handle's address: one peer connection, and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle(pub Url);

/// What Janus answered to a request of the VideoRoom.
#[derive(Clone, Debug)]
pub struct Reply {
    pub data: Value,
    /// Its offer or answer.
    pub sdp: Option<String>,
}

/// A response or an event.
#[derive(Debug, Deserialize)]
struct Message {
    janus: String,
    transaction: Option<String>,
    data: Option<Identifier>,
    plugindata: Option<PluginData>,
    jsep: Option<Jsep>,
    error: Option<Refusal>,
}

#[derive(Debug, Deserialize)]
struct Identifier {
    id: u64,
}

#[derive(Debug, Deserialize)]
struct PluginData {
    data: Value,
}

#[derive(Debug, Deserialize)]
struct Jsep {
    sdp: String,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    code: u64,
    reason: String,
}

/// A poll brings one or many.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Polled {
    Many(Vec<Message>),
    One(Box<Message>),
}

impl Api {
    /// Opens a session at the API `url`.
    pub async fn open(url: &str) -> Result<Self, JanusError> {
        let http = Client::builder().build().map_err(JanusError::Http)?;
        let created = post(&http, url, &json!({ "janus": "create", "transaction": "0" })).await?;
        let url = format!("{url}/{}", created.data.ok_or(JanusError::Incomplete("session"))?.id);
        let waiting = Waiting::default();
        let poll = tokio::spawn(poll(http.clone(), url.clone(), Arc::clone(&waiting)));
        Ok(Self { http, url, waiting, next: AtomicU64::new(1), poll })
    }

    /// A new handle of the VideoRoom.
    pub async fn attach(&self) -> Result<Handle, JanusError> {
        let request = json!({ "janus": "attach", "plugin": PLUGIN, "transaction": self.transaction() });
        let attached = post(&self.http, &self.url, &request).await?;
        let url = format!("{}/{}", self.url, attached.data.ok_or(JanusError::Incomplete("handle"))?.id);
        Url::parse(&url).map(Handle).map_err(|_| JanusError::Incomplete("usable handle"))
    }

    /// A request of the VideoRoom; Janus answers at once, or with an event later.
    pub async fn request(&self, handle: &Handle, body: Value, jsep: Option<Value>) -> Result<Reply, JanusError> {
        let transaction = self.transaction();
        let mut request = json!({ "janus": "message", "transaction": transaction, "body": body });
        if let (Some(fields), Some(jsep)) = (request.as_object_mut(), jsep) {
            fields.insert("jsep".to_owned(), jsep);
        }
        // Before the request, since the event may overtake the response.
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(transaction.clone(), tell);
        let answered = post(&self.http, handle.0.as_str(), &request).await;
        let message = match answered {
            Ok(message) if message.janus == "ack" => tokio::time::timeout(TIMEOUT, told).await,
            answered => {
                self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&transaction);
                return reply(answered?);
            }
        };
        reply(message.ok().and_then(Result::ok).ok_or(JanusError::Silent { waited: TIMEOUT })?)
    }

    /// Ends the handle at this address, and its peer connection.
    pub async fn detach(&self, handle: &Url) -> Result<(), JanusError> {
        let request = json!({ "janus": "detach", "transaction": self.transaction() });
        post(&self.http, handle.as_str(), &request).await.map(|_| ())
    }

    fn transaction(&self) -> String {
        self.next.fetch_add(1, Ordering::Relaxed).to_string()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.poll.abort();
    }
}

/// What a message of the VideoRoom says, errors of its own among them.
fn reply(message: Message) -> Result<Reply, JanusError> {
    let data = message.plugindata.ok_or(JanusError::Incomplete("plugindata"))?.data;
    if let Some(code) = data.get("error_code").and_then(Value::as_u64) {
        let reason = data.get("error").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Err(JanusError::Refused { code, reason });
    }
    Ok(Reply { data, sdp: message.jsep.map(|jsep| jsep.sdp) })
}

async fn post(http: &Client, url: &str, request: &Value) -> Result<Message, JanusError> {
    let unreachable = |source| JanusError::Unreachable { url: url.to_owned(), source };
    let sent = http.post(url).header(CONTENT_TYPE, "application/json").timeout(TIMEOUT).body(request.to_string());
    let text = sent.send().await.map_err(unreachable)?.text().await.map_err(unreachable)?;
    let message: Message = serde_json::from_str(&text)?;
    match message.error {
        Some(Refusal { code, reason }) => Err(JanusError::Refused { code, reason }),
        None => Ok(message),
    }
}

/// Asks for events for as long as the session lives.
async fn poll(http: Client, url: String, waiting: Waiting) {
    let url = format!("{url}?maxev={EVENTS_MAX}");
    loop {
        let polled = async {
            let text = http.get(&url).timeout(POLL_TIMEOUT).send().await.ok()?.text().await.ok()?;
            serde_json::from_str::<Polled>(&text).ok()
        };
        let messages = match polled.await {
            Some(Polled::Many(messages)) => messages,
            Some(Polled::One(message)) => vec![*message],
            None => {
                tokio::time::sleep(POLL_PAUSE).await;
                continue;
            }
        };
        for message in messages {
            let asked = message.transaction.as_ref();
            let asked = asked.and_then(|id| waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(id));
            match asked {
                // Who asked may have stopped to wait.
                Some(tell) => drop(tell.send(message)),
                // What nobody asked for: media comes, a connection is up, somebody publishes.
                None => tracing::debug!(kind = message.janus, "an event of Janus"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_bring_one_event_or_many_and_refusals_are_told() {
        let event = r#"{"janus":"event","transaction":"7","plugindata":{"data":{"videoroom":"event","error_code":428,"error":"No such feed"}}}"#;
        let Polled::One(refused) = serde_json::from_str(event).unwrap() else { panic!("one") };
        assert!(matches!(reply(*refused), Err(JanusError::Refused { code: 428, .. })));
        let many = r#"[{"janus":"webrtcup"},{"janus":"event","transaction":"8","plugindata":{"data":{}},"jsep":{"type":"offer","sdp":"v=0"}}]"#;
        let Polled::Many(mut messages) = serde_json::from_str(many).unwrap() else { panic!("many") };
        assert_eq!(reply(messages.remove(1)).unwrap().sdp.as_deref(), Some("v=0"));
        assert!(matches!(reply(messages.remove(0)), Err(JanusError::Incomplete("plugindata"))));
    }
}

//! The API's description of itself: every route is in it, and answers are as it says.

use std::collections::BTreeSet;

use axum::body::Body;
use serde_json::{Map, Value, json};

use crate::support::{Server, get, request};

const DOCUMENT: &str = "/api/openapi.json";
const PARTICIPANT: &str = "/api/v1/rooms/{room}/participants/{participant}";
const WHY: &str = "/api/v1/rooms/{room}/participants/{participant}/why";
const SERIES: &str = "/api/v1/rooms/{room}/participants/{participant}/series";
const ROOM_SERIES: &str = "/api/v1/rooms/{room}/series";
const INVITES: &str = "/api/v1/rooms/{room}/invites";
const INVITE: &str = "/api/v1/rooms/{room}/invites/{invite}";
const EXCHANGE: &str = "/api/v1/invites/exchange";
const TOKENS: &str = "/api/v1/tokens";
const WHAT_IF: &str = "/api/v1/rooms/{room}/what-if";

async fn document(server: &Server) -> Value {
    server.send(get(DOCUMENT)).await.json()
}

#[tokio::test]
async fn anybody_may_read_it_and_it_names_its_version() {
    let document = document(&Server::start()).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{document}");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["components"]["securitySchemes"]["admin_token"]["scheme"], "bearer");
    assert_eq!(document["components"]["securitySchemes"]["token"]["bearerFormat"], "JWT");
}

#[tokio::test]
async fn every_route_and_method_is_in_it_and_nothing_else() {
    let server = Server::start();
    let document = document(&server).await;
    let paths = document["paths"].as_object().unwrap();
    let known: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let rooms = ["/api/v1/rooms", "/api/v1/rooms/{room}", WHAT_IF, ROOM_SERIES, TOKENS, INVITES, INVITE, EXCHANGE];
    let participants = ["/api/v1/rooms/{room}/participants", PARTICIPANT, WHY, SERIES];
    assert_eq!(known, rooms.into_iter().chain(participants).collect());
    for (path, methods) in paths {
        let url = path.replace("{room}", "demo").replace("{participant}", "ann");
        let reply = server.operate("BREW", &url, "").await;
        reply.problem(405, &url);
        let allowed: BTreeSet<String> = reply.header("allow").split(',').map(|it| it.trim().to_lowercase()).collect();
        let documented = methods.as_object().unwrap().keys().cloned();
        // HEAD is GET without a body (RFC 9110 §9.3.2).
        let documented: BTreeSet<String> = documented.collect();
        let head = documented.contains("get").then(|| "head".to_owned());
        let documented: BTreeSet<String> = documented.into_iter().chain(head).collect();
        assert_eq!(allowed, documented, "{path}");
        let responses = methods.as_object().unwrap().values().flat_map(|it| it["responses"].as_object().unwrap());
        responses.for_each(|(status, it)| assert!(it["description"].is_string(), "{path} {status}: {it}"));
    }
    let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let named: Vec<&str> = operations.map(|it| it["operationId"].as_str().unwrap()).collect();
    assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "{named:?}");
}

/// Whether a value is as a schema says, as far as ours say anything.
struct Schemas<'a>(&'a Value);

impl Schemas<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let mut fields = Map::new();
        self.fits(schema, value, at, &mut fields)?;
        let unknown = value.as_object().and_then(|value| value.keys().find(|key| !fields.contains_key(*key)));
        match unknown {
            Some(unknown) => Err(format!("{at}.{unknown} is in no schema")),
            None => Ok(()),
        }
    }

    /// The same, while the fields that the schema names are gathered.
    fn fits(&self, schema: &Value, value: &Value, at: &str, fields: &mut Map<String, Value>) -> Result<(), String> {
        if let Some(target) = schema["$ref"].as_str() {
            let schema = self.0.pointer(target.trim_start_matches('#')).ok_or(format!("{target} is nowhere"))?;
            return self.fits(schema, value, at, fields);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(part, value, at, fields)?;
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let mut faults = Vec::new();
            let fits =
                choices.iter().any(|choice| self.fits(choice, value, at, fields).map_err(|it| faults.push(it)).is_ok());
            return if fits { Ok(()) } else { Err(faults.join(" and ")) };
        }
        self.is_typed(schema, value, at)?;
        for required in schema["required"].as_array().into_iter().flatten() {
            let required = required.as_str().unwrap();
            value.get(required).ok_or(format!("{at}.{required} is missing"))?;
        }
        for (name, part) in schema["properties"].as_object().into_iter().flatten() {
            fields.insert(name.clone(), part.clone());
            if let Some(value) = value.get(name) {
                self.check(part, value, &format!("{at}.{name}"))?;
            }
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item, &format!("{at}[{index}]"))?;
        }
        Ok(())
    }

    fn is_typed(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let is = |name: &str| match name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{at}: {other}"),
        };
        let fits = match &schema["type"] {
            Value::String(name) => is(name),
            Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
            _ => !schema["allOf"].is_null(),
        };
        let listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
        let number = value.as_u64();
        let bounded = number.is_none_or(|number| {
            schema["minimum"].as_u64().is_none_or(|least| number >= least)
                && schema["maximum"].as_u64().is_none_or(|most| number <= most)
        });
        if fits && listed && bounded { Ok(()) } else { Err(format!("{at} is {value}, not as {schema}")) }
    }
}

/// The schema of an answer.
fn answer<'a>(document: &'a Value, method: &str, path: &str, status: u16, media_type: &str) -> &'a Value {
    let responses = &document["paths"][path][method]["responses"];
    let response = responses.get(status.to_string()).or_else(|| responses.get(format!("{}XX", status / 100)));
    &response.unwrap_or_else(|| panic!("{method} {path} never answers {status}"))["content"][media_type]["schema"]
}

#[tokio::test]
async fn answers_are_as_it_says() {
    let server = crate::participants::server();
    let document = document(&server).await;
    server.join("/whip/demo?identity=ann").await;
    let explaining = crate::whys::server();
    explaining.join("/whep/demo?identity=ann").await;
    let remembering = crate::series::server().await;
    let capped = json!({"subscribe_max_bps": 800_000, "video_max_height": 360}).to_string();
    for (method, path, body) in [
        ("PUT", "/api/v1/rooms/{room}", &*capped),
        ("PATCH", "/api/v1/rooms/{room}", "{\"publish_max_bps\": null}"),
        ("PATCH", PARTICIPANT, &capped),
        ("GET", "/api/v1/rooms", ""),
        ("GET", "/api/v1/rooms/{room}", ""),
        ("GET", "/api/v1/rooms/{room}/participants", ""),
        ("GET", PARTICIPANT, ""),
        ("PATCH", PARTICIPANT, "{\"video_max_height\": 1, \"nonsense\": 2}"),
        ("PUT", "/api/v1/rooms/{room}", "nonsense"),
        ("GET", WHY, ""),
        ("GET", ROOM_SERIES, ""),
        ("GET", SERIES, ""),
        ("POST", WHAT_IF, &capped),
        ("POST", WHAT_IF, "nonsense"),
        ("DELETE", "/api/v1/rooms/{room}", ""),
        ("DELETE", PARTICIPANT, ""),
    ] {
        let url = path.replace("{room}", "demo").replace("{participant}", "ann");
        let server = match path {
            WHY | WHAT_IF => &explaining,
            SERIES | ROOM_SERIES => &remembering,
            _ => &server,
        };
        let reply = server.operate(method, &url, body).await;
        if reply.status == 204 {
            assert!(document["paths"][path][method.to_lowercase()]["responses"].get("204").is_some());
            continue;
        }
        let media_type = reply.header("content-type");
        let schema = answer(&document, &method.to_lowercase(), path, reply.status.as_u16(), media_type);
        let value: Value = serde_json::from_str(&reply.body).unwrap();
        Schemas(&document).check(schema, &value, "answer").unwrap_or_else(|fault| panic!("{method} {path}: {fault}"));
    }
    let foreign = request("GET", "/api/v1/rooms", &[("host", "127.0.0.1")], Body::empty());
    let refusal: Value = serde_json::from_str(&server.send(foreign).await.body).unwrap();
    let schema = answer(&document, "get", "/api/v1/rooms", 403, "application/problem+json");
    Schemas(&document).check(schema, &refusal, "refusal").unwrap();
}

#[tokio::test]
async fn the_checks_of_this_file_see_what_is_wrong() {
    let document = document(&Server::start()).await;
    let schemas = Schemas(&document);
    let schema = answer(&document, "get", "/api/v1/rooms/{room}", 200, "application/json");
    let server = Server::start();
    server.join("/whip/demo").await;
    let right = server.operate("GET", "/api/v1/rooms/demo", "").await.json();
    schemas.check(schema, &right, "room").unwrap();
    for (field, value) in [
        ("room", json!(1)),
        ("shards", json!(["0"])),
        ("subscribe_max_bps", json!("1")),
        ("subscribe_max_bps", json!(999)),
        ("nonsense", json!(1)),
    ] {
        let mut wrong = right.clone();
        wrong[field] = value;
        schemas.check(schema, &wrong, "room").unwrap_err();
    }
    let mut wrong = right;
    wrong.as_object_mut().unwrap().remove("participants");
    schemas.check(schema, &wrong, "room").unwrap_err();
}

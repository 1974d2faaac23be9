//! Files of keys: what is a key, and what is refused rather than guessed at.

use serde_json::{Value, json};
use sfu_server::auth::{Claims, Grant, Jwk, Keys, Pass, mint, verify};

use crate::forge::{AUDIENCE, NOW, SECRET, b64, drawn, oct, okp, public};

fn parse(keys: &Value) -> Result<Keys, String> {
    Keys::parse(&keys.to_string()).map_err(|error| error.to_string())
}

fn claims() -> Claims {
    let text = json!({
        "aud": AUDIENCE, "nbf": NOW, "exp": NOW + 60, "room": "demo", "identity": "ann", "grants": ["join"],
    });
    serde_json::from_value(text).unwrap()
}

#[test]
fn drawn_keys_of_both_kinds_sign_what_they_verify_and_nothing_of_one_another() {
    let (keys, others) = (drawn(), drawn());
    for id in ["a", "b"] {
        let token = mint(&claims(), &keys, Some(id)).unwrap();
        let Ok(Pass::Participant(ann)) = verify(&token, &keys, AUDIENCE, NOW) else { panic!("{id}") };
        assert_eq!(ann.grants.list(), [Grant::Join]);
        assert!(verify(&token, &others, AUDIENCE, NOW).is_err(), "of the same name, and another key");
    }
}

#[test]
fn a_server_that_only_verifies_needs_no_private_part() {
    let whole = Jwk::ed25519("b").unwrap();
    let token = mint(&claims(), &parse(&json!({"keys": [whole]})).unwrap(), None).unwrap();
    let public = parse(&json!({"keys": [whole.public().unwrap()]})).unwrap();
    assert!(verify(&token, &public, AUDIENCE, NOW).is_ok());
    assert!(mint(&claims(), &public, None).is_err(), "signs nothing");
    assert!(Jwk::hs256("a").unwrap().public().is_none(), "a secret has no public part");
}

#[test]
fn nothing_is_signed_that_would_not_be_accepted() {
    let keys = drawn();
    let wrong = [
        Claims { exp: NOW + 100_000, ..claims() },
        Claims { exp: NOW, ..claims() },
        Claims { room: None, ..claims() },
        Claims { room: Some("a/b".to_owned()), ..claims() },
        Claims { grants: vec![], ..claims() },
        Claims { grants: vec![Grant::Admin], ..claims() },
    ];
    for claims in wrong {
        assert!(mint(&claims, &keys, None).is_err(), "{claims:?}");
    }
    assert!(mint(&claims(), &keys, Some("none such")).is_err());
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_refused_as_a_whole() {
    let good = oct("hs", &SECRET);
    let change = |name: &str, value: Value| {
        let mut key = oct("hs", &SECRET);
        key[name] = value;
        json!({"keys": [key]})
    };
    let of_ed = |name: &str, value: Value| {
        let mut key = okp("ed");
        key[name] = value;
        json!({"keys": [key]})
    };
    let many: Vec<Value> = (0..33).map(|n| oct(&format!("k{n}"), &SECRET)).collect();
    let wrong = [
        (json!({"keys": []}), "no key"),
        (json!({}), "missing field"),
        (json!([good]), "not a set"),
        (json!({"keys": [good], "more": 1}), "unknown field"),
        (json!({"keys": [good, good]}), "two keys with the kid `hs`"),
        (json!({"keys": many}), "more than 32"),
        (change("kid", json!("../hs")), "kid must be"),
        (change("kid", json!("")), "kid must be"),
        (change("kid", json!(".hs")), "kid must be"),
        (change("kid", json!("a b")), "kid must be"),
        (change("alg", json!("HS512")), "alg and kty"),
        (change("alg", json!("EdDSA")), "alg and kty"),
        (change("alg", json!("none")), "alg and kty"),
        (change("k", json!(b64(b"too short"))), "k must be"),
        (change("k", json!("not base64url!")), "k must be"),
        (change("k", json!(b64([0; 200]))), "k must be"),
        (change("x", json!(b64(public()))), "nothing else"),
        (change("use", json!("enc")), "use must be"),
        (change("key_ops", json!(["sign"])), "unknown field"),
        (of_ed("crv", json!("Ed448")), "crv must be"),
        (of_ed("x", json!(b64([1; 31]))), "x and d"),
        (of_ed("d", json!(b64([9; 32]))), "private part of x"),
        (of_ed("k", json!(b64(SECRET))), "crv must be"),
    ];
    for (file, because) in wrong {
        let error = parse(&file).expect_err(because);
        assert!(error.contains(because), "`{because}` is not in: {error}");
        assert!(!error.contains(&b64(SECRET)), "tells a secret: {error}");
    }
    let twice = format!("{{\"keys\":[{good}],\"keys\":[{good}]}}");
    assert!(Keys::parse(&twice).is_err());
    assert!(parse(&json!({"keys": [good, okp("ed")]})).is_ok());
    assert!(!format!("{:?}", parse(&json!({"keys": [good]})).unwrap()).contains(&b64(SECRET)));
}

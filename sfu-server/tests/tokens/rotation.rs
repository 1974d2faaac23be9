//! Keys change while the server runs.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use sfu_server::auth::{KeyStore, Reload};

use crate::forge::{OTHER_SECRET, SECRET, oct};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn a_changed_file_is_in_force_and_a_bad_one_leaves_the_keys_before() {
    let path = file("rotation.json");
    let write = |text: &str| fs::write(&path, text).unwrap();
    let set = |keys: &[serde_json::Value]| json!({"keys": keys}).to_string();
    write(&set(&[oct("old", &SECRET)]));
    let store = KeyStore::open(&path).unwrap();
    assert!(matches!(store.reload(), Reload::Same));

    write(&set(&[oct("new", &OTHER_SECRET), oct("old", &SECRET)]));
    assert!(matches!(store.reload(), Reload::Changed));
    assert_eq!(store.keys().ids(), ["new", "old"]);
    assert_eq!(store.keys().signer(None).unwrap().id, "new");

    let bad = ["", "{}", "{\"keys\":[]}", "\u{0}", &set(&[oct("new", b"short")])];
    for text in bad {
        write(text);
        assert!(matches!(store.reload(), Reload::Refused(_)), "{text}");
        assert!(matches!(store.reload(), Reload::Same), "it is told once");
        assert_eq!(store.keys().ids(), ["new", "old"], "{text}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(store.reload(), Reload::Refused(_)));
    assert!(matches!(store.reload(), Reload::Same), "it is told once");
    assert_eq!(store.keys().ids(), ["new", "old"]);

    write(&set(&[oct("new", &OTHER_SECRET)]));
    assert!(matches!(store.reload(), Reload::Changed));
    assert!(store.keys().find("old").is_none(), "what the old key has signed is worth nothing from now on");
}

#[test]
fn what_is_too_large_is_not_read() {
    let path = file("giant.json");
    fs::write(&path, vec![b' '; 70_000]).unwrap();
    assert!(KeyStore::open(&path).unwrap_err().to_string().contains("larger"));
    assert!(KeyStore::open(&file("none-such.json")).unwrap_err().to_string().contains("cannot be read"));
}

//! What the fuzz target does with its bytes; shared with a test that replays the corpus on a stable compiler.
//!
//! Invariant: a function returns for every input, quickly, and whatever it asserts holds.
#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a finding is a panic")]

use serde_json::Value;
use sfu_server::signal::limits::{
    CHAT_BYTES_MAX, EXPLANATION_CHARS_MAX, METADATA_BYTES_MAX, METADATA_ENTRIES_MAX, MID_BYTES_MAX, NAME_BYTES_MAX,
    TOKENS_MAX,
};
use sfu_server::signal::request::{Checked, Join, read};

/// Frames of one socket, a line each: every one is a request within all limits, or refused by an error that a client can read
/// and that is no longer than it may be.
pub fn signalling(data: &[u8]) {
    for frame in String::from_utf8_lossy(data).split('\n') {
        match read(frame) {
            Ok((id, checked)) => {
                assert_eq!(serde_json::from_str::<Value>(frame).unwrap()["id"], id);
                check(&checked);
                assert_eq!(read(frame).unwrap(), (id, checked));
            }
            Err((id, refusal)) => {
                assert!(refusal.message.chars().count() <= EXPLANATION_CHARS_MAX + 1, "{}", refusal.message);
                let said = serde_json::to_value(refusal.to_message(id)).unwrap();
                assert_eq!(said["type"], "error");
                assert!(!said["message"].as_str().unwrap().is_empty());
            }
        }
    }
}

fn check(checked: &Checked) {
    let cost = checked.extra_cost();
    assert!((0.0..=TOKENS_MAX).contains(&cost), "{} costs {cost}", checked.kind());
    match checked {
        Checked::Join(Join { name, metadata, .. }) => {
            assert!(!name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control));
            let bytes: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
            assert!(metadata.len() <= METADATA_ENTRIES_MAX && bytes <= METADATA_BYTES_MAX);
        }
        Checked::Chat { text } => assert!(!text.is_empty() && text.len() <= CHAT_BYTES_MAX),
        Checked::Mute { mid, .. } => assert!((1..=MID_BYTES_MAX).contains(&mid.0.len())),
        Checked::Layout(entries) => {
            assert!(entries.iter().all(|entry| entry.mid.0.len() <= MID_BYTES_MAX));
            let mut mids: Vec<_> = entries.iter().map(|entry| &entry.mid).collect();
            mids.sort();
            mids.dedup();
            assert_eq!(mids.len(), entries.len());
        }
        Checked::Offer { .. } | Checked::Leave | Checked::Ping => {}
    }
}

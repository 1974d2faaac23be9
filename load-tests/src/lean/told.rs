//! What a room's server tells its viewers of their slots.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Deserialize;
use serde_json::Value;

/// Messages that are kept; a viewer has a few for each change of what it may be sent.
const MESSAGES_MAX: usize = 1_000_000;

/// What one slot carries, and if nothing, why.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotTold {
    pub mid: String,
    pub kind: String,
    /// `mid@identity` of its publisher.
    pub track: Option<String>,
    pub state: String,
    pub layer: Option<LayerTold>,
    /// What keeps its pictures from being better.
    #[serde(default)]
    pub limited_by: Option<String>,
}

/// The encoding that feeds a slot.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LayerTold {
    pub rid: Option<String>,
    /// Pixels.
    pub height: Option<u16>,
}

/// One message.
#[derive(Clone, Debug)]
pub struct SlotsTold {
    pub at: Instant,
    /// Identity of the viewer.
    pub participant: String,
    /// Of the slots that it names, all or some.
    pub slots: Vec<SlotTold>,
}

/// Where all viewers' messages are gathered.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Vec<SlotsTold>>>);

impl Told {
    /// All so far, in the order in which they came.
    pub fn take(&self) -> Vec<SlotsTold> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a `slots` message to `participant`; slots that cannot be read are left out.
    pub(super) fn hear(&self, at: Instant, participant: &str, message: &Value) {
        let slots = message.get("slots").and_then(Value::as_array).into_iter().flatten();
        let slots = slots.filter_map(|slot| SlotTold::deserialize(slot).ok()).collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MESSAGES_MAX {
            all.push(SlotsTold { at, participant: participant.to_owned(), slots });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slots_are_read_whether_they_say_what_limits_them_or_not() {
        let told = Told::default();
        let slot = json!({ "mid": "0", "kind": "video", "track": "0@p0", "state": "paused", "layer": null, "limitedBy": "cap" });
        let old = json!({ "mid": "1", "kind": "video", "track": null, "state": "live", "layer": { "rid": "q", "height": 180 } });
        told.hear(Instant::now(), "me", &json!({ "type": "slots", "slots": [slot, old, { "mid": 3 }] }));
        let all = told.take();
        assert_eq!((all.len(), all[0].participant.as_str(), all[0].slots.len()), (1, "me", 2));
        assert_eq!(all[0].slots[0].limited_by.as_deref(), Some("cap"));
        assert_eq!(all[0].slots[1].layer.as_ref().and_then(|layer| layer.height), Some(180));
        assert!(told.take().is_empty());
    }
}

//! What is counted of who may not come in.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::auth::Denied;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Counters of refusals.
#[derive(Debug, Default)]
pub struct AuthMetrics {
    denied: Family<ReasonLabel, Counter>,
    /// Files of keys that could not be used, so that those before stayed in force.
    pub keys_refused: Counter,
}

impl AuthMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Requests and joins refused for want of a token, or of a grant";
        registry.register("sfu_auth_denied", help, Family::clone(&self.denied));
        let help = "Changes of the file of keys that could not be used, so that the keys before stayed in force";
        registry.register("sfu_auth_keys_refused", help, Counter::clone(&self.keys_refused));
    }

    /// Counts a refusal.
    pub fn denied(&self, denied: Denied) {
        self.denied.get_or_create(&ReasonLabel { reason: denied.reason() }).inc();
    }
}

//! Which interceptors a chain has, and how far each stands from the wire.

use std::sync::Arc;
use std::time::Duration;

use ::interceptor::{Interceptor, ReceiverReportBuilder, Registry, Slot, TwccReceiverBuilder};

use super::config::{ChainConfig, Side, transport_wide_info};
use super::counters::Cells;
use super::keyframe_request::KeyframeRequest;
use super::nack_generator::NackGenerator;
use super::notices::Notices;
use super::retransmission::Retransmission;
use super::sender_report::SenderReports;
use super::stage::Staged;

/// Time between transport-wide feedbacks. Senders' estimators are made for 50 to 250 ms.
const TRANSPORT_CC_INTERVAL: Duration = Duration::from_millis(100);
/// Time between receiver reports (RFC 3550 §6.2 allows less than its 5 s to fast links; browsers use 1 s).
const RECEIVER_REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Where [`Notices`] stands: it emits nothing to the wire, so anywhere.
const NOTICES: usize = 12_500;

/// Builds the chain.
pub(super) fn build(config: &ChainConfig, counters: &Arc<Cells>) -> Box<dyn Interceptor> {
    let mut registry = Registry::new().with(Slot::from(NOTICES), Staged::new(Notices));
    if config.keyframe {
        registry = registry.with(Slot::IntervalPli, Staged::new(KeyframeRequest::new(Arc::clone(counters))));
    }
    if matches!(config.side, Side::Publisher { .. } | Side::Both) {
        registry = towards_publisher(registry, config, counters);
    }
    if matches!(config.side, Side::Subscriber | Side::Both) {
        registry = towards_subscriber(registry, config, counters);
    }
    Box::new(registry.build())
}

fn towards_publisher(mut registry: Registry, config: &ChainConfig, counters: &Arc<Cells>) -> Registry {
    registry = registry
        .with(Slot::ReceiverReport, ReceiverReportBuilder::new().with_interval(RECEIVER_REPORT_INTERVAL).build());
    if config.nack {
        registry = registry.with(Slot::NackGenerator, Staged::new(NackGenerator::new(Arc::clone(counters))));
    }
    if let Some(id) = config.transport_cc() {
        let mut receiver = TwccReceiverBuilder::new().with_interval(TRANSPORT_CC_INTERVAL).build();
        // One binding for every SSRC of the transport, here and not through the chain: the receiver reports would report
        // on it.
        receiver.bind_remote_stream(&transport_wide_info(id));
        registry = registry.with(Slot::TwccReceiver, receiver);
    }
    registry
}

fn towards_subscriber(mut registry: Registry, config: &ChainConfig, counters: &Arc<Cells>) -> Registry {
    registry = registry.with(Slot::SenderReport, Staged::new(SenderReports::default()));
    if config.nack {
        registry = registry.with(Slot::NackResponder, Staged::new(Retransmission::new(Arc::clone(counters))));
    }
    registry
}

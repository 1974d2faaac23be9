//! Which of our interceptors a control path has.

use super::config::{ChainConfig, Side};
use super::keyframe_request::KeyframeRequest;
use super::nack_generator::NackGenerator;
use super::notices::Notices;
use super::retransmission::Retransmission;
use super::send_limit::SendLimit;
use super::sender_report::SenderReports;
use super::stage::Stage;

/// Our interceptors.
pub(super) struct Stages {
    nack_generator: Option<NackGenerator>,
    sender_reports: Option<SenderReports>,
    keyframe_request: Option<KeyframeRequest>,
    retransmission: Option<Retransmission>,
    send_limit: Option<SendLimit>,
    notices: Notices,
}

impl Stages {
    pub(super) fn new(config: &ChainConfig) -> Self {
        let publishes = matches!(config.side, Side::Publisher { .. } | Side::Both);
        let watches = matches!(config.side, Side::Subscriber | Side::Both);
        Self {
            nack_generator: (publishes && config.nack).then(NackGenerator::default),
            sender_reports: watches.then(SenderReports::default),
            keyframe_request: config.keyframe.then(KeyframeRequest::default),
            retransmission: (watches && config.nack).then(Retransmission::default),
            send_limit: publishes.then(SendLimit::default),
            notices: Notices,
        }
    }

    /// Each that there is.
    pub(super) fn each(&mut self) -> impl Iterator<Item = &mut dyn Stage> {
        let Self { nack_generator, sender_reports, keyframe_request, retransmission, send_limit, notices } = self;
        let towards_publishers = [some(nack_generator), some(keyframe_request), some(send_limit)];
        let towards_subscribers = [some(sender_reports), some(retransmission)];
        let notices: &mut dyn Stage = notices;
        towards_publishers.into_iter().chain(towards_subscribers).flatten().chain([notices])
    }
}

fn some<S: Stage>(stage: &mut Option<S>) -> Option<&mut dyn Stage> {
    stage.as_mut().map(|stage| -> &mut dyn Stage { stage })
}

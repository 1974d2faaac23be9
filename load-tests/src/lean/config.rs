//! How a client begins, and how far it is.

use std::sync::Arc;

use super::description::Answer;
use super::dtls::Identity;
use super::ice::{Credentials, IceRole};
use super::look::Look;
use super::sender::SenderPlan;
use crate::media::Codec;

/// All that a client is told when it begins.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub identity: Arc<Identity>,
    pub role: IceRole,
    pub local: Credentials,
    /// What the server says of itself: its answer, or its offer where it is the server that offers.
    pub answer: Answer,
    /// What was offered, in the order of its sections, and how closely to look at it.
    pub slots: Vec<(Codec, Look)>,
    /// What it sends.
    pub senders: Vec<SenderPlan>,
    /// Of our own reports, and the ICE tie-breaker.
    pub ssrc: u32,
}

/// How far a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    Checking,
    Handshaking,
    Connected,
    Failed(String),
    /// The server said goodbye.
    Closed,
}

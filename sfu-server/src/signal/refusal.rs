//! Why a request was refused, as the client is told.

use std::fmt;

use sfu_core::error::RequestError;
use sfu_core::sdp::SdpError;

use super::limits::EXPLANATION_CHARS_MAX;
use super::wire::{ErrorCode, RequestId, ServerMessage};
use crate::auth::{Denied, TokenError};
use crate::control::ControlError;

/// An error without the request's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// Where in the request.
    pub field: Option<String>,
}

impl Refusal {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let message = match message.char_indices().nth(EXPLANATION_CHARS_MAX) {
            Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
            None => message,
        };
        Self { code, message, field: None }
    }

    /// Names the field that is wrong.
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// A value that is not allowed there.
    pub fn field(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(ErrorCode::InvalidField, format!("{field} {problem}")).at(field)
    }

    /// The message to a client.
    pub fn to_message(&self, id: Option<RequestId>) -> ServerMessage {
        let Self { code, message, field } = self.clone();
        ServerMessage::Error { id, code, message, field }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::Token(TokenError::Expired) => ErrorCode::TokenExpired,
            Denied::NoToken | Denied::Token(TokenError::Invalid | TokenError::NotYet) => ErrorCode::Unauthorized,
            Denied::OtherRoom | Denied::Lacks(_) | Denied::ThroughProxy | Denied::OtherHost => ErrorCode::Forbidden,
        };
        Self::new(code, denied.to_string())
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let message = error.to_string();
        let code = match &error {
            ControlError::Refused(refused) => return of_request(refused, message),
            ControlError::Draining | ControlError::NoShard | ControlError::NotSent(_) | ControlError::NoAnswer => {
                ErrorCode::Unavailable
            }
        };
        Self::new(code, message)
    }
}

fn of_request(error: &RequestError, message: String) -> Refusal {
    let refusal = |code| Refusal::new(code, message.clone());
    match error {
        RequestError::Sdp(SdpError::TooManyTracks { .. } | SdpError::TooManySlots { .. }) => {
            refusal(ErrorCode::TooMany).at("sdp")
        }
        RequestError::Sdp(_) | RequestError::RestartWithoutPassword | RequestError::OneOfferOnly => {
            refusal(ErrorCode::BadSdp).at("sdp")
        }
        RequestError::NoSuchSlot { index, .. } => refusal(ErrorCode::NotFound).at(format!("slots[{index}].mid")),
        RequestError::SlotNamedTwice { index, .. } => {
            refusal(ErrorCode::InvalidField).at(format!("slots[{index}].mid"))
        }
        RequestError::NoSuchTrack { .. } => refusal(ErrorCode::NotFound).at("mid"),
        RequestError::UnknownTransport(_) => Refusal::new(
            ErrorCode::OutOfOrder,
            "the media transport is gone; send an offer of a new peer connection with fresh: true",
        ),
        RequestError::ShardFull => refusal(ErrorCode::Unavailable),
        RequestError::Internal => refusal(ErrorCode::Internal),
    }
}

//! What a token lets its bearer do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::signal::wire::TrackSource;

/// One thing that somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Come into the room.
    Join,
    PublishMicrophone,
    PublishCamera,
    /// A screen, and its sound.
    PublishScreen,
    /// Be sent what others publish.
    Subscribe,
    /// Say something in the chat.
    Data,
    /// Look into the room by the API and invite others to it.
    Moderate,
    /// Use the operator's API, of every room; allows nothing in any.
    Admin,
}

impl Grant {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::Join,
        Self::PublishMicrophone,
        Self::PublishCamera,
        Self::PublishScreen,
        Self::Subscribe,
        Self::Data,
        Self::Moderate,
        Self::Admin,
    ];
    /// What a person in a meeting does.
    pub const SPEAKER: [Self; 6] =
        [Self::Join, Self::PublishMicrophone, Self::PublishCamera, Self::PublishScreen, Self::Subscribe, Self::Data];

    /// As it stands in a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::PublishMicrophone => "publish_microphone",
            Self::PublishCamera => "publish_camera",
            Self::PublishScreen => "publish_screen",
            Self::Subscribe => "subscribe",
            Self::Data => "data",
            Self::Moderate => "moderate",
            Self::Admin => "admin",
        }
    }

    /// What publishing from this source takes.
    pub fn of(source: TrackSource) -> Self {
        match source {
            TrackSource::Microphone => Self::PublishMicrophone,
            TrackSource::Camera => Self::PublishCamera,
            TrackSource::Screen | TrackSource::ScreenAudio => Self::PublishScreen,
        }
    }
}

/// All that somebody may do; what is not in it is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants(BTreeSet<Grant>);

impl Grants {
    /// What everybody may who needs no token.
    pub fn of_anybody() -> Self {
        Self(Grant::SPEAKER.into())
    }

    /// `None`: one of them stands there twice.
    pub fn of(grants: &[Grant]) -> Option<Self> {
        let set: BTreeSet<Grant> = grants.iter().copied().collect();
        (set.len() == grants.len()).then_some(Self(set))
    }

    pub fn has(&self, grant: Grant) -> bool {
        self.0.contains(&grant)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything of its own may be sent.
    pub fn publishes(&self) -> bool {
        [Grant::PublishMicrophone, Grant::PublishCamera, Grant::PublishScreen].iter().any(|grant| self.has(*grant))
    }

    /// In the order of [`Grant`].
    pub fn list(&self) -> Vec<Grant> {
        self.0.iter().copied().collect()
    }
}

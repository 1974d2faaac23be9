//! Layers, limits and rates of the API in a few words.

use super::answers::{Given, Layer, Sending};
use super::screen::UNKNOWN;
use crate::units::rate;

/// A rate that may not be known.
pub fn rate_of(bps: Option<u64>) -> String {
    bps.map_or_else(|| UNKNOWN.to_owned(), rate)
}

/// An encoding: its lines, and its name in brackets.
pub fn layer(layer: &Layer) -> String {
    let fewer = if layer.temporal.is_some() { ", fewer frames" } else { "" };
    format!("{}{fewer}", picture(layer.rid.as_deref(), layer.height))
}

/// What a slot is given.
pub fn given(given: &Given) -> String {
    let Given { picture: kind, rid, height, bps } = given;
    let shown = || picture(rid.as_deref(), *height);
    match kind.as_str() {
        "whole" => format!("{}, {}", shown(), rate(*bps)),
        "thinned" => format!("{} with fewer frames, {}", shown(), rate(*bps)),
        other => other.to_owned(),
    }
}

/// Whose limit it is.
pub fn limit(limited_by: &str) -> &str {
    match limited_by {
        "cap" => "its cap",
        "room_cap" => "its share of the room",
        "height_cap" => "height",
        "link" => "its link",
        other => other,
    }
}

/// What is told with a `snake_case` word.
pub fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

/// What a connection may be sent, and what it is given of that.
pub fn sending(sending: &Sending) -> String {
    let Sending { estimate_bps, budget_bps, limited_by, allotted_bps, wanted_bps } = sending;
    let budget = match (budget_bps, limited_by) {
        (Some(bps), Some(by)) => format!("may be sent {} ({})", rate(*bps), limit(by)),
        (Some(bps), None) => format!("may be sent {}", rate(*bps)),
        (None, _) => "may be sent anything".to_owned(),
    };
    let estimate = estimate_bps.map_or_else(
        || "its link says nothing of what it carries".to_owned(),
        |bps| format!("its link carries {} by estimate", rate(bps)),
    );
    format!("{budget}; given {} of the {} that it could use; {estimate}", rate(*allotted_bps), rate(*wanted_bps))
}

fn picture(rid: Option<&str>, height: Option<u64>) -> String {
    match (height, rid) {
        (Some(height), Some(rid)) => format!("{height} ({rid})"),
        (Some(height), None) => height.to_string(),
        (None, Some(rid)) => format!("({rid})"),
        (None, None) => "on".to_owned(),
    }
}

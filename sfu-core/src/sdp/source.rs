//! Who sends in a section: the SSRCs that the offer names (RFC 5576) and its simulcast RIDs (RFC 8851, RFC 8853).

use std::collections::{BTreeMap, BTreeSet};

use sdp::description::common::Attribute;

use super::OfferedSsrc;
use crate::id::{Rid, Ssrc};
use crate::limits::{RIDS_PER_SECTION_MAX, SSRCS_PER_TRANSPORT_MAX};

/// Longest RID, bytes: what a one-byte header extension holds (RFC 8852 §3, RFC 8285 §4.2).
const RID_BYTES_MAX: usize = 16;

/// The streams that a section announces.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    /// Media SSRCs, primary first, each with its RTX SSRC.
    pub ssrcs: Vec<OfferedSsrc>,
    /// Every SSRC of the section, repairs included: ours must differ.
    pub every_ssrc: BTreeSet<Ssrc>,
    /// RIDs that the peer would send, in its order.
    pub rids: Vec<Rid>,
    /// There was an `a=simulcast` line, which must be answered by one.
    pub simulcast: bool,
}

/// Reads the section's `a=ssrc`, `a=ssrc-group`, `a=rid` and `a=simulcast` lines; malformed ones are left out.
pub(super) fn sources(attributes: &[Attribute]) -> Sources {
    let (ssrcs, every_ssrc) = ssrcs(attributes);
    let rids = rids(attributes);
    let simulcast = values(attributes, "simulcast").next().is_some() && !rids.is_empty();
    Sources { ssrcs, every_ssrc, rids, simulcast }
}

fn values<'a>(attributes: &'a [Attribute], key: &'static str) -> impl Iterator<Item = &'a str> {
    attributes.iter().filter(move |attribute| attribute.key == key).filter_map(|attribute| attribute.value.as_deref())
}

fn ssrc(word: &str) -> Option<Ssrc> {
    word.parse::<u32>().ok().filter(|number| *number != 0).map(Ssrc)
}

fn ssrcs(attributes: &[Attribute]) -> (Vec<OfferedSsrc>, BTreeSet<Ssrc>) {
    let mut rtx = BTreeMap::new();
    let mut repairs = BTreeSet::new();
    // The simulcast group of old names the encodings in order, so its members go before the rest.
    let mut order = Vec::new();
    let mut rest = Vec::new();
    for group in values(attributes, "ssrc-group") {
        let mut words = group.split_whitespace();
        let semantics = words.next();
        let members: Vec<Ssrc> = words.filter_map(ssrc).take(SSRCS_PER_TRANSPORT_MAX).collect();
        match (semantics, members.as_slice()) {
            (Some("FID"), [media, repair, ..]) if media != repair => {
                rtx.entry(*media).or_insert(*repair);
                repairs.insert(*repair);
                rest.push(*media);
            }
            (Some("FEC-FR"), [_, repair, ..]) => {
                repairs.insert(*repair);
            }
            (Some("SIM"), members) => order.extend_from_slice(members),
            _ => {}
        }
    }
    order.append(&mut rest);
    order.extend(values(attributes, "ssrc").filter_map(|value| value.split_whitespace().next()).filter_map(ssrc));
    let every: BTreeSet<Ssrc> = order.iter().chain(&repairs).copied().take(SSRCS_PER_TRANSPORT_MAX).collect();
    let mut seen = BTreeSet::new();
    let media = order
        .into_iter()
        .filter(|ssrc| !repairs.contains(ssrc) && seen.insert(*ssrc))
        .take(SSRCS_PER_TRANSPORT_MAX)
        .map(|media| OfferedSsrc { media, rtx: rtx.get(&media).copied() })
        .collect();
    (media, every)
}

fn rids(attributes: &[Attribute]) -> Vec<Rid> {
    let mut declared = Vec::new();
    for value in values(attributes, "rid") {
        let mut words = value.split_whitespace();
        let (Some(name), Some("send")) = (words.next(), words.next()) else { continue };
        if is_rid(name) && declared.len() < RIDS_PER_SECTION_MAX && !declared.contains(&name) {
            declared.push(name);
        }
    }
    // `send q;h;f` since RFC 8853, `send rid=q;h;f` in older drafts; `~` marks a paused one, `,` joins alternatives.
    let listed: Vec<&str> = values(attributes, "simulcast")
        .filter_map(|value| value.split_whitespace().skip_while(|word| *word != "send").nth(1))
        .flat_map(|list| list.strip_prefix("rid=").unwrap_or(list).split(';'))
        .filter_map(|stream| stream.split(',').next())
        .map(|rid| rid.trim_start_matches('~'))
        .take(RIDS_PER_SECTION_MAX)
        .collect();
    let mut rids: Vec<&str> = Vec::new();
    for rid in listed.into_iter().filter(|rid| declared.contains(rid)) {
        if !rids.contains(&rid) {
            rids.push(rid);
        }
    }
    if rids.is_empty() {
        rids = declared;
    }
    rids.into_iter().map(|rid| Rid(rid.into())).collect()
}

fn is_rid(name: &str) -> bool {
    name.len() <= RID_BYTES_MAX && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

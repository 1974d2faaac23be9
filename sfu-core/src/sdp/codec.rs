//! The codec table: which payload formats of an offer we forward, and with which parameters they are answered.

use std::collections::BTreeMap;

use sdp::description::common::Attribute;

use super::{Codec, Feedback, H264Profile, NegotiatedCodec};
use crate::id::{MediaKind, PayloadType};
use crate::limits::{FMTP_PARAMETERS_MAX, SDP_CODEC_NAMES_MAX};

/// What an error tells the client to offer.
pub(super) const SUPPORTED: &str = "opus, red (over opus), VP8, VP9, H264 (packetization-mode=1) and AV1";

/// What RFC 6184 leaves out when `profile-level-id` is absent, as browsers fill it in: Constrained Baseline, level 3.1.
const H264_PROFILE_LEVEL_DEFAULT: &str = "42e01f";
/// Parameters of Opus that say what a receiver wants (RFC 7587 §6.1) and so hold for whoever the packets come from.
const OPUS_ECHOED: [&str; 6] = ["minptime", "maxplaybackrate", "maxaveragebitrate", "stereo", "usedtx", "cbr"];

/// A codec as agreed, with the words of the answer.
#[derive(Debug, Clone)]
pub(super) struct AgreedCodec {
    pub codec: NegotiatedCodec,
    /// `name/clock[/channels]`.
    pub rtpmap: &'static str,
    pub clock: &'static str,
    pub fmtp: Option<String>,
}

/// What an m-section says about its payload types.
#[derive(Debug, Default)]
struct Formats<'a> {
    /// `name/clock[/channels]` by payload type.
    maps: BTreeMap<u8, &'a str>,
    parameters: BTreeMap<u8, &'a str>,
    feedback: BTreeMap<u8, Feedback>,
    /// `a=rtcp-fb:*`.
    feedback_of_all: Feedback,
}

impl<'a> Formats<'a> {
    fn read(attributes: &'a [Attribute]) -> Self {
        let mut formats = Self::default();
        for attribute in attributes {
            let Some((head, rest)) = attribute.value.as_deref().and_then(|value| value.trim().split_once(' ')) else {
                continue;
            };
            let number = head.parse::<u8>().ok().filter(|number| *number < 128);
            match (attribute.key.as_str(), number) {
                ("rtpmap", Some(number)) => drop(formats.maps.entry(number).or_insert(rest.trim())),
                ("fmtp", Some(number)) => drop(formats.parameters.entry(number).or_insert(rest.trim())),
                ("rtcp-fb", Some(number)) => add(formats.feedback.entry(number).or_default(), rest),
                ("rtcp-fb", None) if head == "*" => add(&mut formats.feedback_of_all, rest),
                _ => {}
            }
        }
        formats
    }

    /// The value of one parameter of `a=fmtp`, name without regard to case.
    fn parameter(&self, payload_type: u8, name: &str) -> Option<&'a str> {
        self.parameters(payload_type).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn parameters(&self, payload_type: u8) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let line = self.parameters.get(&payload_type).copied().unwrap_or_default();
        line.split(';')
            .take(FMTP_PARAMETERS_MAX)
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim()))
    }

    fn feedback(&self, payload_type: u8) -> Feedback {
        let (own, all) = (self.feedback.get(&payload_type).copied().unwrap_or_default(), self.feedback_of_all);
        Feedback {
            nack: own.nack || all.nack,
            pli: own.pli || all.pli,
            fir: own.fir || all.fir,
            transport_cc: own.transport_cc || all.transport_cc,
            remb: own.remb || all.remb,
        }
    }

    /// Payload types of RTX by the payload type they repeat (RFC 4588 §8).
    fn repeats(&self, listed: &[u8]) -> BTreeMap<u8, u8> {
        let mut repeats = BTreeMap::new();
        for number in listed {
            let name = self.maps.get(number).and_then(|map| map.split('/').next()).unwrap_or_default();
            let apt = self.parameter(*number, "apt").and_then(|apt| apt.parse::<u8>().ok());
            if let (true, Some(apt)) = (name.eq_ignore_ascii_case("rtx"), apt) {
                repeats.entry(apt).or_insert(*number);
            }
        }
        repeats
    }
}

fn add(feedback: &mut Feedback, line: &str) {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some("nack"), None) => feedback.nack = true,
        (Some("nack"), Some("pli")) => feedback.pli = true,
        (Some("ccm"), Some("fir")) => feedback.fir = true,
        (Some("transport-cc"), _) => feedback.transport_cc = true,
        (Some("goog-remb"), _) => feedback.remb = true,
        _ => {}
    }
}

/// The mutual codecs of a section in the offer's order of preference: its `m=` line lists them.
pub(super) fn mutual(kind: MediaKind, listed: &[String], attributes: &[Attribute]) -> Vec<AgreedCodec> {
    let formats = Formats::read(attributes);
    let mut numbers: Vec<u8> = Vec::new();
    for number in listed.iter().filter_map(|word| word.parse::<u8>().ok()).filter(|number| *number < 128) {
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let repeats = formats.repeats(&numbers);
    let mut agreed: Vec<AgreedCodec> = numbers
        .iter()
        .filter_map(|number| {
            let (codec, rtpmap, clock, fmtp) = recognise(kind, *number, &formats)?;
            let rtx = repeats.get(number).copied().filter(|rtx| rtx != number).map(PayloadType);
            let feedback = formats.feedback(*number);
            let codec = NegotiatedCodec { codec, payload_type: PayloadType(*number), rtx, feedback };
            Some(AgreedCodec { codec, rtpmap, clock, fmtp })
        })
        .collect();
    let opus: Vec<String> = agreed
        .iter()
        .filter(|agreed| agreed.codec.codec == Codec::Opus)
        .map(|agreed| agreed.codec.payload_type.to_string())
        .collect();
    agreed.retain(|agreed| agreed.codec.codec != Codec::Red || is_red_over(agreed.fmtp.as_deref(), &opus));
    agreed
}

/// Every block of a RED packet must be Opus that we agreed to (RFC 2198 §5).
fn is_red_over(fmtp: Option<&str>, opus: &[String]) -> bool {
    fmtp.is_some_and(|blocks| blocks.split('/').all(|block| opus.iter().any(|opus| opus == block)))
}

type Recognised = (Codec, &'static str, &'static str, Option<String>);

fn recognise(kind: MediaKind, number: u8, formats: &Formats<'_>) -> Option<Recognised> {
    let map = formats.maps.get(&number)?.to_ascii_lowercase();
    let mut parts = map.split('/');
    let (name, clock) = (parts.next()?, parts.next()?);
    match (kind, name, clock) {
        (MediaKind::Audio, "opus", "48000") => {
            Some((Codec::Opus, "opus/48000/2", "48000", Some(opus(number, formats))))
        }
        (MediaKind::Audio, "red", "48000") => Some((
            Codec::Red,
            "red/48000/2",
            "48000",
            formats.parameters.get(&number).map(|blocks| (*blocks).to_owned()),
        )),
        (MediaKind::Video, "vp8", "90000") => Some((Codec::Vp8, "VP8/90000", "90000", None)),
        (MediaKind::Video, "vp9", "90000") => vp9(number, formats),
        (MediaKind::Video, "h264", "90000") => h264(number, formats),
        (MediaKind::Video, "av1", "90000") => av1(number, formats),
        _ => None,
    }
}

/// RFC 7587 §6.1: in-band FEC is always welcome, the rest as the client wants it.
fn opus(number: u8, formats: &Formats<'_>) -> String {
    let mut words: Vec<String> = formats
        .parameters(number)
        .filter(|(key, value)| OPUS_ECHOED.contains(key) && is_number(value))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    words.push("useinbandfec=1".to_owned());
    words.join(";")
}

/// RFC 9628, media type video/VP9; without a profile-id it is 0.
fn vp9(number: u8, formats: &Formats<'_>) -> Option<Recognised> {
    let offered = formats.parameter(number, "profile-id");
    let profile = offered.unwrap_or("0").parse::<u8>().ok().filter(|profile| *profile <= 3)?;
    Some((Codec::Vp9 { profile }, "VP9/90000", "90000", offered.map(|_| format!("profile-id={profile}"))))
}

/// AV1 RTP payload specification; without a profile it is 0 (Main).
fn av1(number: u8, formats: &Formats<'_>) -> Option<Recognised> {
    let profile =
        formats.parameter(number, "profile").unwrap_or("0").parse::<u8>().ok().filter(|profile| *profile <= 2)?;
    let words: Vec<String> = formats
        .parameters(number)
        .filter(|(key, value)| matches!(*key, "level-idx" | "profile" | "tier") && is_number(value))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Some((Codec::Av1 { profile }, "AV1/90000", "90000", Some(words.join(";")).filter(|words| !words.is_empty())))
}

/// RFC 6184 §8.2.2: mode 1 alone is forwarded; profiles must match, levels need not.
fn h264(number: u8, formats: &Formats<'_>) -> Option<Recognised> {
    if formats.parameter(number, "packetization-mode") != Some("1") {
        return None;
    }
    let level = formats.parameter(number, "profile-level-id").unwrap_or(H264_PROFILE_LEVEL_DEFAULT);
    let profile = h264_profile(level)?;
    let fmtp = format!("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={level}");
    Some((Codec::H264 { profile }, "H264/90000", "90000", Some(fmtp)))
}

/// RFC 6184 table 5: profile_idc and the constraint bits of profile-iop that count.
fn h264_profile(level: &str) -> Option<H264Profile> {
    if level.len() != 6 {
        return None;
    }
    let [_, idc, iop, _] = u32::from_str_radix(level, 16).ok()?.to_be_bytes();
    match (idc, iop) {
        (0x42, iop) if iop & 0x4f == 0x40 => Some(H264Profile::ConstrainedBaseline),
        (0x4d, iop) if iop & 0x8f == 0x80 => Some(H264Profile::ConstrainedBaseline),
        (0x58, iop) if iop & 0xcf == 0xc0 => Some(H264Profile::ConstrainedBaseline),
        (0x42, iop) if iop & 0x4f == 0x00 => Some(H264Profile::Baseline),
        (0x58, iop) if iop & 0xcf == 0x80 => Some(H264Profile::Baseline),
        (0x4d, iop) if iop & 0xaf == 0x00 => Some(H264Profile::Main),
        (0x64, 0x00) => Some(H264Profile::High),
        (0x64, 0x0c) => Some(H264Profile::ConstrainedHigh),
        (0xf4, 0x00) => Some(H264Profile::PredictiveHigh444),
        _ => None,
    }
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Names of what a section offers, for the error that says nothing fits; repairs and their like are not worth naming.
pub(super) fn names<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for attribute in attributes.filter(|attribute| attribute.key == "rtpmap") {
        let value = attribute.value.as_deref().unwrap_or_default();
        let name = super::text::excerpt(
            value.split_whitespace().nth(1).and_then(|map| map.split('/').next()).unwrap_or_default(),
        );
        let is_repair = ["rtx", "ulpfec", "flexfec-03", "CN", "telephone-event", ""].contains(&name.as_str());
        if !is_repair && names.len() < SDP_CODEC_NAMES_MAX && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

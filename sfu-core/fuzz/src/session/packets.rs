//! RTP and RTCP as a client may write them that has the keys: mostly well-formed, and of any content.

use super::super::input::Input;
use super::super::marks::{
    AUDIO_LEVEL, MID, Mark, OPUS, Plain, REPAIRED_RID, RID, TRANSPORT_CC, VP8, VP8_RTX, feedback, opus, packet,
    sender_report, vp8,
};

/// SSRCs of everybody: they collide, and some of them nobody said anything of.
pub const SSRCS: [u32; 8] = [1_000, 1_000, 1_001, 1_002, 1_100, 1_100, 1_003, 7];
/// So that sequence numbers come round early.
pub const LAST_INDEX_BEFORE: u64 = 65_400;
/// How far an index is from the highest of its SSRC. Never so far that the rollover count is lost.
pub const INDEX_STEPS: [i64; 12] = [1, 1, 1, 1, 1, 1, 2, 3, 0, -3, 300, 20_000];
const RIDS: [&str; 5] = ["", "", "l", "h", "x"];
const MIDS: [&str; 6] = ["", "0", "1", "1", "2", "no-such"];
/// Bytes of a payload that is filled up; the last is what just fits a datagram.
const FILLED: [usize; 6] = [0, 0, 40, 200, 900, 1_300];
const PAYLOAD_TYPES: [u8; 10] = [VP8, VP8, VP8, VP8, OPUS, OPUS, VP8_RTX, VP8_RTX, 63, 0];
/// The end of every payload: a room's number and its complement follow.
const ROOM_MARK: [u8; 4] = [0xc5, 0x3a, 0x5c, 0xa3];

/// The room that a payload says it comes from.
pub fn room_of(payload: &[u8]) -> Option<u8> {
    let [a, b, c, d, room, complement] = *payload.last_chunk()?;
    ([a, b, c, d] == ROOM_MARK && complement == !room).then_some(room)
}

fn payload(input: &mut Input<'_>, payload_type: u8, room: u8) -> Vec<u8> {
    let shape = input.byte();
    let mark = Mark {
        publisher: room,
        encoding: shape & 3,
        key: shape & 0x1c == 0,
        index: u8::from(shape & 0x20 != 0),
        count: 1,
        frame: 0,
        captured_ms: 0,
        needs_back: 0,
    };
    // The layer is drawn with the count of the lowest.
    let picture = |id: u16, tl0: u8| vp8(mark, id, tl0, (tl0 >> 6, tl0 & 0x20 != 0), 0);
    let mut payload = match payload_type {
        _ if shape & 0xc0 == 0xc0 => tail(input).to_vec(),
        OPUS => opus(mark),
        VP8_RTX => {
            let number = input.word().to_be_bytes();
            [&number[..], &picture(input.word(), input.byte())].concat()
        }
        _ => picture(input.word() & 0x7fff, input.byte()),
    };
    // Some of what a well-made payload says is exchanged.
    if shape & 0xc0 == 0x80 && !payload.is_empty() {
        let at = usize::from(input.byte()) % payload.len();
        payload[at] = input.byte();
    }
    let filled = input.choose(&FILLED);
    payload.resize(filled.max(payload.len()), 0x55);
    payload.extend(ROOM_MARK);
    payload.extend([room, !room]);
    payload
}

/// A packet under this name; `ticks` is the time of its media clock.
pub fn rtp(input: &mut Input<'_>, (ssrc, index): (u32, u64), ticks: u32, room: u8) -> Plain {
    let shape = input.byte();
    let payload_type = if shape & 7 == 7 { input.byte() & 0x7f } else { input.choose(&PAYLOAD_TYPES) };
    let timestamp = if shape & 0x18 == 0 { u32::from(input.word()) << 16 } else { ticks };
    let (mid, rid) = (input.choose(&MIDS), input.choose(&RIDS));
    let (level, number) = ([input.byte()], [input.byte(), input.byte()]);
    let payload = payload(input, payload_type, room);
    let rid_id = if payload_type == VP8_RTX { REPAIRED_RID } else { RID };
    let known: [(u8, &[u8]); 4] =
        [(MID, mid.as_bytes()), (rid_id, rid.as_bytes()), (AUDIO_LEVEL, &level), (TRANSPORT_CC, &number)];
    let used = if shape & 0x20 == 0 { &known[..] } else { &[] };
    let plain = packet((ssrc, payload_type, index), shape & 0x40 != 0, timestamp, used, &payload);
    if shape & 0xa0 == 0xa0 { with_any_header(input, plain) } else { plain }
}

/// Contributors, extensions of any form and padding (RFC 3550 §5.1) in a packet that has none of them.
fn with_any_header(input: &mut Input<'_>, plain: Plain) -> Plain {
    let contributors = input.choose(&[0_u8, 0, 1, 15]);
    let words = input.byte() % 16;
    let profile = input.choose(&[[0xbe, 0xde], [0xbe, 0xde], [0x10, 0x00], [0x12, 0x34]]);
    let mut header = plain.bytes[..plain.header_len].to_vec();
    header[0] |= 0x10 | contributors;
    header.resize(header.len() + 4 * usize::from(contributors), 1);
    header.extend(profile);
    header.extend([0, words]);
    header.extend((0..4 * usize::from(words)).map(|_| input.byte()));
    let header_len = header.len();
    header.extend(&plain.bytes[plain.header_len..]);
    if input.byte() & 1 == 1 {
        header[0] |= 0x20;
        // Padding that is said to be longer than it is would eat the mark: it may, then the packet says no room.
        header.extend([0, 0, input.choose(&[3, 3, 3, 0, 255])]);
    }
    Plain { header_len, bytes: header, ..plain }
}

/// A compound of up to three packets. `streams`: SSRCs that may be meant, each with the number that was sent last on it.
pub fn rtcp(input: &mut Input<'_>, streams: &[(u32, u16)]) -> Vec<u8> {
    let mut compound = vec![];
    for _ in 0..=input.byte() % 3 {
        let place = usize::from(input.byte()) % streams.len().max(1);
        let (media, last) = streams.get(place).copied().unwrap_or((1, 0));
        compound.extend(one(input, media, last));
    }
    compound.truncate(1_200);
    compound
}

fn one(input: &mut Input<'_>, media: u32, last: u16) -> Vec<u8> {
    match input.byte() % 12 {
        0..=2 => {
            let pairs = input.choose(&[1_u8, 1, 2, 8, 120]);
            let pair = |_| [last.wrapping_sub(u16::from(input.byte())).to_be_bytes(), input.word().to_be_bytes()];
            feedback(1, 205, 1, media, &(0..pairs).flat_map(pair).flatten().collect::<Vec<u8>>())
        }
        3 => feedback(1, 206, 1, media, &[]),
        4 => feedback(4, 206, 1, 0, &[&media.to_be_bytes()[..], &[input.byte(), 0, 0, 0]].concat()),
        5 => {
            let (base, count) = (input.word().to_be_bytes(), input.word().to_be_bytes());
            let head = [base[0], base[1], count[0], count[1], 0, 0, input.byte(), input.byte()];
            feedback(15, 205, 1, media, &padded(&[&head, tail(input)].concat()))
        }
        6 => {
            let head = [b'R', b'E', b'M', b'B', input.byte() % 4, input.byte(), input.byte(), input.byte()];
            feedback(15, 206, 1, 0, &[&head[..], &media.to_be_bytes()].concat())
        }
        7 | 8 => {
            let ssrc = input.choose(&SSRCS);
            let ntp = u64::from(input.word()) << (input.byte() % 48);
            sender_report(ssrc, ntp, u32::from(input.word()) << 12)
        }
        9 => {
            // A receiver report with one block (RFC 3550 §6.4.2).
            let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
            report.extend(media.to_be_bytes());
            report.extend((0..20).map(|_| input.byte()));
            report
        }
        10 => {
            let (kind, body) = (input.choose(&[202, 203, 204, 207]), padded(tail(input)));
            let words = u8::try_from(body.len() / 4).unwrap_or(0);
            [&[0x80 | (input.byte() & 0x1f), kind, 0, words][..], &body].concat()
        }
        _ => tail(input).to_vec(),
    }
}

fn tail<'a>(input: &mut Input<'a>) -> &'a [u8] {
    let count = usize::from(input.byte() % 96);
    input.take(count)
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

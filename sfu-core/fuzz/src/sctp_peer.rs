//! A peer that writes its SCTP packets itself, and so can write any.
#![allow(dead_code, reason = "the fuzz target and the tests use a part each")]

use std::time::Instant;

use bytes::Bytes;
use sfu_core::transport::DataChannels;

pub const DATA: u8 = 0;
pub const INIT: u8 = 1;
pub const SACK: u8 = 3;
pub const ABORT: u8 = 6;
pub const ERROR: u8 = 9;
pub const COOKIE_ECHO: u8 = 10;
pub const RE_CONFIG: u8 = 130;
pub const FORWARD_TSN: u8 = 192;

/// Tag and first number of a peer.
#[derive(Debug, Clone, Copy)]
pub struct SctpPeer {
    /// The server's tag.
    pub tag: u32,
    /// The number of its next chunk.
    pub next: u32,
    /// The number before the server's first chunk.
    pub received: u32,
}

/// CRC-32C (RFC 9260 appendix A).
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// A packet of chunks that are complete already.
pub fn packet(tag: u32, chunks: &[u8]) -> Bytes {
    let mut packet = vec![0x13, 0x88, 0x13, 0x88];
    packet.extend(tag.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend(chunks);
    let checksum = checksum(&packet).to_le_bytes();
    packet[8..12].copy_from_slice(&checksum);
    packet.into()
}

/// A chunk with its padding.
pub fn chunk(kind: u8, flags: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    let mut chunk = vec![kind, flags];
    chunk.extend(length.to_be_bytes());
    chunk.extend(value);
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    chunk
}

/// A DATA chunk; flags: 1 ends a message, 2 begins one, 4 is out of order.
pub fn data(flags: u8, tsn: u32, (stream, number): (u16, u16), kind: u32, body: &[u8]) -> Vec<u8> {
    let head = [&tsn.to_be_bytes()[..], &stream.to_be_bytes(), &number.to_be_bytes(), &kind.to_be_bytes()].concat();
    chunk(DATA, flags, &[&head, body].concat())
}

pub fn init(tag: u32, first: u32) -> Bytes {
    let mut value = tag.to_be_bytes().to_vec();
    value.extend(100_000_u32.to_be_bytes());
    value.extend([1, 0, 1, 0]);
    value.extend(first.to_be_bytes());
    // Forward TSN is supported, and so is re-configuration.
    value.extend([0xc0, 0, 0, 4, 0x80, 8, 0, 6, FORWARD_TSN, RE_CONFIG, 0, 0]);
    packet(0, &chunk(INIT, 0, &value))
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

impl SctpPeer {
    /// Sets an association up; chunks count from `first`.
    pub fn connect(now: Instant, channels: &mut DataChannels, first: u32) -> Self {
        channels.handle_packet(now, init(7, first));
        let answer = channels.poll_packet().unwrap();
        assert_eq!((be32(&answer, 4), answer[12]), (7, 2));
        let (tag, received) = (be32(&answer, 16), be32(&answer, 28).wrapping_sub(1));
        let mut parameters = &answer[32..];
        let cookie = loop {
            let length = usize::from(u16::from_be_bytes([parameters[2], parameters[3]]));
            if parameters[..2] == [0, 7] {
                break &parameters[4..length];
            }
            parameters = &parameters[length.next_multiple_of(4)..];
        };
        channels.handle_packet(now, packet(tag, &chunk(COOKIE_ECHO, 0, cookie)));
        assert_eq!(channels.poll_packet().unwrap()[12], 11, "the cookie is acknowledged");
        Self { tag, next: first, received }
    }

    pub fn packet(&self, chunks: &[u8]) -> Bytes {
        packet(self.tag, chunks)
    }

    /// A whole message under the next number.
    pub fn message(&mut self, stream: u16, number: u16, kind: u32, body: &[u8]) -> Bytes {
        let tsn = self.next;
        self.next = self.next.wrapping_add(1);
        self.packet(&data(3, tsn, (stream, number), kind, body))
    }

    /// Opens a reliable channel.
    pub fn open(&mut self, stream: u16, label: &str) -> Bytes {
        let mut open = vec![3, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(label.len()).unwrap(), 0, 0];
        open.extend(label.as_bytes());
        self.message(stream, 0, 50, &open)
    }
}

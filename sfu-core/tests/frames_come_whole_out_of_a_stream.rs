//! RFC 4571: whatever pieces a stream comes in, the same datagrams come out of it, and nothing longer than is taken.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use proptest::collection::vec;
use proptest::prelude::*;
use sfu_core::limits::FRAME_BYTES_MAX;
use sfu_core::transport::{Deframer, Frame, FrameTooLong, Protocol, append};

fn framed(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = vec![];
    datagrams.iter().for_each(|datagram| append(Protocol::Tcp, datagram, &mut stream));
    stream
}

fn read(deframer: &mut Deframer, mut bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, FrameTooLong> {
    let mut datagrams = vec![];
    deframer.push(&mut bytes, |datagram| datagrams.push(datagram.to_vec()))?;
    Ok(datagrams)
}

proptest! {
    #[test]
    fn what_was_framed_comes_out_however_it_is_cut(
        datagrams in vec(vec(any::<u8>(), 1..300), 0..12),
        cuts in vec(1_usize..200, 1..40),
    ) {
        let stream = framed(&datagrams);
        let (mut deframer, mut out, mut rest) = (Deframer::default(), vec![], stream.as_slice());
        for cut in cuts.iter().cycle() {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            out.extend(read(&mut deframer, piece.to_vec()).unwrap());
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(out, datagrams);
        prop_assert!(deframer.is_between_frames());
    }
}

#[test]
fn every_cut_of_a_stream_gives_the_same() {
    let datagrams = [vec![1; 3], vec![2], vec![3; 700]];
    let stream = framed(&datagrams);
    for cut in 0..=stream.len() {
        let mut deframer = Deframer::default();
        let mut out = read(&mut deframer, stream[..cut].to_vec()).unwrap();
        out.extend(read(&mut deframer, stream[cut..].to_vec()).unwrap());
        assert_eq!(out, datagrams, "cut at {cut}");
    }
}

#[test]
fn empty_frames_say_nothing() {
    let mut deframer = Deframer::default();
    assert_eq!(read(&mut deframer, vec![0, 0, 0, 0, 0, 1, 7, 0]).unwrap(), [[7]]);
    assert_eq!(read(&mut deframer, vec![0, 0, 1, 8]).unwrap(), [[8]]);
    assert!(deframer.is_between_frames());
}

#[test]
fn the_longest_frame_is_taken_and_one_byte_more_is_not_before_any_of_it_came() {
    let longest = vec![5; FRAME_BYTES_MAX];
    assert_eq!(read(&mut Deframer::default(), framed(std::slice::from_ref(&longest))).unwrap(), [longest]);
    let bytes = FRAME_BYTES_MAX + 1;
    let [high, low] = u16::try_from(bytes).unwrap().to_be_bytes();
    assert_eq!(read(&mut Deframer::default(), vec![high, low]), Err(FrameTooLong { bytes }));
    let mut deframer = Deframer::default();
    assert_eq!(read(&mut deframer, vec![high]), Ok(vec![]));
    assert_eq!(read(&mut deframer, vec![low]), Err(FrameTooLong { bytes }));
}

#[test]
fn datagrams_may_be_decrypted_where_they_lie() {
    let mut deframer = Deframer::default();
    let mut stream = framed(&[vec![1; 4], vec![2; 4]]);
    let (first, second) = stream.split_at_mut(9);
    let mut seen = vec![];
    for piece in [first, second] {
        deframer
            .push(piece, |datagram| {
                datagram.iter_mut().for_each(|byte| *byte ^= 0xff);
                seen.push(datagram.to_vec());
            })
            .unwrap();
    }
    assert_eq!(seen, [[0xfe; 4], [0xfd; 4]]);
}

#[test]
fn over_udp_a_datagram_is_its_bytes_alone() {
    let mut out = vec![9];
    append(Protocol::Udp, &[1, 2], &mut out);
    assert_eq!(out, [9, 1, 2]);
    append(Protocol::Tcp, &[1, 2], &mut out);
    assert_eq!(out, [9, 1, 2, 0, 2, 1, 2]);
    let frame = Frame::begin(Protocol::Tcp, &mut out);
    out.push(1);
    frame.cancel(&mut out);
    assert_eq!(out.len(), 7);
}

#[test]
fn what_no_length_can_say_is_not_framed() {
    let mut out = vec![9];
    append(Protocol::Tcp, &vec![0; 65_536], &mut out);
    assert_eq!(out, [9]);
}

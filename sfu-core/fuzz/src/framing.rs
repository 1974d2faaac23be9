//! A byte stream of frames (RFC 4571), in whatever pieces it comes.

use sfu_core::limits::FRAME_BYTES_MAX;
use sfu_core::transport::{Deframer, Protocol, append};

/// The first byte is the size of the pieces, the rest is the stream. The same frames come out as when it comes whole, and framed
/// again they are the stream, but for empty ones and for a rest without its end.
pub fn framing(data: &[u8]) {
    let Some((piece, stream)) = data.split_first() else { return };
    let whole = read(stream, stream.len().max(1));
    assert_eq!(read(stream, usize::from(*piece).max(1)), whole);
    let mut again = vec![];
    for datagram in &whole.datagrams {
        assert!(!datagram.is_empty() && datagram.len() <= FRAME_BYTES_MAX);
        append(Protocol::Tcp, datagram, &mut again);
    }
    assert_eq!(read(&again, 1), Read { datagrams: whole.datagrams, ended: false });
}

#[derive(Debug, PartialEq, Eq)]
struct Read {
    datagrams: Vec<Vec<u8>>,
    ended: bool,
}

fn read(stream: &[u8], piece: usize) -> Read {
    let (mut deframer, mut datagrams) = (Deframer::default(), vec![]);
    for bytes in stream.chunks(piece) {
        let pushed = deframer.push(&mut bytes.to_vec(), |datagram| datagrams.push(datagram.to_vec()));
        if pushed.is_err() {
            return Read { datagrams, ended: true };
        }
    }
    Read { datagrams, ended: false }
}

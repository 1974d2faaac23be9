//! A server's first exchange (RFC 6347 §4.2.1), in front of the library: until a ClientHello comes with our cookie, each is
//! answered with a HelloVerifyRequest and forgotten. Whoever forges a peer's address never sees the cookie, and so begins no
//! handshake that the peer's own would have to get past.
//!
//! Invariant: of a ClientHello without the cookie nothing is kept once it is complete.

use crypto::RTCCryptoProvider;

use super::client_hello::{CLIENT_HELLO, best_profile, split_cookie};
use super::dtls_reassembly::{Message, Pushed, Reassembly};
use super::dtls_record::{Fragment, HANDSHAKE, plain_record_header, whole_message_header};
use super::srtp_keys::SrtpProfile;

/// Bytes of a cookie: the library's.
const COOKIE_BYTES: usize = 20;
/// Handshake message type of a HelloVerifyRequest.
const HELLO_VERIFY_REQUEST: u8 = 3;
/// DTLS 1.2, as the library answers.
const VERSION: [u8; 2] = [254, 253];
/// Messages of a client before it has proven anything: its ClientHello without and with the cookie.
const HELLOS: usize = 2;

/// What a client must give back.
pub(super) type Cookie = [u8; COOKIE_BYTES];

/// A ClientHello with our cookie.
#[derive(Debug)]
pub(super) struct ProvenHello {
    /// As it came, and so as it counts for the handshake's hash.
    pub(super) message: Message,
    /// As it would have come without the cookie, for the library, which expects that one first.
    pub(super) without_cookie: Message,
    /// The best profile that both can, if there is one.
    pub(super) profile: Option<SrtpProfile>,
}

/// What a fragment led to.
#[derive(Debug)]
pub(super) enum Heard {
    /// More is missing.
    Nothing,
    /// A ClientHello without our cookie: to be answered by [`HelloVerify::request`].
    Unproven,
    Proven(Box<ProvenHello>),
    /// No ClientHello, or one that cannot be read.
    Malformed,
    /// Over a limit of reassembly, or of a message that cannot come yet.
    Refused,
}

/// The exchange with one peer.
#[derive(Debug)]
pub(super) struct HelloVerify {
    cookie: Cookie,
    hellos: [Reassembly; HELLOS],
}

impl HelloVerify {
    /// `None` where the process has no randomness.
    pub(super) fn new(provider: &dyn RTCCryptoProvider) -> Option<Self> {
        let mut cookie = Cookie::default();
        provider.random().fill(&mut cookie).ok()?;
        Some(Self { cookie, hellos: [Reassembly::default(), Reassembly::after(0)] })
    }

    pub(super) fn cookie(&self) -> Cookie {
        self.cookie
    }

    /// Takes in one fragment. One that contradicts what is there takes its place: either may be forged, and the peer repeats.
    pub(super) fn push(&mut self, fragment: Fragment<'_>) -> Heard {
        let place = usize::from(fragment.message_seq);
        let Some(hello) = self.hellos.get_mut(place) else { return Heard::Refused };
        let fresh = || if place == 0 { Reassembly::default() } else { Reassembly::after(0) };
        if hello.push(fragment) == Pushed::Refused {
            *hello = fresh();
            if hello.push(fragment) == Pushed::Refused {
                return Heard::Refused;
            }
        }
        let Some(message) = hello.next_message() else { return Heard::Nothing };
        *hello = fresh();
        self.hear(message)
    }

    /// A HelloVerifyRequest with our cookie, as a datagram.
    pub(super) fn request(&self) -> Vec<u8> {
        let body_len = 3 + COOKIE_BYTES;
        let (Ok(len), Ok(cookie_len)) = (u16::try_from(body_len), u8::try_from(COOKIE_BYTES)) else {
            return Vec::new();
        };
        let header = whole_message_header(HELLO_VERIFY_REQUEST, 0, len);
        let Ok(record_len) = u16::try_from(header.len() + body_len) else { return Vec::new() };
        let record = plain_record_header(HANDSHAKE, 0, record_len);
        [&record[..], &header, &VERSION, &[cookie_len], &self.cookie].concat()
    }

    fn hear(&self, message: Message) -> Heard {
        if message.message_type != CLIENT_HELLO {
            return Heard::Malformed;
        }
        let (Ok(profile), Some((before, cookie, after))) = (best_profile(&message.body), split_cookie(&message.body))
        else {
            return Heard::Malformed;
        };
        // The library counts messages: the one with the cookie is the second.
        if cookie != self.cookie || message.message_seq != 1 {
            return Heard::Unproven;
        }
        let body = [before, &[0], after].concat();
        let without_cookie = Message { message_type: CLIENT_HELLO, message_seq: 0, body };
        Heard::Proven(Box::new(ProvenHello { message, without_cookie, profile }))
    }
}

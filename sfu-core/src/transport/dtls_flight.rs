//! Our last DTLS flight and when to send it again (RFC 6347 §4.2.4). The library loses its retransmit timer whenever a
//! handshake record comes in, so its timer is out of use and this one stands for it.
//!
//! Most repeats are byte-identical: they help only if the first sending was lost, and then no replay window knows it; if it
//! was not, the peer's own timer brings its answer. Two answers have no timer: a HelloVerifyRequest (§4.2.1) and a server's
//! last flight. So the client's flights before those are made anew by the library, under new record numbers.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::drop_reason::DropReason;
use crate::limits::DTLS_REPEATS_AFTER_HANDSHAKE_MAX;

/// First wait for an answer. Above most round trips, and short enough that a lost datagram is hardly felt.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
/// Longest wait; doubles up to here. Seven repeats, the most that the library makes, then fill `DTLS_HANDSHAKE_MAX`.
const INTERVAL_MAX: Duration = Duration::from_millis(3_200);
/// The peer's own repeats are answered at most this often, so that a repeat over two datagrams is answered once.
const REPEAT_GAP: Duration = Duration::from_millis(50);

/// How a flight is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    Identical,
    /// By the library, under new record numbers.
    MadeAnew,
}

/// The datagrams sent last, until the peer's next flight proves that they came through.
#[derive(Debug)]
pub(super) struct Flight {
    datagrams: Vec<Bytes>,
    repeat: Repeat,
    sent: Option<Instant>,
    interval: Duration,
    resend: Option<Instant>,
    repeats_left: u8,
}

impl Default for Flight {
    fn default() -> Self {
        Self {
            datagrams: Vec::new(),
            repeat: Repeat::Identical,
            sent: None,
            interval: INTERVAL_MIN,
            resend: None,
            repeats_left: DTLS_REPEATS_AFTER_HANDSHAKE_MAX,
        }
    }
}

impl Flight {
    /// A new flight went out.
    pub(super) fn sent(&mut self, now: Instant, datagrams: Vec<Bytes>, repeat: Repeat) {
        self.datagrams = datagrams;
        self.repeat = repeat;
        self.sent = Some(now);
        self.interval = INTERVAL_MIN;
        self.resend = Some(now + INTERVAL_MIN);
    }

    /// The handshake is done: no more timer; a server's last flight is kept for a peer that did not get it.
    pub(super) fn finish(&mut self) {
        self.resend = None;
        self.datagrams.shrink_to_fit();
    }

    /// Forgets the flight.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether none was sent yet.
    pub(super) fn is_first(&self) -> bool {
        self.sent.is_none()
    }

    /// The library made the flight anew.
    pub(super) fn made_anew(&mut self, datagrams: Vec<Bytes>) {
        self.datagrams = datagrams;
    }

    /// The flight as it was sent.
    pub(super) fn datagrams(&self) -> &[Bytes] {
        &self.datagrams
    }

    /// When the flight is due again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.resend
    }

    /// How to send the flight again at `now`, if it is due because no answer came; waits twice as long from here.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Repeat> {
        if now < self.resend? {
            return None;
        }
        self.interval = (self.interval * 2).min(INTERVAL_MAX);
        self.resend = Some(now + self.interval);
        self.sent = Some(now);
        Some(self.repeat)
    }

    /// The flight to send again because the peer repeated its own.
    pub(super) fn answer_to_repeat(&mut self, now: Instant) -> Result<&[Bytes], DropReason> {
        let too_soon = self.sent.is_none_or(|sent| now.saturating_duration_since(sent) < REPEAT_GAP);
        if too_soon {
            return Ok(&[]);
        }
        if self.resend.is_none() {
            self.repeats_left = self.repeats_left.checked_sub(1).ok_or(DropReason::DtlsRepeatLimit)?;
        }
        self.sent = Some(now);
        Ok(&self.datagrams)
    }
}

//! Why a datagram was not let through, and how often each reason occurred. A bad packet is counted and forgotten.

macro_rules! drop_reasons {
    ($( $(#[$doc:meta])* $reason:ident $field:ident $text:literal; )*) => {
        /// Why one datagram (or part of one) was dropped; an outcome, never a reason to end anything.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum DropReason {
            $( $(#[$doc])* #[error($text)] $reason, )*
        }

        /// How often each [`DropReason`] occurred in one transport.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct TransportCounters {
            $( $(#[$doc])* pub $field: u64, )*
        }

        impl TransportCounters {
            /// Counts one drop.
            pub fn count(&mut self, reason: DropReason) {
                let counter = match reason { $( DropReason::$reason => &mut self.$field, )* };
                *counter = counter.saturating_add(1);
            }

            /// Drops for one reason.
            pub fn get(&self, reason: DropReason) -> u64 {
                match reason { $( DropReason::$reason => self.$field, )* }
            }

            /// Every counter with its name, in a fixed order.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$( (stringify!($field), self.$field), )*].into_iter()
            }

            /// Adds another transport's counters, for the shard's totals.
            pub fn add(&mut self, other: &Self) {
                $( self.$field = self.$field.saturating_add(other.$field); )*
            }
        }
    };
}

drop_reasons! {
    /// Not a well-formed STUN message.
    StunMalformed stun_malformed "malformed STUN message";
    /// STUN, but no binding request.
    StunNotRequest stun_not_request "STUN message that is not a binding request";
    /// USERNAME names no ICE generation of this transport.
    StunUsername stun_username "STUN request for other credentials";
    /// MESSAGE-INTEGRITY is missing or wrong.
    StunIntegrity stun_integrity "STUN request without valid integrity";
    /// FINGERPRINT is wrong.
    StunFingerprint stun_fingerprint "STUN request with a wrong fingerprint";
    /// The peer claims to be controlled too; answered with 487.
    StunRoleConflict stun_role_conflict "STUN request in the controlled role";
    /// The answer would have been too long for its request.
    StunAmplification stun_amplification "STUN answer would amplify";
    /// A verified address forgotten for a newer one; what it sends is dropped until it is verified again.
    IcePairLimit ice_pair_limit "too many verified addresses";
    /// DTLS, RTP or RTCP from an address whose message integrity was never verified.
    UnverifiedPair unverified_pair "address not verified by ICE";
    /// Not a DTLS record, or not one of an epoch that can be.
    DtlsMalformed dtls_malformed "malformed DTLS record";
    /// Application data or an alert in the clear.
    DtlsPlaintext dtls_plaintext "DTLS data in the clear";
    /// A record that the handshake's state has no use for.
    DtlsUnexpected dtls_unexpected "DTLS record out of place";
    /// A handshake fragment beyond the reassembly limit, or one that contradicts the others.
    DtlsReassembly dtls_reassembly "DTLS fragment refused";
    /// A handshake flight repeated after the handshake and not answered any more.
    DtlsRepeatLimit dtls_repeat_limit "too many repeats of a DTLS flight";
    /// A STUN answer or DTLS datagram of ours that nobody fetched in time.
    DatagramLimit datagram_limit "too many datagrams wait to be sent";
    /// Application data that nobody fetched in time.
    EventLimit event_limit "too much application data waits";
    /// Media before the keys are there.
    NotConnected not_connected "transport not connected";
    /// The transport has ended.
    Closed closed "transport closed";
    /// Not an RTP packet.
    RtpMalformed rtp_malformed "malformed RTP packet";
    /// Longer than `PACKET_BYTES_MAX`.
    RtpTooLong rtp_too_long "RTP or RTCP packet too long";
    /// Seen before, or older than the replay window.
    RtpReplayed rtp_replayed "RTP packet replayed or too old";
    /// The authentication tag is wrong.
    RtpAuthentication rtp_authentication "RTP packet not authentic";
    /// Authentic, but one SSRC more than a transport may send.
    RtpSsrcLimit rtp_ssrc_limit "too many SSRCs";
    /// Not an SRTCP packet.
    RtcpMalformed rtcp_malformed "malformed RTCP packet";
    /// Seen before, or older than the replay window.
    RtcpReplayed rtcp_replayed "RTCP packet replayed or too old";
    /// The authentication tag is wrong.
    RtcpAuthentication rtcp_authentication "RTCP packet not authentic";
    /// Authentic, but one SSRC more than a transport may send.
    RtcpSsrcLimit rtcp_ssrc_limit "too many RTCP senders";
}

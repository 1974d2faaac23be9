//! SRTP and SRTCP under AEAD_AES_128_GCM (RFC 7714), by the library's contexts.
//!
//! Repeats are not refused here: a sequence number that comes twice is for the verification to find.

use bytes::{Bytes, BytesMut};
use crypto::RTCCryptoProvider;
use rtp::Packet;
use shared::marshal::Unmarshal;
use srtp::context::Context;
use srtp::protection_profile::ProtectionProfile;

const KEY_LEN: usize = 16;
const SALT_LEN: usize = 12;

/// Both directions of one client.
pub struct Keys {
    outgoing: Context,
    incoming: Context,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Bytes to ask of the DTLS exporter: two keys and two salts (RFC 5764 §4.2).
    pub const MATERIAL_LEN: usize = 2 * (KEY_LEN + SALT_LEN);

    /// The DTLS client's keys out of the exporter's bytes.
    pub fn of_client(material: &[u8], provider: &dyn RTCCryptoProvider) -> Result<Self, String> {
        let cut = || {
            let (client_key, rest) = material.split_at_checked(KEY_LEN)?;
            let (server_key, salts) = rest.split_at_checked(KEY_LEN)?;
            let (client_salt, server_salt) = salts.split_at_checked(SALT_LEN)?;
            Some((client_key, client_salt, server_key, server_salt))
        };
        let (client_key, client_salt, server_key, server_salt) = cut().ok_or("too few bytes for keys")?;
        let context = |key, salt| {
            Context::new(key, salt, ProtectionProfile::AeadAes128Gcm, None, None, provider.crypto())
                .map_err(|error| error.to_string())
        };
        Ok(Self { outgoing: context(client_key, client_salt)?, incoming: context(server_key, server_salt)? })
    }

    /// The other side of the same keys, for tests that play a server.
    #[cfg(test)]
    pub fn mirrored(self) -> Self {
        Self { outgoing: self.incoming, incoming: self.outgoing }
    }

    /// Checks and decrypts an RTP packet; `None` if it is not authentic.
    pub fn open_rtp(&mut self, datagram: &[u8]) -> Option<Packet> {
        let mut plain: Bytes = self.incoming.decrypt_rtp(datagram).ok()?.freeze();
        Packet::unmarshal(&mut plain).ok()
    }

    /// Checks and decrypts RTCP; `None` if it is not authentic.
    pub fn open_rtcp(&mut self, datagram: &[u8]) -> Option<BytesMut> {
        self.incoming.decrypt_rtcp(datagram).ok()
    }

    /// Protects RTCP; `None` if it is none.
    pub fn seal_rtcp(&mut self, plain: &[u8]) -> Option<BytesMut> {
        self.outgoing.encrypt_rtcp(plain).ok()
    }

    /// Protects an RTP packet; `None` if it is none.
    pub fn seal_rtp(&mut self, plain: &[u8]) -> Option<BytesMut> {
        self.outgoing.encrypt_rtp(plain).ok()
    }
}

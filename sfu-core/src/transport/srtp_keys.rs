//! From the secret that DTLS agreed on to the keys of each packet: RFC 5764 §4.2, RFC 3711 §4.3, RFC 7714 §11.

use std::fmt;

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use super::DtlsRole;

/// Bytes of a master or session encryption key, both profiles.
pub const KEY_BYTES: usize = 16;
/// Bytes of a salt in AES-CM; GCM uses the first 12.
pub const SALT_BYTES: usize = 14;
/// Bytes of a salt in GCM.
pub const GCM_SALT_BYTES: usize = 12;
/// Bytes of an HMAC-SHA1 key.
pub const AUTH_KEY_BYTES: usize = 20;

/// How SRTP protects packets (RFC 5764 §4.1.2, RFC 7714 §14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// AEAD_AES_128_GCM: 16 bytes of tag.
    AeadAes128Gcm,
    /// SRTP_AES128_CM_HMAC_SHA1_80: 10 bytes of tag.
    Aes128CmHmacSha1_80,
}

impl SrtpProfile {
    /// Bytes of this profile's master salt.
    pub fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm => GCM_SALT_BYTES,
            Self::Aes128CmHmacSha1_80 => SALT_BYTES,
        }
    }

    /// Bytes to ask of the DTLS exporter: two keys and two salts (RFC 5764 §4.2).
    pub fn keying_material_len(self) -> usize {
        2 * (KEY_BYTES + self.salt_len())
    }

    /// The profile's registered name, as webrtc-stats' `srtpCipher` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::Aes128CmHmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
        }
    }
}

/// One direction's master key and salt; a 12-byte salt is followed by zeros.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    pub key: [u8; KEY_BYTES],
    pub salt: [u8; SALT_BYTES],
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").finish_non_exhaustive()
    }
}

/// Both directions' master keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SrtpKeys {
    pub profile: SrtpProfile,
    /// Seals what we send.
    pub local: MasterKey,
    /// Opens what the peer sends.
    pub remote: MasterKey,
}

impl SrtpKeys {
    /// Cuts exported keying material (client key, server key, client salt, server salt); `None` unless its length fits.
    pub fn from_exporter(profile: SrtpProfile, material: &[u8], role: DtlsRole) -> Option<Self> {
        if material.len() != profile.keying_material_len() {
            return None;
        }
        let (client_key, rest) = material.split_first_chunk::<KEY_BYTES>()?;
        let (server_key, salts) = rest.split_first_chunk::<KEY_BYTES>()?;
        let (client_salt, server_salt) = salts.split_at_checked(profile.salt_len())?;
        let client = MasterKey { key: *client_key, salt: padded(client_salt) };
        let server = MasterKey { key: *server_key, salt: padded(server_salt) };
        Some(match role {
            DtlsRole::Client => Self { profile, local: client, remote: server },
            DtlsRole::Server => Self { profile, local: server, remote: client },
        })
    }

    /// The same keys as the other side holds them.
    pub fn mirrored(&self) -> Self {
        Self { profile: self.profile, local: self.remote.clone(), remote: self.local.clone() }
    }
}

fn padded(salt: &[u8]) -> [u8; SALT_BYTES] {
    let mut out = [0; SALT_BYTES];
    for (to, from) in out.iter_mut().zip(salt) {
        *to = *from;
    }
    out
}

/// What a derived key is for (RFC 3711 §4.3.1, §4.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    Rtp,
    Rtcp,
}

/// One direction's session keys of RTP or of RTCP.
#[derive(Clone)]
pub struct SessionKeys {
    pub cipher: [u8; KEY_BYTES],
    /// Unused by GCM.
    pub auth: [u8; AUTH_KEY_BYTES],
    /// GCM uses the first 12 bytes.
    pub salt: [u8; SALT_BYTES],
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionKeys").finish_non_exhaustive()
    }
}

impl SessionKeys {
    /// Derives with the AES-CM PRF and a key derivation rate of zero; `None` only if the provider fails.
    pub fn derive(master: &MasterKey, profile: SrtpProfile, key_use: KeyUse) -> Option<Self> {
        let [cipher_label, auth_label, salt_label] = match key_use {
            KeyUse::Rtp => [0, 1, 2],
            KeyUse::Rtcp => [3, 4, 5],
        };
        let mut keys = Self { cipher: [0; KEY_BYTES], auth: [0; AUTH_KEY_BYTES], salt: [0; SALT_BYTES] };
        prf(master, cipher_label, &mut keys.cipher)?;
        prf(master, auth_label, &mut keys.auth)?;
        prf(master, salt_label, keys.salt.get_mut(..profile.salt_len())?)?;
        Some(keys)
    }
}

/// AES in counter mode from `(label · 2⁴⁸ xor salt) · 2¹⁶` (RFC 3711 §4.3.3).
fn prf(master: &MasterKey, label: u8, out: &mut [u8]) -> Option<()> {
    let mut iv = [0; 16];
    for (to, from) in iv.iter_mut().zip(master.salt) {
        *to = from;
    }
    let [.., label_byte, _, _, _, _, _, _, _, _] = &mut iv;
    *label_byte ^= label;
    let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, &master.key).ok()?).ok()?;
    out.fill(0);
    key.less_safe_encrypt(out, EncryptionContext::Iv128(FixedLength::from(iv))).ok().map(|_| ())
}

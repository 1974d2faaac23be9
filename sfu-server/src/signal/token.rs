//! What a participant comes back with: who it was, and 128 bits that nobody can guess.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::limits::TOKEN_BYTES_MAX;

/// A resume token. Comparing takes the same time wherever two differ.
#[derive(Debug, Clone)]
pub struct Token {
    /// Number of the participant in its room; no secret.
    pub member: u64,
    secret: [u8; 16],
}

impl Token {
    /// Draws one.
    pub fn random(member: u64) -> Self {
        Self { member, secret: rand::random() }
    }

    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (member, secret) = text.split_once('.')?;
        if secret.len() != 32 || !secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let secret = u128::from_str_radix(secret, 16).ok()?.to_be_bytes();
        Some(Self { member: member.parse().ok()?, secret })
    }

    /// Whether both are the same.
    pub fn is(&self, other: &Self) -> bool {
        self.member == other.member && verify_slices_are_equal(&self.secret, &other.secret).is_ok()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:032x}", self.member, u128::from_be_bytes(self.secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_no_other() {
        let token = Token::random(7);
        let read = Token::parse(&token.to_string()).unwrap();
        assert!(read.is(&token));
        assert!(!Token::random(7).is(&token));
        let text = token.to_string();
        for wrong in ["", ".", "7.", "7", &text.replace("7.", "8."), &text[..text.len() - 1], &format!("{text}0")] {
            assert!(!Token::parse(wrong).is_some_and(|other| other.is(&token)), "{wrong:?}");
        }
    }
}

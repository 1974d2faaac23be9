//! Whether an answer is one that a client can begin with.

use super::description::Answer;
use crate::media::Codec;

/// An answer that a client cannot use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("the answer has no a={0}")]
    Missing(&'static str),
    #[error("the answer has a=setup:active, but a lean client is the DTLS client")]
    Setup,
    #[error("the answer rejects section {section}: {codec}")]
    Rejected { section: usize, codec: Codec },
    #[error("the answer has no a=ssrc in section {section}, {codec}: lean clients know a stream by it alone")]
    NoSsrc { section: usize, codec: Codec },
}

impl Answer {
    /// Whether every section that was offered was taken.
    ///
    /// # Errors
    /// [`AnswerError::Rejected`] names the first that was not.
    pub fn takes(&self, offered: &[Codec]) -> Result<(), AnswerError> {
        let rejected = |(section, _): &(usize, &Codec)| self.sections.get(*section).is_none_or(|it| it.rejected);
        let first = offered.iter().enumerate().find(rejected);
        first.map_or(Ok(()), |(section, codec)| Err(AnswerError::Rejected { section, codec: *codec }))
    }

    /// Whether every section that will receive says which stream it is.
    ///
    /// # Errors
    /// [`AnswerError::NoSsrc`] names the first that does not.
    pub fn tells_streams(&self, offered: &[Codec]) -> Result<(), AnswerError> {
        let unknown = |(section, _): &(usize, &Codec)| self.sections.get(*section).is_none_or(|it| it.ssrc.is_none());
        let first = offered.iter().enumerate().find(unknown);
        first.map_or(Ok(()), |(section, codec)| Err(AnswerError::NoSsrc { section, codec: *codec }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::description::{AnsweredSection, StampIds};
    use super::*;

    fn answer(sections: Vec<AnsweredSection>) -> Answer {
        Answer {
            ufrag: String::new(),
            pwd: String::new(),
            fingerprints: Vec::new(),
            candidate: "192.0.2.1:9".parse().unwrap(),
            sections,
            transport_cc: None,
            stamps: StampIds::default(),
        }
    }

    #[test]
    fn a_section_that_is_rejected_or_does_not_tell_its_stream_is_named() {
        let section = |rejected, ssrc| AnsweredSection { rejected, ssrc, rtx: None };
        let offered = [Codec::Opus, Codec::Av1];
        let rejected = Err(AnswerError::Rejected { section: 1, codec: Codec::Av1 });
        let whole = answer(vec![section(false, Some(1)), section(false, Some(2))]);
        assert_eq!((whole.takes(&offered), whole.tells_streams(&offered)), (Ok(()), Ok(())));
        assert_eq!(answer(vec![section(false, Some(1)), section(true, None)]).takes(&offered), rejected);
        assert_eq!(answer(vec![section(false, Some(1))]).takes(&offered), rejected, "it is not answered at all");
        let silent = answer(vec![section(false, None), section(false, Some(2))]);
        let unknown = AnswerError::NoSsrc { section: 0, codec: Codec::Opus };
        assert_eq!((silent.takes(&offered), silent.tells_streams(&offered)), (Ok(()), Err(unknown)));
    }
}

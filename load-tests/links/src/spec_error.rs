//! What is wrong with a link as somebody wrote it: what, where, and what to write instead.

use std::time::Duration;

/// A link or schedule that cannot be understood.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{part}` (character {column}): {problem}")]
pub struct SpecError {
    /// The words that it is about.
    pub part: String,
    /// Where they begin, characters from 1.
    pub column: usize,
    pub problem: Problem,
}

impl SpecError {
    pub(crate) fn new(part: &str, column: usize, problem: Problem) -> Self {
        Self { part: part.to_owned(), column, problem }
    }

    /// The same within a longer text in front of which `characters` stand.
    pub(crate) fn after(self, characters: usize) -> Self {
        Self { column: self.column + characters, ..self }
    }
}

/// Each says what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error(
        "there is no such effect; there are rate, queue, delay, jitter, order, loss, burst, gilbert, reorder, duplicate, \
         blackout and clear"
    )]
    Unknown,
    #[error("nothing is said here; write `clear` for a link that does nothing")]
    Empty,
    #[error("said twice; say it once")]
    Twice,
    #[error("it takes no value; write the word alone")]
    NeedsNoValue,
    #[error("it needs {what}, such as {example}")]
    NeedsValue { what: &'static str, example: &'static str },
    #[error("{value:?} is not {what}; write it as in {example}")]
    BadValue { value: String, what: &'static str, example: &'static str },
    #[error(
        "nothing leaves before it came: a jitter of {jitter:?} needs a delay as long, and it is {delay:?}; raise delay"
    )]
    JitterAboveDelay { jitter: Duration, delay: Duration },
    #[error("`gilbert` says all about loss; leave out `loss` and `burst`, or `gilbert`")]
    TwoLosses,
    #[error("`burst` is how many are lost in a row; say how many are lost in all with `loss`, as in loss=5%,burst=4")]
    BurstWithoutLoss,
    #[error("so much loss needs longer bursts than that; raise `burst`, or leave it out")]
    BurstTooShort,
    #[error("a step begins with its time and a colon, as in 10s:rate=300k")]
    StepWithoutTime,
    #[error("{0:?} is no time; write it as in 10s or 500ms")]
    BadTime(String),
    #[error("the first step begins at 0s; say there what the link is like at first")]
    FirstStepLater,
    #[error("steps follow each other in time; put this one where its time is, or correct the time")]
    NotLater,
    #[error("more than {max} steps; leave some out")]
    TooManySteps { max: usize },
}

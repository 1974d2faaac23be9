//! How a link changes over time: `0s:rate=3M;10s:rate=300k;20s:rate=3M`, or one link for good.

use std::str::FromStr;
use std::time::Duration;

use crate::spec::LinkSpec;
use crate::spec_error::{Problem, SpecError};
use crate::units::parse_duration;

/// A step each 100 ms for a quarter of an hour, as recorded traces have.
const STEPS_MAX: usize = 10_000;

/// The link from some time on, until the next step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// After the schedule's beginning.
    pub after: Duration,
    /// The whole link: nothing is kept of the step before.
    pub spec: LinkSpec,
}

/// Steps in the order of their times; the first is at 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    first: LinkSpec,
    later: Vec<Step>,
}

impl Default for Schedule {
    /// A link that does nothing.
    fn default() -> Self {
        Self::constant(LinkSpec::default())
    }
}

impl Schedule {
    pub fn constant(spec: LinkSpec) -> Self {
        Self { first: spec, later: Vec::new() }
    }

    /// How the link is at the beginning.
    pub fn first(&self) -> LinkSpec {
        self.first
    }

    /// The change after so many.
    pub fn change(&self, number: usize) -> Option<Step> {
        self.later.get(number).copied()
    }
}

impl FromStr for Schedule {
    type Err = SpecError;

    /// Steps are parted by `;` or by ends of lines; `#` begins a remark to the end of its line.
    fn from_str(text: &str) -> Result<Self, SpecError> {
        let steps = pieces(text);
        let [(column, only)] = steps.as_slice() else { return Self::of_steps(&steps) };
        if only.contains(':') {
            return Self::of_steps(&steps);
        }
        let spec = only.parse().map_err(|error: SpecError| error.after(column - 1))?;
        Ok(Self::constant(spec))
    }
}

impl Schedule {
    fn of_steps(pieces: &[(usize, &str)]) -> Result<Self, SpecError> {
        let mut steps: Vec<Step> = Vec::new();
        for (column, piece) in pieces {
            let at = |problem| SpecError::new(piece, *column, problem);
            if steps.len() == STEPS_MAX {
                return Err(at(Problem::TooManySteps { max: STEPS_MAX }));
            }
            let (time, spec) = piece.split_once(':').ok_or_else(|| at(Problem::StepWithoutTime))?;
            let after = parse_duration(time.trim()).ok_or_else(|| at(Problem::BadTime(time.trim().to_owned())))?;
            match steps.last() {
                None if !after.is_zero() => return Err(at(Problem::FirstStepLater)),
                Some(before) if after <= before.after => return Err(at(Problem::NotLater)),
                _ => {}
            }
            let spec = spec.parse().map_err(|error: SpecError| error.after(column + time.chars().count()))?;
            steps.push(Step { after, spec });
        }
        let mut steps = steps.into_iter();
        let first = steps.next().ok_or_else(|| SpecError::new("", 1, Problem::Empty))?;
        Ok(Self { first: first.spec, later: steps.collect() })
    }
}

/// What stands between separators and outside remarks, each with the number of its first character, from 1.
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut line_column = 1;
    for line in text.split('\n') {
        let said = line.split('#').next().unwrap_or_default();
        let mut column = line_column;
        for piece in said.split(';') {
            let blank = piece.chars().take_while(|c| c.is_whitespace()).count();
            if !piece.trim().is_empty() {
                found.push((column + blank, piece.trim()));
            }
            column += piece.chars().count() + 1;
        }
        line_column += line.chars().count() + 1;
    }
    found
}

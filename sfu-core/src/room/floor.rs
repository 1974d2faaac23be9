//! Who has the floor: speech is weighed over three spans at once, as in dominant speaker identification by Volfin and Cohen
//! (2012). The newest span says who speaks at all, the middle one bridges syllables, and the long one tells a speech from a
//! cough or a "yes".
//!
//! Each span is judged by the log-likelihood ratio of speech to silence, given in how many of its ticks there was a voice.
//! Somebody takes the floor who is likelier to speak than not over every span, and likelier than the holder by a margin
//! that grows with the span.

use super::tick::Tick;
use super::voice::Voice;

/// How likely a tick of speech has a voice in it, pauses between words included. One of silence has one as seldom as this
/// has none, so that noise at random needs half of a span to pass for speech.
const VOICED_IN_SPEECH: f32 = 0.8;

/// A span of ticks.
#[derive(Debug, Clone, Copy)]
struct Span {
    ticks: u32,
    /// By how many ticks' worth of evidence a rival must exceed the holder.
    margin_ticks: f32,
}

/// Who is silent over this is not speaking now. 200 ms.
const IMMEDIATE: Span = Span { ticks: 10, margin_ticks: 0.0 };
/// Bridges syllables. 500 ms.
const MEDIUM: Span = Span { ticks: 25, margin_ticks: 5.0 };
/// Half of it is longer than a cough or a "yes"; the margin is above what two who speak at once differ by. 1.2 s.
const LONG: Span = Span { ticks: 60, margin_ticks: 15.0 };

impl Span {
    /// Log-likelihood ratio of speech to silence.
    fn evidence(self, voice: &Voice, now: Tick) -> f32 {
        let voiced = whole(voice.prominent(now, self.ticks));
        (2.0 * voiced - whole(self.ticks)) * per_tick()
    }

    fn is_won(self, rival: &Voice, holder: Option<&Voice>, now: Tick) -> bool {
        let evidence = self.evidence(rival, now);
        let margin = 2.0 * self.margin_ticks * per_tick();
        evidence > 0.0 && holder.is_none_or(|holder| evidence > self.evidence(holder, now) + margin)
    }
}

/// What one voiced tick says for speech.
fn per_tick() -> f32 {
    (VOICED_IN_SPEECH / (1.0 - VOICED_IN_SPEECH)).ln()
}

/// Ticks of a span are few: exact.
fn whole(count: u32) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// Whether a voice takes the floor from its holder; a floor that nobody has is taken by whoever speaks first.
pub(super) fn takes(rival: &Voice, holder: Option<&Voice>, now: Tick) -> bool {
    let spans: &[Span] = if holder.is_some() { &[IMMEDIATE, MEDIUM, LONG] } else { &[IMMEDIATE, MEDIUM] };
    spans.iter().all(|span| span.is_won(rival, holder, now))
}

/// How much there is to be said for a voice, for choosing among several.
pub(super) fn weight(voice: &Voice, now: Tick) -> f32 {
    LONG.evidence(voice, now)
}

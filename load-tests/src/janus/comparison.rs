//! Our server and Janus under one load: whether what it cost them can be compared, and what must be known beside it.

use serde::Serialize;

use crate::bench::RowReport;
use crate::verify::Fault;

/// Words about wrong media that are repeated here.
const FAILURES_MAX: usize = 2;

/// Our server and Janus under one load.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    pub name: String,
    /// None where it could not be measured.
    pub ours: Option<RowReport>,
    /// By its default, and as who runs a large one sets it.
    pub janus: Vec<Option<RowReport>>,
    /// The cost of the better Janus by ours; none where ours, or none of them, did the whole work.
    pub ratio: Option<f64>,
    pub remarks: Vec<String>,
}

impl Compared {
    /// What `ours` and each `janus`, with its version, say together; words where one could not be measured.
    pub fn new(name: &str, ours: Result<RowReport, String>, janus: Vec<(Result<RowReport, String>, String)>) -> Self {
        let mut remarks = remarks_of(name, "ours", &ours, Whose::Ours);
        for (side, version) in &janus {
            remarks.extend(remarks_of(name, &format!("Janus {version}"), side, Whose::Janus));
        }
        let janus = janus.into_iter().map(|(side, _)| side.ok()).collect();
        let mut compared = Self { name: name.to_owned(), ours: ours.ok(), janus, ratio: None, remarks };
        let ratios = compared.janus.iter().flatten().filter_map(|janus| compared.ratio_of(janus));
        compared.ratio = ratios.min_by(f64::total_cmp);
        compared
    }

    /// The cost of one Janus by ours; none where one of them did not do the whole work.
    pub fn ratio_of(&self, janus: &RowReport) -> Option<f64> {
        Some(janus.cost()?.median / self.ours.as_ref()?.cost()?.median)
    }

    /// Whether something came that no server may send, whatever was lost.
    pub fn is_broken(&self) -> bool {
        self.ours.iter().any(|row| Whose::Ours.is_broken(row))
            || self.janus.iter().flatten().any(|row| Whose::Janus.is_broken(row))
    }
}

/// Who is looked at: a start without a keyframe is wrong of ours alone, as Janus forwards from the packet that comes next, and the
/// picture begins with the keyframe that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Janus,
}

impl Whose {
    /// Whether there are faults that no loss explains.
    fn is_broken(self, row: &RowReport) -> bool {
        let is_wrong = |fault: &Fault| match fault {
            Fault::NotKeyframeStart => self == Self::Ours,
            other => !other.may_follow_loss(),
        };
        row.faults.keys().any(is_wrong)
    }
}

fn remarks_of(name: &str, who: &str, side: &Result<RowReport, String>, whose: Whose) -> Vec<String> {
    let words = side.as_ref().map_or_else(|why| vec![format!("not measured: {why}")], |row| remarks_on(row, whose));
    words.into_iter().map(|words| format!("{name}, {who}: {words}")).collect()
}

fn remarks_on(row: &RowReport, whose: Whose) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(words) = row.shortfall() {
        remarks.push(format!("{words}, so there is no ratio"));
    } else if row.lost > 0 {
        remarks.push(format!("{} packets never came", row.lost));
    }
    if whose.is_broken(row) {
        let words: Vec<_> = row.failures.iter().take(FAILURES_MAX).collect();
        remarks.push(format!("what came is wrong: {:?}; {words:?}", row.faults));
    }
    remarks.extend(row.warnings.iter().cloned());
    remarks
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::bench::{Spread, matrix};
    use crate::media::Codec;

    /// A row of nothing but a cost and what came.
    fn row(cost: f64, delivered: f64) -> RowReport {
        let spread = |figure| Spread::of([figure].into_iter());
        RowReport {
            ns_per_packet: spread(cost),
            delivered_percent: Some(spread(delivered)),
            ..RowReport::of_nothing(&matrix(Codec::Vp8).remove(0))
        }
    }

    fn against(janus: RowReport) -> Compared {
        Compared::new("webinar-50", Ok(row(1_000.0, 100.0)), vec![(Ok(janus), "1".to_owned())])
    }

    #[test]
    fn who_loses_packets_is_not_cheaper_for_it() {
        let whole = against(row(9_000.0, 99.8));
        assert_eq!((whole.ratio, whole.remarks.len()), (Some(9.0), 0));
        let slow = against(row(2_000.0, 61.0));
        assert_eq!(slow.ratio, None);
        assert!(slow.remarks[0].starts_with("webinar-50, Janus 1: 61.0 % of what was due"), "{:?}", slow.remarks);
        assert_eq!(against(RowReport { lost_percent: 1.5, ..row(9_000.0, 100.0) }).ratio, None);
        assert_eq!(against(RowReport { absent: 3, ..row(9_000.0, 100.0) }).ratio, None);
        let gone = Compared::new("x", Ok(row(1.0, 100.0)), vec![(Err("it ended".to_owned()), "1".to_owned())]);
        assert_eq!((gone.ratio, &gone.remarks[..]), (None, &["x, Janus 1: not measured: it ended".to_owned()][..]));
    }

    #[test]
    fn the_ratio_is_to_the_better_janus_that_did_the_whole_work() {
        let ratio = |costs: &[(f64, f64)]| {
            let janus = costs.iter().map(|(cost, delivered)| (Ok(row(*cost, *delivered)), "1".to_owned()));
            Compared::new("x", Ok(row(1_000.0, 100.0)), janus.collect()).ratio
        };
        assert_eq!(ratio(&[(9_000.0, 100.0), (6_000.0, 100.0)]), Some(6.0));
        assert_eq!(ratio(&[(9_000.0, 100.0), (2_000.0, 61.0)]), Some(9.0));
        assert_eq!(ratio(&[(9_000.0, 80.0), (2_000.0, 61.0)]), None);
    }

    #[test]
    fn wrong_media_is_said_and_a_late_keyframe_is_not_wrong() {
        let with = |fault| against(RowReport { faults: BTreeMap::from([(fault, 1)]), ..row(1.0, 100.0) });
        assert!(with(Fault::Altered).is_broken() && !with(Fault::NotKeyframeStart).is_broken());
        let late = RowReport { faults: BTreeMap::from([(Fault::NotKeyframeStart, 1)]), ..row(1.0, 100.0) };
        assert!(Compared::new("x", Ok(late), Vec::new()).is_broken(), "ours begins with a keyframe");
        let wrong = with(Fault::WrongPublisher);
        assert!(wrong.is_broken() && wrong.remarks[0].contains("WrongPublisher"), "{:?}", wrong.remarks);
    }
}

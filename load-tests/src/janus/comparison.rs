//! Two servers under one load: whether what it cost them can be compared, and what must be known beside it.

use serde::Serialize;

use crate::bench::RowReport;

/// Words about wrong media that are repeated here.
const FAILURES_MAX: usize = 2;

/// Two servers under one load.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    pub name: String,
    /// None where it could not be measured.
    pub ours: Option<RowReport>,
    pub janus: Option<RowReport>,
    /// Janus' cost by ours; none where one of them did not do the whole work.
    pub ratio: Option<f64>,
    pub remarks: Vec<String>,
}

impl Compared {
    /// What `ours` and `janus` say together; words where one could not be measured.
    pub fn new(name: &str, ours: Result<RowReport, String>, janus: Result<RowReport, String>) -> Self {
        let mut remarks = Vec::new();
        for (who, side) in [("ours", &ours), ("Janus", &janus)] {
            let words = side.as_ref().map_or_else(|why| vec![format!("not measured: {why}")], remarks_on);
            remarks.extend(words.into_iter().map(|words| format!("{name}, {who}: {words}")));
        }
        let (ours, janus) = (ours.ok(), janus.ok());
        let cost = |side: &Option<RowReport>| side.as_ref()?.cost().map(|cost| cost.median);
        let ratio = cost(&ours).zip(cost(&janus)).map(|(ours, janus)| janus / ours);
        Self { name: name.to_owned(), ours, janus, ratio, remarks }
    }

    /// Whether something came that no server may send, whatever was lost.
    pub fn is_broken(&self) -> bool {
        self.ours.iter().chain(&self.janus).any(is_broken)
    }
}

/// Whether there are faults that no loss explains. A start without a keyframe is not among them: Janus forwards from the packet
/// that comes next, and the picture begins with the keyframe that is asked for.
fn is_broken(row: &RowReport) -> bool {
    row.faults.keys().any(|fault| !fault.may_follow_loss())
}

fn remarks_on(row: &RowReport) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(words) = row.shortfall() {
        remarks.push(format!("{words}, so there is no ratio"));
    } else if row.lost > 0 {
        remarks.push(format!("{} packets never came", row.lost));
    }
    if is_broken(row) {
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
    use crate::verify::Fault;

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
        Compared::new("webinar-50", Ok(row(1_000.0, 100.0)), Ok(janus))
    }

    #[test]
    fn who_loses_packets_is_not_cheaper_for_it() {
        let whole = against(row(9_000.0, 99.8));
        assert_eq!((whole.ratio, whole.remarks.len()), (Some(9.0), 0));
        let slow = against(row(2_000.0, 61.0));
        assert_eq!(slow.ratio, None);
        assert!(slow.remarks[0].starts_with("webinar-50, Janus: 61.0 % of what was due"), "{:?}", slow.remarks);
        assert_eq!(against(RowReport { lost_percent: 1.5, ..row(9_000.0, 100.0) }).ratio, None);
        assert_eq!(against(RowReport { absent: 3, ..row(9_000.0, 100.0) }).ratio, None);
        let gone = Compared::new("x", Ok(row(1.0, 100.0)), Err("it ended".to_owned()));
        assert_eq!((gone.ratio, &gone.remarks[..]), (None, &["x, Janus: not measured: it ended".to_owned()][..]));
    }

    #[test]
    fn wrong_media_is_said_and_a_late_keyframe_is_not_wrong() {
        let with = |fault| against(RowReport { faults: BTreeMap::from([(fault, 1)]), ..row(1.0, 100.0) });
        assert!(with(Fault::Altered).is_broken() && !with(Fault::NotKeyframeStart).is_broken());
        let wrong = with(Fault::WrongPublisher);
        assert!(wrong.is_broken() && wrong.remarks[0].contains("WrongPublisher"), "{:?}", wrong.remarks);
    }
}

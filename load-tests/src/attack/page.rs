//! The server's page of metrics (OpenMetrics text), as far as attacks need it.

use std::collections::BTreeMap;

use super::AttackError;

/// Values by series; rows that differ in nothing but their shard are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page(BTreeMap<String, f64>);

impl Page {
    pub(crate) fn parse(text: &str) -> Self {
        let mut sums = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let name = series.split('{').next().unwrap_or_default();
            *sums.entry(name.to_owned()).or_insert(0.0) += value;
            let labels = series.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
            for label in labels.split(',').filter(|label| !label.is_empty() && !label.starts_with("shard=")) {
                *sums.entry(format!("{name}{{{label}}}")).or_insert(0.0) += value;
            }
        }
        Self(sums)
    }

    /// The sum over all rows of `name`, or of those with a label, as in `name{reason="x"}`.
    ///
    /// # Errors
    /// Where there is none: a bar on what nobody counts would hold whatever happens.
    pub(crate) fn sum(&self, series: &str) -> Result<f64, AttackError> {
        self.0.get(series).copied().ok_or_else(|| AttackError::NoSuchSeries(series.to_owned()))
    }

    /// What was added since an earlier page.
    ///
    /// # Errors
    /// As [`Self::sum`].
    pub(crate) fn since(&self, earlier: &Self, series: &str) -> Result<f64, AttackError> {
        Ok(self.sum(series)? - earlier.sum(series)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_added_up_and_labels_can_be_asked_for() {
        let page = Page::parse(
            "# TYPE a counter\na_total{shard=\"0\",reason=\"x\"} 3\na_total{shard=\"1\",reason=\"x\"} 4\n\
             a_total{shard=\"1\",reason=\"y\"} 5\nb 1\n# EOF\n",
        );
        let sums = ["a_total", "a_total{reason=\"x\"}", "b"].map(|series| page.sum(series).unwrap());
        assert!(sums.iter().zip([12.0, 7.0, 1.0]).all(|(sum, expected)| (sum - expected).abs() < 1e-9), "{sums:?}");
        assert!(matches!(page.sum("c"), Err(AttackError::NoSuchSeries(series)) if series == "c"));
        assert!(page.since(&page, "a_total{reason=\"z\"}").is_err());
    }
}

//! In how large sends datagrams leave: the kernel is paid by the send, so this is what a cost is explained by.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::account::float;

/// Datagrams sent, by how many left in one send with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Batches {
    /// By the smallest send of each class.
    by_size: BTreeMap<u64, u64>,
}

impl Batches {
    /// Of classes called by the sizes that they have, such as `4-7` and `32+`.
    pub fn new(classes: impl Iterator<Item = (String, u64)>) -> Self {
        let smallest = |class: &str| class.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
        Self { by_size: classes.filter_map(|(class, datagrams)| Some((smallest(&class)?, datagrams))).collect() }
    }

    /// Those sent since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let mut by_size = self.by_size.clone();
        for (size, datagrams) in &mut by_size {
            *datagrams = datagrams.saturating_sub(before.by_size.get(size).copied().unwrap_or_default());
        }
        Self { by_size }
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        for (size, datagrams) in &other.by_size {
            *self.by_size.entry(*size).or_default() += datagrams;
        }
    }

    /// The share of all datagrams that left in sends of at least so many, per cent; none where nothing was sent.
    pub fn share_percent(&self, least: u64) -> Option<f64> {
        let all: u64 = self.by_size.values().sum();
        let of_those: u64 = self.by_size.range(least..).map(|(_, datagrams)| datagrams).sum();
        (all > 0).then(|| 100.0 * float(of_those) / float(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(classes: &[(&str, u64)]) -> Batches {
        Batches::new(classes.iter().map(|(class, datagrams)| ((*class).to_owned(), *datagrams)))
    }

    #[test]
    fn shares_are_of_what_was_sent_meanwhile() {
        let before = batches(&[("1", 70), ("2-3", 0), ("8-15", 900)]);
        let mut sent = batches(&[("1", 80), ("2-3", 10), ("8-15", 920), ("32+", 60)]).since(&before);
        let shares = |sent: &Batches| [1, 2, 4, 8, 32].map(|least| sent.share_percent(least));
        assert_eq!(shares(&sent), [100.0, 90.0, 80.0, 80.0, 60.0].map(Some));
        sent.add(&batches(&[("1", 100)]));
        assert_eq!(sent.share_percent(2), Some(45.0));
        assert_eq!(before.since(&before).share_percent(1), None);
    }
}

//! Offers of real clients, captured as `golden/README.md` tells, and our answers to them. `UPDATE_GOLDEN=1` rewrites the answers.

use std::path::PathBuf;
use std::sync::LazyLock;

use sfu_core::sdp::Purpose;

use crate::answer_fixed;

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Every captured offer with its name, in order of names.
pub fn offers() -> &'static [(String, Purpose, String)] {
    static OFFERS: LazyLock<Vec<(String, Purpose, String)>> = LazyLock::new(read);
    &OFFERS
}

fn read() -> Vec<(String, Purpose, String)> {
    let mut offers: Vec<(String, Purpose, String)> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?.strip_suffix(".offer.sdp")?.to_owned();
            let purpose = match name.as_str() {
                name if name.contains("meet") => Purpose::Meet,
                name if name.contains("watch") => Purpose::Watch,
                _ => Purpose::Publish,
            };
            Some((name, purpose, std::fs::read_to_string(path).unwrap()))
        })
        .collect();
    offers.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(offers.len(), 19, "offers in {}", folder().display());
    offers
}

#[test]
fn answers_to_real_clients_are_as_recorded() {
    for (name, purpose, offer) in offers() {
        let answer = answer_fixed(offer, *purpose).unwrap_or_else(|error| panic!("{name}: {error}")).answer;
        let path = folder().join(format!("{name}.answer.sdp"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &answer).unwrap();
        }
        let recorded = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(recorded == answer, "{} differs; UPDATE_GOLDEN=1 rewrites it. Now:\n{answer}", path.display());
    }
}

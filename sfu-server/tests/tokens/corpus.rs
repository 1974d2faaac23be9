//! Every hostile token there is, by class. None is accepted, and what each class is a change of is.

use crate::forge::{By, ED, HS, SECRET, SEED, claims, judge, token};
use crate::{claims as of_claims, header as of_header, signature as of_signature};

/// Tokens that are wrong in the same way.
pub struct Class {
    pub name: &'static str,
    pub tokens: Vec<String>,
}

pub fn class(name: &'static str, tokens: impl IntoIterator<Item = String>) -> Class {
    Class { name, tokens: tokens.into_iter().collect() }
}

fn corpus() -> Vec<Class> {
    [of_header::classes(), of_signature::classes(), of_claims::classes()].into_iter().flatten().collect()
}

#[test]
fn no_hostile_token_is_accepted() {
    let corpus = corpus();
    let mut accepted = Vec::new();
    let mut all = Vec::new();
    for class in &corpus {
        assert!(!class.tokens.is_empty(), "{} is empty", class.name);
        for token in &class.tokens {
            if let Ok(pass) = judge(token) {
                accepted.push(format!("{}: {token} is {pass:?}", class.name));
            }
        }
        all.extend(class.tokens.iter());
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
    all.sort();
    all.dedup();
    assert!(all.len() >= 200, "{} different tokens in {} classes", all.len(), corpus.len());
    println!("{} different tokens in {} classes", all.len(), corpus.len());
}

#[test]
fn what_they_are_changes_of_is_accepted() {
    for (header, by) in [(HS, By::Hs(&SECRET)), (ED, By::Ed(&SEED))] {
        judge(&token(header, &claims().to_string(), by)).unwrap();
    }
    for control in of_claims::controls() {
        judge(&control).unwrap_or_else(|error| panic!("{control}: {error}"));
    }
}

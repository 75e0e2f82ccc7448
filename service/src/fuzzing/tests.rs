//! The corpus, and what becomes of it when it is changed a little.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::mutator::Mutator;
use super::{TARGETS, Target};

/// Changed inputs a target; `FUZZ_INPUTS` for a longer run by hand.
const INPUTS: u64 = 1_000;
/// Where the search begins; `FUZZ_SEED` for another.
const SEED: u64 = 20_261_126;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus")
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"))
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder().join(name)).unwrap_or_else(|error| panic!("the corpus of {name}: {error}"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Runs a target, and says for which input it fell.
fn try_one(name: &str, target: Target, input: &[u8]) {
    let fell = catch_unwind(AssertUnwindSafe(|| target(input))).is_err();
    assert!(!fell, "{name} fell (its words are above) for {} bytes: {}", input.len(), input.escape_ascii());
}

#[test]
fn what_others_send_breaks_no_reader() {
    let (inputs, seed) = (setting("FUZZ_INPUTS", INPUTS), setting("FUZZ_SEED", SEED));
    for (name, target) in TARGETS {
        let corpus = corpus(name);
        assert!(corpus.len() >= 5, "{name} has a corpus");
        for input in &corpus {
            try_one(name, target, input);
        }
        let mut mutator = Mutator::new(seed);
        for _ in 0..inputs {
            try_one(name, target, &mutator.next(&corpus));
        }
        println!("{name}: {} of the corpus and {inputs} changed ones", corpus.len());
    }
}

#[test]
fn every_target_has_its_corpus_and_its_fuzzer() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(stems(folder()), names);
    assert_eq!(stems(folder().join("../fuzz_targets")), names);
}

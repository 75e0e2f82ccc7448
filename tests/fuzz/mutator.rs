//! Changes to an input, as a fuzzer makes them: the same ones for the same seed.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Longest input made.
const BYTES_MAX: usize = 16 << 10;

/// What parsers trip over.
const ODD: [&[u8]; 30] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"-0",
    b"1e400",
    b"-1",
    b"18446744073709551616",
    b"9007199254740993",
    b"\\ud800",
    b"\\u0000",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc0\x80",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x92\xa9",
    b"'''",
    b"\"\"\"",
    b"%00",
    b"..",
    b"@",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

/// Makes inputs of others.
pub struct Mutator(StdRng);

impl Mutator {
    /// The changes of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A changed copy of one of `corpus`, with parts of another now and then.
    pub fn next(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(corpus).clone();
        for _ in 0..self.0.random_range(1..=6) {
            self.change(&mut input, corpus);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.0.random_range(0..=input.len());
        let until = self.0.random_range(at..=input.len().min(at + 32));
        match self.0.random_range(0..8) {
            0 => drop(input.drain(at..until)),
            1 => {
                let odd = ODD[self.0.random_range(0..ODD.len())];
                input.splice(at..at, odd.iter().copied());
            }
            2 => {
                let odd = ODD[self.0.random_range(0..ODD.len())];
                input.splice(at..until, odd.iter().copied());
            }
            3 if at < input.len() => input[at] ^= 1 << self.0.random_range(0..8),
            4 if at < input.len() => input[at] = self.0.random(),
            5 => {
                let part = input[at..until].to_vec();
                for _ in 0..self.0.random_range(1..8) {
                    input.splice(at..at, part.iter().copied());
                }
            }
            6 => {
                let other = self.one_of(corpus);
                let (from, to) = (self.0.random_range(0..=other.len()), self.0.random_range(0..=other.len()));
                input.splice(at..until, other[from.min(to)..from.max(to)].iter().copied());
            }
            _ => input.truncate(at),
        }
    }

    /// A number below `end`.
    #[allow(dead_code, reason = "one of the two users picks by it")]
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    fn one_of<'a>(&mut self, corpus: &'a [Vec<u8>]) -> &'a Vec<u8> {
        &corpus[self.0.random_range(0..corpus.len())]
    }
}

//! Patterns of addresses as Playwright writes them: `**/api/*`, `**/*.{png,jpg}`. Pure.
//!
//! `*` is anything but a slash, `**` anything at all, `{a,b}` either, `\` takes the next character as it is; every other character, `?`
//! too, is itself.

use regex::{Regex, RegexBuilder};

/// Longest pattern, bytes.
const PATTERN_BYTES_MAX: usize = 2000;
/// Largest compiled pattern, bytes. Matching takes linear time whatever the pattern is.
const COMPILED_BYTES_MAX: usize = 256 << 10;

/// A pattern of addresses.
#[derive(Debug, Clone)]
pub(in crate::browser) struct Glob {
    regex: Regex,
    /// A pattern of Chromium's own that fits all this one fits, and perhaps more.
    wider: String,
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, without a stop.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!("a pattern has 1 to {PATTERN_BYTES_MAX} bytes"));
        }
        // An address without a path has an empty one: `https://example.org` is asked for as `https://example.org/`.
        let whole = match pattern.split_once("://") {
            Some((_, host)) if !host.is_empty() && !host.contains(['/', '*', '{', '?', '\\']) => format!("{pattern}/"),
            _ => pattern.to_owned(),
        };
        let mut regex = String::from(r"\A");
        let mut wider = String::new();
        let mut before = None;
        let mut in_group = false;
        let mut chars = whole.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek().is_some() => {
                    let Some(escaped) = chars.next() else { break };
                    literal(escaped, &mut regex, (!in_group).then_some(&mut wider));
                }
                '*' => {
                    let mut stars = 1;
                    while chars.next_if_eq(&'*').is_some() {
                        stars += 1;
                    }
                    regex.push_str(match (stars, chars.peek()) {
                        (1, _) => "[^/]*",
                        // Whole folders, or none.
                        (_, Some('/')) if before == Some('/') => "(?:.+/)?",
                        (_, Some('/')) => "(?:.*/)",
                        _ => ".*",
                    });
                    if stars > 1 {
                        chars.next_if_eq(&'/');
                    }
                    if !in_group {
                        wider.push('*');
                    }
                }
                '{' if in_group => return Err("a group in braces has no other group in it".to_owned()),
                '{' => {
                    in_group = true;
                    regex.push_str("(?:");
                    wider.push('*');
                }
                '}' if !in_group => return Err("a closing brace has no opening one".to_owned()),
                '}' => {
                    in_group = false;
                    regex.push(')');
                }
                ',' if in_group => regex.push('|'),
                c => literal(c, &mut regex, (!in_group).then_some(&mut wider)),
            }
            before = Some(c);
        }
        if in_group {
            return Err("an opening brace has no closing one".to_owned());
        }
        regex.push_str(r"\z");
        let compiled = RegexBuilder::new(&regex).dot_matches_new_line(true).size_limit(COMPILED_BYTES_MAX).build();
        let regex = compiled.map_err(|_| "the pattern is too complicated".to_owned())?;
        Ok(Self { regex, wider })
    }

    /// Does the address fit?
    pub fn fits(&self, url: &str) -> bool {
        self.regex.is_match(url)
    }

    /// As Chromium's `Fetch` takes it: `*` is anything. It fits all that this fits, and perhaps more.
    pub fn wider(&self) -> &str {
        &self.wider
    }
}

fn literal(c: char, regex: &mut String, wider: Option<&mut String>) {
    regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    if let Some(wider) = wider {
        if matches!(c, '*' | '?' | '\\') {
            wider.push('\\');
        }
        wider.push(c);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_fit_as_playwrights_do() {
        for (pattern, url, fits) in [
            ("**/api/*", "http://a.b/x/api/users", true),
            ("**/api/*", "http://a.b/api/users/1", false),
            ("**/api/**", "http://a.b/api/users/1?x=1", true),
            ("**/*.{png,jpg}", "https://a.b/c/d.jpg", true),
            ("**/*.{png,jpg}", "https://a.b/c/d.gif", false),
            ("http://a.b/**/c", "http://a.b/c", true),
            ("http://a.b/**/c", "http://a.b/x/y/c", true),
            ("http://a.b/**/c", "http://a.b/xc", false),
            ("http://a.b", "http://a.b/", true),
            ("http://a.b/c?d=1", "http://a.b/c?d=1", true),
            ("http://a.b/c?d=1", "http://a.b/cxd=1", false),
            ("http://a.b/\\*", "http://a.b/*", true),
            ("http://a.b/\\*", "http://a.b/x", false),
            ("**", "about:blank", true),
            ("**/a.c", "http://x/abc", false),
        ] {
            assert_eq!(Glob::parse(pattern).expect(pattern).fits(url), fits, "{pattern} {url}");
        }
        for wrong in ["", "{a", "a}", "{a,{b}}"] {
            assert!(Glob::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Glob::parse("**/a?b/{c,d}*.x").expect("read").wider(), "*a\\?b/**.x");
    }

    /// Chromium's own matching: `*` any characters, `?` one, `\` takes the next as it is.
    fn chromium(pattern: &str) -> Regex {
        let mut regex = String::from(r"(?s)\A");
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '\\' => regex.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
                c => regex.push_str(&regex::escape(&c.to_string())),
            }
        }
        regex.push_str(r"\z");
        Regex::new(&regex).expect("a pattern")
    }

    proptest! {
        #[test]
        fn what_chromium_stops_is_never_too_little(pattern in "[ab/*{},?\\\\.]{1,12}", url in "[ab/?,.*]{0,12}") {
            if let Ok(glob) = Glob::parse(&pattern) && glob.fits(&url) {
                prop_assert!(chromium(glob.wider()).is_match(&url), "{pattern:?} {:?} {url:?}", glob.wider());
            }
        }
    }
}

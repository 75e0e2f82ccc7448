//! How settings are laid over one another: defaults < file < environment < flags.
//!
//! Each value is laid on by itself and the whole tree is read again after it, so that whatever is wrong is the fault of exactly
//! that value, and the error can name its key and its source.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError};

/// Names with the prefix that are no settings: a secret that must not stand in a dump of the settings, the file's own name,
/// and what `helmwatch-load` and the tests are told.
const NOT_SETTINGS: [&str; 5] =
    ["HELMWATCH_ADMIN_KEY", "HELMWATCH_CONFIG", "HELMWATCH_BIN", "HELMWATCH_KEY", "HELMWATCH_URL"];

const PREFIX: &str = "HELMWATCH_";

/// Settings, as far as they have been laid on.
pub(super) struct Layers {
    tree: Table,
    read: Config,
}

impl Layers {
    pub(super) fn new() -> Self {
        let read = Config::default();
        let tree = Table::try_from(&read).expect("the defaults are plain tables, numbers and texts");
        Self { tree, read }
    }

    pub(super) fn into_config(self) -> Config {
        self.read
    }

    /// Lays a TOML file on.
    pub(super) fn file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let name = path.display().to_string();
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let what = error.message().replace('\n', " ");
            ConfigError::new(format!("{name}, line {line}"), what, "Correct the line; the file is TOML.")
        })?;
        self.table(&name, "", table)
    }

    fn table(&mut self, source: &str, path: &str, table: Table) -> Result<(), ConfigError> {
        for (key, value) in table {
            let key = if path.is_empty() { key } else { format!("{path}.{key}") };
            match value {
                Value::Table(inner) if matches!(find(&self.tree, &key), Some(Value::Table(_))) => {
                    self.table(source, &key, inner)?;
                }
                value => self.set(source, &key, value)?,
            }
        }
        Ok(())
    }

    /// Lays the environment on: `HELMWATCH_POOL__MAX_SESSIONS=4` is `pool.max_sessions`. Lists are separated by commas.
    pub(super) fn environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let mut ours: Vec<_> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && !NOT_SETTINGS.contains(&name.as_str()))
            .collect();
        ours.sort();
        for (name, text) in ours {
            let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            self.text(&format!("environment variable {name}"), &key, &text)?;
        }
        Ok(())
    }

    /// Lays one value on that came as text.
    pub(super) fn text(&mut self, source: &str, key: &str, text: &str) -> Result<(), ConfigError> {
        let wrong = |kind: &str, example: &str| {
            ConfigError::new(
                source,
                format!("{key} is {kind}, not \"{text}\""),
                format!("Write {kind}, as in {example}."),
            )
        };
        let value = match find(&self.tree, key) {
            Some(Value::Integer(default)) => {
                Value::Integer(text.trim().parse().map_err(|_| wrong("a whole number", &default.to_string()))?)
            }
            Some(Value::Boolean(_)) => Value::Boolean(text.trim().parse().map_err(|_| wrong("true or false", "true"))?),
            Some(Value::Array(default)) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                let numbers = matches!(default.first(), Some(Value::Integer(_)));
                let items: Result<Vec<_>, _> = parts
                    .map(|part| match numbers {
                        true => part
                            .parse()
                            .map(Value::Integer)
                            .map_err(|_| wrong("whole numbers separated by commas", "80,443")),
                        false => Ok(Value::String(part.to_owned())),
                    })
                    .collect();
                Value::Array(items?)
            }
            _ => Value::String(text.to_owned()),
        };
        self.set(source, key, value)
    }

    /// Lays one value on.
    pub(super) fn set(&mut self, source: &str, key: &str, value: Value) -> Result<(), ConfigError> {
        let Some(place) = find_mut(&mut self.tree, key) else {
            return Err(self.unknown(source, key));
        };
        if place.type_str() != value.type_str() {
            let (wanted, got) = (kind(place), kind(&value));
            return Err(ConfigError::new(
                source,
                format!("{key} is {wanted}, not {got}"),
                format!("Write {wanted}; the default is {}.", one_line(place)),
            ));
        }
        let before = std::mem::replace(place, value);
        self.read = self.tree.clone().try_into().map_err(|error: toml::de::Error| {
            let message = error.message().replace('\n', " ");
            ConfigError::new(source, format!("{key}: {message}"), format!("The default is {}.", one_line(&before)))
        })?;
        Ok(())
    }

    fn unknown(&self, source: &str, key: &str) -> ConfigError {
        let mut keys = Vec::new();
        leaves(&self.tree, "", &mut keys);
        let near = keys.iter().map(|known| (distance(known, key), known)).min();
        let how = match near {
            Some((steps, known)) if steps <= 1 + key.len() / 4 => format!("Did you mean {known}?"),
            _ => format!(
                "Remove it; known sections and keys are {}.",
                self.tree.keys().cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        ConfigError::new(source, format!("unknown key {key}"), how)
    }
}

fn find<'a>(tree: &'a Table, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => tree.get(key),
        Some((first, rest)) => find(tree.get(first)?.as_table()?, rest),
    }
}

fn find_mut<'a>(tree: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        None => tree.get_mut(key),
        Some((first, rest)) => find_mut(tree.get_mut(first)?.as_table_mut()?, rest),
    }
}

fn leaves(tree: &Table, path: &str, found: &mut Vec<String>) {
    for (key, value) in tree {
        let key = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Value::Table(inner) => leaves(inner, &key, found),
            _ => found.push(key),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

fn one_line(value: &Value) -> String {
    value.to_string().replace('\n', " ")
}

/// Edits between two keys (Levenshtein), to name the key that was probably meant.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let step = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], step);
        }
    }
    row[b.len()]
}

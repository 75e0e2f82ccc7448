//! What a person and an agent do in a context, step by step, as lines of Playwright code.
//!
//! Pure: told the steps, it says the lines. What a person did to one field is one line, however many keys it took.

use super::Context;
use crate::browser::BrowserError;
use crate::browser::lock::lock;
use serde::Deserialize;

/// Lines of one recording; what comes after them is counted, not kept.
const LINES_MAX: usize = 2_000;

/// A step a person did, as the page script tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::browser) struct Told {
    kind: ToldKind,
    /// The element as a locator.
    on: String,
    /// Address of the frame it is in, when that is not the page itself.
    #[serde(default)]
    frame: Option<String>,
    #[serde(default)]
    value: String,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    key: String,
    #[serde(default)]
    button: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToldKind {
    Click,
    Dblclick,
    Fill,
    /// Something was typed into a field whose value nobody is to know.
    Secret,
    Check,
    Uncheck,
    Select,
    Press,
}

/// A recording under way.
#[derive(Debug, Default)]
pub(in crate::browser) struct Recording {
    steps: Vec<Step>,
    left_out: usize,
    /// While an agent acts, what the page tells is the agent's doing, which is told by itself.
    agent_acts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Person(Told),
    Agent(String),
}

/// What was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Statements, in order.
    pub lines: Vec<String>,
    /// How many steps came after as many as are kept.
    pub left_out: usize,
}

impl Recording {
    /// An agent begins an action.
    pub fn agent_begins(&mut self) {
        self.agent_acts = true;
    }

    /// It has ended; `code` says what was done, when it was.
    pub fn agent_ended(&mut self, code: &[String]) {
        self.agent_acts = false;
        for line in code {
            self.push(Step::Agent(line.clone()));
        }
    }

    /// A person did something.
    pub fn told(&mut self, told: Told) {
        if self.agent_acts {
            return;
        }
        let same = |step: Option<&Step>, kinds: &[ToldKind]| match step {
            Some(Step::Person(last)) => kinds.contains(&last.kind) && last.on == told.on && last.frame == told.frame,
            _ => false,
        };
        match told.kind {
            ToldKind::Fill | ToldKind::Secret if same(self.steps.last(), &[ToldKind::Fill, ToldKind::Secret]) => {
                self.steps.pop();
            }
            // A double click comes after the two clicks it is made of.
            ToldKind::Dblclick => {
                for _ in 0..2 {
                    if same(self.steps.last(), &[ToldKind::Click]) {
                        self.steps.pop();
                    }
                }
            }
            _ => {}
        }
        self.push(Step::Person(told));
    }

    /// The lines.
    pub fn finish(self) -> Recorded {
        Recorded { lines: self.steps.iter().map(Step::line).collect(), left_out: self.left_out }
    }

    fn push(&mut self, step: Step) {
        if self.steps.len() < LINES_MAX {
            self.steps.push(step);
        } else {
            self.left_out += 1;
        }
    }
}

impl Step {
    fn line(&self) -> String {
        let told = match self {
            Self::Agent(line) => return line.clone(),
            Self::Person(told) => told,
        };
        let on = match &told.frame {
            // Which of the page's frames it is, is for whoever uses the line to say.
            Some(address) => format!("page.frame({{ url: {} }}).{}", quoted(address), told.on),
            None => format!("page.{}", told.on),
        };
        match told.kind {
            ToldKind::Click => match &told.button {
                Some(button) => format!("await {on}.click({{ button: {} }});", quoted(button)),
                None => format!("await {on}.click();"),
            },
            ToldKind::Dblclick => format!("await {on}.dblclick();"),
            ToldKind::Fill => format!("await {on}.fill({});", quoted(&told.value)),
            ToldKind::Secret => format!("await {on}.fill(process.env['SECRET']);"),
            ToldKind::Check => format!("await {on}.check();"),
            ToldKind::Uncheck => format!("await {on}.uncheck();"),
            ToldKind::Select => {
                let values: Vec<_> = told.values.iter().map(|value| quoted(value)).collect();
                match values.as_slice() {
                    [one] => format!("await {on}.selectOption({one});"),
                    many => format!("await {on}.selectOption([{}]);", many.join(", ")),
                }
            }
            ToldKind::Press => format!("await {on}.press({});", quoted(&told.key)),
        }
    }
}

/// A text as a JavaScript literal in single quotes, in one line.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{}'", escaped.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

impl Context {
    /// Records from now on what is done on its pages.
    ///
    /// # Errors
    /// `Page` (`recording_runs`) when that is so already; as the connection.
    pub async fn start_recording(&self) -> Result<(), BrowserError> {
        {
            let mut recording = lock(&self.recording);
            if recording.is_some() {
                return Err(BrowserError::Page {
                    code: "recording_runs".to_owned(),
                    message: "a recording is under way; end it first (browser_stop_recording)".to_owned(),
                });
            }
            *recording = Some(Recording::default());
        }
        for page in self.pages() {
            if let Err(error) = page.record().await {
                drop(self.stop_recording());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Ends the recording; `None` when there is none.
    pub fn stop_recording(&self) -> Option<Recorded> {
        let recording = lock(&self.recording).take()?;
        self.pages().iter().for_each(|page| page.record_no_more());
        Some(recording.finish())
    }

    /// Are its pages being recorded?
    pub(in crate::browser) fn is_recorded(&self) -> bool {
        lock(&self.recording).is_some()
    }

    /// A person did something on a page.
    pub(in crate::browser) fn told(&self, told: Told) {
        if let Some(recording) = lock(&self.recording).as_mut() {
            recording.told(told);
        }
    }

    /// An agent begins an action: what pages tell meanwhile is its doing.
    pub fn agent_begins(&self) {
        if let Some(recording) = lock(&self.recording).as_mut() {
            recording.agent_begins();
        }
    }

    /// It has ended; `code` says what was done.
    pub fn agent_ended(&self, code: &[String]) {
        if let Some(recording) = lock(&self.recording).as_mut() {
            recording.agent_ended(code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> Told {
        serde_json::from_str(json).expect("as the page script tells it")
    }

    #[test]
    fn many_keys_are_one_line_and_two_clicks_a_double_one() {
        let mut recording = Recording::default();
        for value in ["A", "Ad", "Ada's"] {
            recording.told(told(&format!(r#"{{"kind":"fill","on":"getByLabel('Name')","value":"{value}"}}"#)));
        }
        for kind in ["click", "click", "dblclick"] {
            recording.told(told(&format!(r#"{{"kind":"{kind}","on":"getByText('Word')"}}"#)));
        }
        recording.told(told(r#"{"kind":"secret","on":"getByLabel('Password')"}"#));
        recording.told(told(r#"{"kind":"select","on":"getByLabel('Size')","values":["m","l"]}"#));
        recording
            .told(told(r#"{"kind":"press","on":"locator('body')","key":"Control+a","frame":"https://a.example/"}"#));
        assert_eq!(
            recording.finish().lines,
            [
                r"await page.getByLabel('Name').fill('Ada\'s');",
                "await page.getByText('Word').dblclick();",
                "await page.getByLabel('Password').fill(process.env['SECRET']);",
                "await page.getByLabel('Size').selectOption(['m', 'l']);",
                "await page.frame({ url: 'https://a.example/' }).locator('body').press('Control+a');",
            ]
        );
    }

    #[test]
    fn what_an_agent_does_is_told_once() {
        let mut recording = Recording::default();
        let click = || told(r#"{"kind":"click","on":"getByText('A')"}"#);
        recording.agent_begins();
        recording.told(click());
        recording.agent_ended(&["await page.getByText('A').click();".to_owned()]);
        recording.told(click());
        assert_eq!(recording.finish().lines.len(), 2);
    }

    #[test]
    fn a_recording_has_an_end() {
        let mut recording = Recording::default();
        for _ in 0..LINES_MAX + 3 {
            recording.told(told(r#"{"kind":"click","on":"getByText('A')"}"#));
        }
        let recorded = recording.finish();
        assert_eq!((recorded.lines.len(), recorded.left_out), (LINES_MAX, 3));
    }
}

//! `browser_snapshot`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{SnapshotOptions, Target};
use crate::tools::answer::Wanted;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, budget};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Only this element: a ref or a selector
    #[serde(default)]
    target: Option<String>,
    /// Levels of the tree to show
    #[serde(default)]
    depth: Option<u32>,
    /// With each element's box
    #[serde(default)]
    boxes: bool,
    /// Which part of a large one, from 1
    #[serde(default)]
    page: Option<usize>,
    #[serde(default)]
    filename: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_snapshot",
        "Page snapshot",
        "The page as a tree of roles and names, with refs to act on. Better than a screenshot for acting.",
        Hints::READ,
        |a: Arguments| {
            Ok(Prepared::page(Effect::Read, "Look at the page", move |turn| async move {
                let page = turn.page()?;
                let target = a.target.as_deref().map(Target::new);
                let options = SnapshotOptions { target, depth: a.depth, boxes: a.boxes };
                let snapshot = page.snapshot(&options).await?;
                if let Some(name) = &a.filename {
                    let kept = turn.keep("Snapshot", Some(name), ("page", "yml"), "application/yaml", snapshot.yaml);
                    return Ok(Answer { files: vec![kept.await?], ..Answer::default() });
                }
                if let Some(number) = a.page {
                    let part = budget::part(&snapshot.yaml, number, turn.bytes_max()).map_err(|parts| {
                        ToolError::arguments("browser_snapshot", &format!("there is no page {number}; it has {parts}."))
                    })?;
                    return Ok(Answer { snapshot: Wanted::Part(part.yaml, part.note), ..Answer::default() });
                }
                let whole = options.target.is_none() && options.depth.is_none() && !options.boxes;
                let snapshot = if whole { Wanted::Whole(snapshot) } else { Wanted::Taken(snapshot) };
                Ok(Answer { snapshot, ..Answer::default() })
            }))
        },
    )
}

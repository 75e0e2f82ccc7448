//! `browser_take_screenshot`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::session::{Check, Label, Marks, PictureFormat, PictureLimit, Shot, Target, annotate, fit};
use crate::tools::response::one_line;
use crate::tools::{Answer, Hints, Image, Prepared, Tool, ToolError};

/// JPEG and WebP quality, as the peer's.
const QUALITY: u8 = 90;
/// What a model looks at; larger pictures cost the agent tokens and are scaled down by its provider anyway.
const LIMIT: PictureLimit = PictureLimit { side: 1568, pixels: 1_150_000 };

/// Elements that get a number on one picture; with more of them nobody sees the page.
const LABELS_MAX: usize = 150;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[serde(default)]
    #[allow(dead_code, reason = "part of the interface: clients describe the element for people")]
    element: Option<String>,
    /// Only this element: a ref or a selector
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    r#type: Kind,
    /// The whole page, not only what is in view
    #[serde(default)]
    full_page: bool,
    /// Keep it as a file
    #[serde(default)]
    filename: Option<String>,
    /// css: scaled down to what models look at; device: as large as it is
    #[serde(default)]
    scale: Scale,
    /// Draw refs
    #[serde(default)]
    annotate: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Png,
    Jpeg,
    Webp,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Scale {
    #[default]
    Css,
    Device,
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_take_screenshot",
        "Take a screenshot",
        "A picture of the page or an element.",
        Hints::READ,
        |a: Arguments| {
            if a.full_page && a.target.is_some() {
                return Err(ToolError::arguments("browser_take_screenshot", "fullPage and target exclude each other."));
            }
            let target = a.target.as_deref().map(Target::new);
            let mut prepared = Prepared::page(Effect::Read, "Take a picture of", {
                let target = target.clone();
                move |turn| async move {
                    let page = turn.page()?;
                    let (shot, of) = match (&target, a.full_page) {
                        (Some(target), _) => {
                            page.aim(target, &[Check::Visible]).await?;
                            // Where it is now: looking for it may have scrolled the page.
                            let now = crate::session::TargetReading::read(&page, target).await?.rect;
                            (Shot::Rect { x: now.x, y: now.y, width: now.width, height: now.height }, "element")
                        }
                        (None, true) => (Shot::FullPage, "full page"),
                        (None, false) => (Shot::Viewport, "viewport"),
                    };
                    let format = match a.r#type {
                        Kind::Png => PictureFormat::Png,
                        Kind::Jpeg => PictureFormat::Jpeg,
                        Kind::Webp => PictureFormat::Webp,
                    };
                    let marks = match a.annotate {
                        true => Some(page.marks(shot != Shot::Viewport).await?),
                        false => None,
                    };
                    let taken = page.capture(shot, format, QUALITY).await?;
                    let limit = match a.scale {
                        Scale::Css => LIMIT,
                        Scale::Device => PictureLimit { side: u32::MAX, pixels: u64::MAX },
                    };
                    let (legend, (data, width, height)) = match marks {
                        Some(marks) => {
                            let (legend, labels) = numbered(marks, shot);
                            (legend, annotate(taken, format, limit, labels).await?)
                        }
                        None => (String::new(), fit(taken, format, limit).await?),
                    };
                    let on = if target.is_some() { format!("page.{}", turn.code(0)) } else { "page".to_owned() };
                    let options = match (a.full_page, format) {
                        (true, format) => format!("{{ fullPage: true, scale: 'css', type: '{}' }}", format.word()),
                        (false, format) => format!("{{ scale: 'css', type: '{}' }}", format.word()),
                    };
                    let code = vec![format!("await {on}.screenshot({options});")];
                    let title = format!("Screenshot of {of}");
                    if let Some(name) = &a.filename {
                        let file = turn.keep(&title, Some(name), ("page", format.word()), format.mime(), data).await?;
                        return Ok(Answer {
                            result: legend.trim_start().to_owned(),
                            code,
                            files: vec![file],
                            ..Answer::default()
                        });
                    }
                    Ok(Answer {
                        result: format!("{title} ({}, {width}x{height}){legend}", format.word()),
                        code,
                        images: vec![Image { mime: format.mime(), data }],
                        ..Answer::default()
                    })
                }
            });
            if target.is_none() {
                "Take a picture".clone_into(&mut prepared.verb);
            }
            prepared.targets = target.into_iter().collect();
            Ok(prepared)
        },
    )
}

/// What is drawn on the picture, and a line about each: page text in one line.
fn numbered(marks: Marks, shot: Shot) -> (String, Vec<Label>) {
    let Marks { mut elements, mut left_out, scroll, scale } = marks;
    let (left, top) = match shot {
        Shot::Viewport => (0.0, 0.0),
        Shot::FullPage => (-scroll.0, -scroll.1),
        Shot::Rect { x, y, width, height } => {
            elements.retain(|one| {
                let at = one.rect;
                at.x < x + width && at.y < y + height && at.x + at.width > x && at.y + at.height > y
            });
            (x, y)
        }
    };
    left_out += elements.len().saturating_sub(LABELS_MAX);
    elements.truncate(LABELS_MAX);
    let mut legend = String::new();
    for one in &elements {
        legend.push_str(&format!("\n- {}: {}", one.label, one.role));
        if !one.name.is_empty() {
            legend.push_str(&format!(" \"{}\"", one_line(&one.name)));
        }
    }
    if left_out > 0 {
        legend.push_str(&format!(
            "\n{left_out} more elements have no number here; take a picture of a part (target), or a snapshot."
        ));
    }
    let label = |one: crate::session::Marked| Label {
        x: (one.rect.x - left) * scale,
        y: (one.rect.y - top) * scale,
        width: one.rect.width * scale,
        height: one.rect.height * scale,
        text: one.label,
    };
    (legend, elements.into_iter().map(label).collect())
}

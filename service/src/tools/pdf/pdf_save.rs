//! `browser_pdf_save`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::tools::{Answer, Capability, Hints, Prepared, Tool, quoted};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// Name of the file; else one with the time
    #[serde(default)]
    filename: Option<String>,
}

pub(super) fn tool() -> Tool {
    Tool::of(
        Capability::Pdf,
        "browser_pdf_save",
        "Save as PDF",
        "Print the page to a PDF file.",
        Hints::READ,
        |a: Arguments| {
            Ok(Prepared::page(Effect::Read, "Print the page", move |turn| async move {
                let pieces = Box::pin(turn.page()?.pdf().await?);
                let own = ("page", "pdf");
                let file = turn.receive("Page as pdf", a.filename.as_deref(), own, "application/pdf", pieces).await?;
                let code = vec![format!("await page.pdf({{ path: {} }});", quoted(&file.link.name))];
                Ok(Answer { code, files: vec![file], ..Answer::default() })
            }))
        },
    )
}

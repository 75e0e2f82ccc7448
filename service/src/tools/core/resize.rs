//! `browser_resize`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::policy::Effect;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError};

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// CSS pixels
    width: f64,
    height: f64,
}

pub(super) fn tool() -> Tool {
    Tool::core("browser_resize", "Resize", "Set the size of the browser window.", Hints::ACT, |a: Arguments| {
        let (width, height) = (side(a.width)?, side(a.height)?);
        Ok(Prepared::page(Effect::Act, format!("Resize to {width}x{height}"), move |turn| async move {
            turn.page()?.resize(width, height).await?;
            Ok(Answer::code(format!("await page.setViewportSize({{ width: {width}, height: {height} }});")))
        }))
    })
}

fn side(pixels: f64) -> Result<u32, ToolError> {
    if !pixels.is_finite() || !(1.0..=100_000.0).contains(&pixels) {
        return Err(ToolError::arguments("browser_resize", "width and height are numbers of pixels."));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 100,000")]
    Ok(pixels.round() as u32)
}

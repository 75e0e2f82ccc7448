//! `browser_emulate_media`.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::policy::Effect;
use crate::tools::{Answer, Hints, Prepared, Tool, ToolError, WithModal};

/// Left out: as it was. `null`: as the browser has it by itself.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("enum" = ["light", "dark", null], "keep_null" = true))]
    color_scheme: Option<Option<ColorScheme>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("enum" = ["reduce", "no-preference", null], "keep_null" = true))]
    reduced_motion: Option<Option<ReducedMotion>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("enum" = ["active", "none", null], "keep_null" = true))]
    forced_colors: Option<Option<ForcedColors>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("enum" = ["more", "no-preference", null], "keep_null" = true))]
    contrast: Option<Option<Contrast>>,
    #[serde(default, deserialize_with = "given")]
    #[schemars(extend("enum" = ["screen", "print", null], "keep_null" = true))]
    media: Option<Option<Medium>>,
}

/// The words of one feature.
macro_rules! words {
    ($name:ident: $($variant:ident = $word:literal),+) => {
        #[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
        enum $name { $(#[serde(rename = $word)] $variant),+ }
        impl $name {
            const fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
        }
    };
}

words!(ColorScheme: Light = "light", Dark = "dark");
words!(ReducedMotion: Reduce = "reduce", NoPreference = "no-preference");
words!(ForcedColors: Active = "active", None = "none");
words!(Contrast: More = "more", NoPreference = "no-preference");
words!(Medium: Screen = "screen", Print = "print");

/// Tells `null` from what is left out.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

pub(super) fn tool() -> Tool {
    Tool::core(
        "browser_emulate_media",
        "Emulate media",
        "Set media features of all pages; null resets one.",
        Hints::ACT,
        |a: Arguments| {
            let changes = [
                ("colorScheme", a.color_scheme.map(|one| one.map(ColorScheme::word))),
                ("reducedMotion", a.reduced_motion.map(|one| one.map(ReducedMotion::word))),
                ("forcedColors", a.forced_colors.map(|one| one.map(ForcedColors::word))),
                ("contrast", a.contrast.map(|one| one.map(Contrast::word))),
                ("media", a.media.map(|one| one.map(Medium::word))),
            ];
            let given: Vec<String> = changes
                .iter()
                .filter_map(|(name, change)| {
                    let word = change.as_ref()?.map_or_else(|| "null".to_owned(), |word| format!("'{word}'"));
                    Some(format!("{name}: {word}"))
                })
                .collect();
            if given.is_empty() {
                return Err(ToolError::new(
                    "bad_arguments",
                    "Specify at least one media feature to emulate.",
                    "Give colorScheme, reducedMotion, forcedColors, contrast or media.",
                ));
            }
            let prepared = Prepared::page(Effect::Act, "Change media features", move |turn| async move {
                let [(_, color_scheme), (_, reduced_motion), (_, forced_colors), (_, contrast), (_, medium)] = changes;
                turn.session
                    .emulate_media(move |media| {
                        media.color_scheme = color_scheme.unwrap_or(media.color_scheme);
                        media.reduced_motion = reduced_motion.unwrap_or(media.reduced_motion);
                        media.forced_colors = forced_colors.unwrap_or(media.forced_colors);
                        media.contrast = contrast.unwrap_or(media.contrast);
                        media.medium = medium.unwrap_or(media.medium);
                    })
                    .await?;
                Ok(Answer::code(format!("await page.emulateMedia({{ {} }});", given.join(", "))))
            });
            // A page with a dialog open takes them as well.
            Ok(prepared.modal(WithModal::Fine))
        },
    )
}

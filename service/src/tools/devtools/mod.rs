//! Toolset `devtools`: what helps to show, record and retrace a session.

mod css;
mod hide_highlight;
mod highlight;
mod start_recording;
mod start_tracing;
mod start_video;
mod stop_recording;
mod stop_tracing;
mod stop_video;
mod video_chapter;
mod video_hide_actions;
mod video_show_actions;
mod webmcp_call;
mod webmcp_list;

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![
        highlight::tool(),
        hide_highlight::tool(),
        start_recording::tool(),
        stop_recording::tool(),
        start_tracing::tool(),
        stop_tracing::tool(),
        start_video::tool(),
        stop_video::tool(),
        video_chapter::tool(),
        video_show_actions::tool(),
        video_hide_actions::tool(),
        webmcp_list::tool(),
        webmcp_call::tool(),
    ]
}

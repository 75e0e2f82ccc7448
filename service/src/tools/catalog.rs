//! All tools, in the order `tools/list` shows them.

use super::tool::Tool;
use super::{
    click, close, console_messages, evaluate, fill_form, handle_dialog, hover, live_view, navigate, navigate_back,
    press_key, resize, screenshot, select_option, session_close, session_list, session_open, snapshot, tabs, type_text,
    wait_for,
};

/// The list. A new tool is one file and one line here.
pub(super) fn tools() -> Vec<Tool> {
    vec![
        navigate::tool(),
        navigate_back::tool(),
        snapshot::tool(),
        click::tool(),
        type_text::tool(),
        press_key::tool(),
        hover::tool(),
        select_option::tool(),
        fill_form::tool(),
        wait_for::tool(),
        screenshot::tool(),
        evaluate::tool(),
        tabs::tool(),
        handle_dialog::tool(),
        console_messages::tool(),
        resize::tool(),
        close::tool(),
        session_open::tool(),
        session_list::tool(),
        session_close::tool(),
        live_view::tool(),
    ]
}

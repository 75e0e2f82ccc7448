//! Toolset `core`: what every agent is offered.

mod click;
mod close;
mod console_messages;
mod drag;
mod drop;
mod emulate_media;
mod evaluate;
mod file_upload;
mod fill_form;
mod find;
mod handle_dialog;
mod hover;
mod navigate;
mod navigate_back;
mod network_request;
mod network_requests;
mod press_key;
mod read;
mod resize;
mod screenshot;
mod select_option;
mod snapshot;
mod tabs;
mod type_text;
mod wait_for;

use crate::tools::Tool;

/// In the order `tools/list` shows them.
pub(super) fn tools() -> Vec<Tool> {
    vec![
        navigate::tool(),
        navigate_back::tool(),
        snapshot::tool(),
        find::tool(),
        read::tool(),
        click::tool(),
        type_text::tool(),
        press_key::tool(),
        hover::tool(),
        drag::tool(),
        drop::tool(),
        select_option::tool(),
        fill_form::tool(),
        wait_for::tool(),
        screenshot::tool(),
        evaluate::tool(),
        tabs::tool(),
        handle_dialog::tool(),
        file_upload::tool(),
        console_messages::tool(),
        network_requests::tool(),
        network_request::tool(),
        emulate_media::tool(),
        resize::tool(),
        close::tool(),
    ]
}

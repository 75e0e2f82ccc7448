//! All tools, in the order `tools/list` shows them.

use super::tool::Tool;
use super::{config, core, devtools, house, network, pdf, storage, testing, vision};

/// Every toolset's list. A new tool is one file and one line in its toolset's list.
pub(super) fn tools() -> Vec<Tool> {
    [
        core::tools(),
        house::tools(),
        vision::tools(),
        pdf::tools(),
        network::tools(),
        storage::tools(),
        testing::tools(),
        devtools::tools(),
        config::tools(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

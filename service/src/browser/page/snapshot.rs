//! The page as an agent reads it: each frame's own part, put together.

use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::dom::DescribeNodeParams;
use serde::{Deserialize, Serialize};

use super::Page;
use super::frames::FrameRef;
use super::scripting::Target;
use crate::browser::BrowserError;
use crate::browser::chromium::lock;

/// Frames within frames that are followed.
const DEPTH_MAX: usize = 8;
/// Frames of one snapshot; the rest stay empty `iframe` lines.
const FRAMES_MAX: usize = 64;

/// What is wanted of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct SnapshotOptions {
    /// Only this element and what is in it.
    pub target: Option<Target>,
    /// Levels of the tree; all when absent.
    pub depth: Option<u32>,
    /// With `[box=x,y,w,h]`.
    pub boxes: bool,
}

/// A snapshot.
#[derive(Debug, Clone, Default)]
pub struct SnapshotText {
    /// Two-space indented YAML, one node a line.
    pub yaml: String,
    /// Was the page larger than is looked at?
    pub truncated: bool,
}

#[derive(Serialize)]
struct Ask<'a> {
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    boxes: bool,
}

#[derive(Deserialize)]
struct Part {
    yaml: String,
    #[serde(default)]
    frames: Vec<FrameLine>,
    #[serde(default)]
    truncated: bool,
}

/// An `iframe` node of a part.
#[derive(Deserialize)]
struct FrameLine {
    r#ref: String,
    /// Its line in the part, from 0.
    line: usize,
    /// Spaces before its dash.
    indent: usize,
}

impl Page {
    /// Takes a snapshot of the tab, all frames stitched in.
    ///
    /// # Errors
    /// As [`Page::call`]; a child frame that cannot be read stays an empty line.
    pub async fn snapshot(&self, options: &SnapshotOptions) -> Result<SnapshotText, BrowserError> {
        let deadline = self.options.command_deadline;
        let frame = match &options.target {
            Some(target) => self.frame_of(target)?,
            None => self.main_frame(),
        };
        let mut left = FRAMES_MAX;
        let mut truncated = false;
        let part = self.part(&frame, options, options.target.as_ref(), deadline).await?;
        let yaml = Box::pin(self.stitch(&frame, part, options, DEPTH_MAX, &mut left, &mut truncated)).await;
        Ok(SnapshotText { yaml, truncated })
    }

    async fn part(
        &self,
        frame: &FrameRef,
        options: &SnapshotOptions,
        target: Option<&Target>,
        deadline: Duration,
    ) -> Result<Part, BrowserError> {
        let prefix = lock(&self.state).frames.get(&frame.id).map(|frame| frame.prefix()).unwrap_or_default();
        let ask = Ask { prefix, target: target.map(Target::as_str), depth: options.depth, boxes: options.boxes };
        self.call(frame, "snapshot", &ask, deadline).await
    }

    /// Puts the parts of child frames under their lines.
    async fn stitch(
        &self,
        frame: &FrameRef,
        part: Part,
        options: &SnapshotOptions,
        depth: usize,
        left: &mut usize,
        truncated: &mut bool,
    ) -> String {
        *truncated |= part.truncated;
        if part.frames.is_empty() || depth == 0 {
            return part.yaml;
        }
        let mut stitched = String::with_capacity(part.yaml.len());
        let mut frames = part.frames.iter().peekable();
        for (number, line) in part.yaml.lines().enumerate() {
            let inside = frames.next_if(|frame| frame.line == number);
            let child = match inside {
                Some(inside) if *left > 0 => {
                    *left -= 1;
                    self.child_part(frame, inside, options, depth, left, truncated).await
                }
                _ => None,
            };
            stitched.push_str(line);
            if let (Some(inside), Some(child)) = (inside, child) {
                if !line.ends_with(':') {
                    stitched.push(':');
                }
                for line in child.lines() {
                    stitched.push('\n');
                    stitched.extend(std::iter::repeat_n(' ', inside.indent + 2));
                    stitched.push_str(line);
                }
            }
            stitched.push('\n');
        }
        stitched.truncate(stitched.trim_end_matches('\n').len());
        stitched
    }

    async fn child_part(
        &self,
        frame: &FrameRef,
        inside: &FrameLine,
        options: &SnapshotOptions,
        depth: usize,
        left: &mut usize,
        truncated: &mut bool,
    ) -> Option<String> {
        let child = self.content_frame(frame, &Target::new(&inside.r#ref)).await.ok()??;
        let below = SnapshotOptions { target: None, ..options.clone() };
        let part = match self.part(&child, &below, None, self.options.command_deadline).await {
            Ok(part) => part,
            Err(error) => {
                tracing::debug!(%error, "a frame could not be read");
                return None;
            }
        };
        let yaml = Box::pin(self.stitch(&child, part, options, depth - 1, left, truncated)).await;
        (!yaml.is_empty()).then_some(yaml)
    }

    /// The frame inside an `iframe` element.
    async fn content_frame(&self, frame: &FrameRef, target: &Target) -> Result<Option<FrameRef>, BrowserError> {
        let object = self.element(frame, target).await?;
        let (_, session) = self.world(frame).await?;
        let node = session.execute(DescribeNodeParams::builder().object_id(object).build()).await?.node;
        let Some(id) = node.frame_id.map(|id| AsRef::<str>::as_ref(&id).to_owned()) else { return Ok(None) };
        Ok(lock(&self.state).frames.contains_key(&id).then_some(FrameRef { id }))
    }
}

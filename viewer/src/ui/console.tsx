/** What the pages wrote to their console: page text, shown as text. */

import type { JSX } from "preact";
import type { ConsoleLine } from "../protocol/generated/wire";
import { clockTime } from "../state/words";

export function ConsoleList({ lines }: { lines: readonly ConsoleLine[] }): JSX.Element {
  if (lines.length === 0) return <p class="nothing">The page wrote nothing since you opened this view.</p>;
  return (
    <ol class="console" reversed aria-label="Console, newest first">
      {lines.toReversed().map((line, at) => (
        <li key={lines.length - at} class={`line line-${known(line.level)}`} data-testid="console-row" data-level={line.level}>
          <span class="line-level">{line.level}</span>
          <span class="line-text">{line.text}</span>
          <span class="line-time">{clockTime(line.at)}</span>
        </li>
      ))}
    </ol>
  );
}

/** A level becomes part of a class name: only those we know. */
function known(level: string): string {
  return ["log", "info", "warning", "error", "debug"].includes(level) ? level : "log";
}

/** What the pages wrote to their console: page text, shown as text. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ConsoleLine } from "../protocol/generated/wire";
import { clockTime } from "../state/words";

type Least = "all" | "warning" | "error";

const LEVELS: Record<Least, readonly string[] | null> = { all: null, warning: ["warning", "error"], error: ["error"] };
const WORDS: Record<Least, string> = { all: "All", warning: "Warnings", error: "Errors" };

export function ConsoleList({ lines }: { lines: readonly ConsoleLine[] }): JSX.Element {
  const least = useSignal<Least>("all");
  const levels = LEVELS[least.value];
  const shown = levels === null ? lines : lines.filter((line) => levels.includes(line.level));
  return (
    <div class="panel">
      <div class="choices" role="group" aria-label="Which messages">
        {(["all", "warning", "error"] as const).map((level) => (
          <button key={level} type="button" aria-pressed={least.value === level} data-testid={`console-${level}`} onClick={() => (least.value = level)}>
            {WORDS[level]}
          </button>
        ))}
      </div>
      {shown.length === 0 ? (
        <p class="nothing">{lines.length === 0 ? "The page wrote nothing since you opened this view." : "Nothing of this kind."}</p>
      ) : (
        <ol class="console" reversed aria-label="Console, newest first">
          {shown.toReversed().map((line, at) => (
            <li key={shown.length - at} class={`line line-${known(line.level)}`} data-testid="console-row" data-level={line.level}>
              <span class="line-level">{line.level}</span>
              <span class="line-text">{line.text}</span>
              <span class="line-time">{clockTime(line.at)}</span>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

/** A level becomes part of a class name: only those we know. */
function known(level: string): string {
  return ["log", "info", "warning", "error", "debug"].includes(level) ? level : "log";
}

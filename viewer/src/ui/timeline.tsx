/** The agent's tool calls as they happen, newest on top. */

import type { JSX } from "preact";
import type { CallState, CallView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { clockTime, duration } from "../state/words";

const WORDS: Record<CallState, string> = {
  running: "Running",
  waiting: "Waiting for a person",
  done: "Done",
  failed: "Failed",
  refused: "Refused",
};

export function Timeline({ calls }: { calls: readonly CallView[] }): JSX.Element {
  if (calls.length === 0) return <p class="nothing">No tool call yet.</p>;
  return (
    <ol class="timeline" reversed aria-label="Tool calls, newest first">
      {calls.toReversed().map((call) => (
        <CallRow key={call.number} call={call} />
      ))}
    </ol>
  );
}

function CallRow({ call }: { call: CallView }): JSX.Element {
  const open = call.took_ms === null && (call.state === "running" || call.state === "waiting");
  // Read the second hand only while it matters: finished rows stay as they are.
  const took = call.took_ms ?? (open ? Math.max(0, now.value - call.started_at) : null);
  return (
    <li class={`call call-${call.state}`} data-testid="call-row" data-number={call.number} data-tool={call.tool} data-state={call.state}>
      <span class="call-mark" role="img" aria-label={WORDS[call.state]} title={WORDS[call.state]} />
      <span class="call-body">
        <span class="call-summary">{call.summary}</span>
        {call.error !== null && <span class="call-error">{call.error}</span>}
        <span class="call-facts">
          <code>{call.tool}</code>
          <span title={WORDS[call.state]}>{clockTime(call.started_at)}</span>
        </span>
      </span>
      <span class="call-took">{took === null ? "" : open ? duration(Math.floor(took / 1000) * 1000).replace(".0", "") : duration(took)}</span>
    </li>
  );
}

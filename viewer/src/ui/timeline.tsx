/** The agent's tool calls as they happen, newest on top. */

import { useEffect, useRef } from "preact/hooks";
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

export function Timeline({ calls, pictures }: { calls: readonly CallView[]; pictures: ReadonlyMap<number, ImageBitmap> }): JSX.Element {
  if (calls.length === 0) return <p class="nothing">No tool call yet.</p>;
  return (
    <ol class="timeline" reversed aria-label="Tool calls, newest first">
      {calls.toReversed().map((call) => (
        <CallRow key={call.number} call={call} picture={pictures.get(call.number) ?? null} />
      ))}
    </ol>
  );
}

function CallRow({ call, picture }: { call: CallView; picture: ImageBitmap | null }): JSX.Element {
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
      {picture !== null && <CallPicture picture={picture} />}
      <span class="call-took">{took === null ? "" : open ? duration(Math.floor(took / 1000) * 1000).replace(".0", "") : duration(took)}</span>
    </li>
  );
}

/** The page as it was on the screen when the call was over. */
function CallPicture({ picture }: { picture: ImageBitmap }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current?.getContext("2d", { alpha: false })?.drawImage(picture, 0, 0);
  }, [picture]);
  return <canvas ref={canvas} class="call-picture" width={picture.width} height={picture.height} role="img" aria-label="The page afterwards" data-testid="call-picture" />;
}

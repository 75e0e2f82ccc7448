/** The large picture, and the wheel. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { forwardInput } from "../input/forward";
import { pictureWidth } from "../picture/geometry";
import type { LiveSession } from "../picture/live-session";
import type { SessionView } from "../protocol/generated/wire";
import { may } from "../state/store";
import { duration } from "../state/words";
import { CloseIcon, HandIcon, HelmIcon } from "./icons";
import { Notice } from "./parts";
import { FPS } from "./session";

/** After a window stopped changing its size for this long, another picture size is asked for. */
const RESIZED_MS = 250;

export function Stage({ live, session }: { live: LiveSession; session: SessionView }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const state = live.live.value;
  const shown = live.shown.value;

  useEffect(() => {
    if (canvas.current !== null) live.paintOn(canvas.current);
  }, [live]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    let timer = 0;
    const measure = (): void => live.setQuality({ fps: FPS, width: pictureWidth(element.clientWidth, window.devicePixelRatio) });
    const watch = new ResizeObserver(() => {
      window.clearTimeout(timer);
      timer = window.setTimeout(measure, RESIZED_MS);
    });
    watch.observe(element);
    return () => {
      window.clearTimeout(timer);
      watch.disconnect();
    };
  }, [live]);

  const crashed = session.state === "crashed";
  return (
    <div class={`stage-frame${state.youControl ? " driving" : ""}`}>
      <WheelBar live={live} session={session} />
      {state.refusal !== null && (
        <Notice tone="bad" testId="refusal">
          <span>
            <strong>{state.refusal.error}</strong> {state.refusal.hint}
          </span>
          <button type="button" class="button quiet icon-only" aria-label="Dismiss" onClick={() => live.forgetRefusal()}>
            <CloseIcon />
          </button>
        </Notice>
      )}
      {state.dialog !== null && (
        <Notice tone="warn" testId="dialog">
          <span>
            <strong>The page shows a dialog ({state.dialog.kind}):</strong> “<bdi>{state.dialog.message}</bdi>”. The agent has to answer it.
          </span>
        </Notice>
      )}
      <div class="stage" ref={box} style={shown === null ? {} : { "--shape": `${shown.width} / ${shown.height}` }}>
        <canvas
          ref={canvas}
          class={shown === null ? "" : "drawn"}
          data-testid="session-picture"
          role="img"
          aria-label={`Live picture of ${session.title === "" ? session.url : session.title}`}
        />
        {state.youControl && <InputField live={live} />}
        {live.link.value === "lost" ? (
          <div class="stage-cover" role="status">
            <span class="spinner" aria-hidden="true" /> Picture lost, reconnecting
          </div>
        ) : crashed ? (
          <div class="stage-cover">The browser of this session died. Only closing is left.</div>
        ) : shown === null ? (
          <div class="stage-cover" role="status">
            <span class="spinner" aria-hidden="true" /> Waiting for the first picture
          </div>
        ) : null}
      </div>
      <Pulse live={live} />
    </div>
  );
}

/** Who drives, and the button that changes it. */
function WheelBar({ live, session }: { live: LiveSession; session: SessionView }): JSX.Element {
  const { youControl, controller } = live.live.value;
  const closed = session.state === "crashed" || session.state === "closed";
  const words = youControl
    ? "You drive. The agent waits until you hand back."
    : controller !== null
      ? `${controller} drives. The agent waits.`
      : "The agent drives. You watch.";
  return (
    <div class={`wheel${youControl ? " wheel-yours" : controller !== null ? " wheel-other" : ""}`}>
      {youControl || controller !== null ? <HandIcon /> : <HelmIcon />}
      <span class="wheel-words" role="status" data-testid="controller">
        {words}
        {youControl && <span class="wheel-hint"> Shift+Esc leaves the picture.</span>}
      </span>
      {youControl ? (
        <button id="hand-back" type="button" class="button attention small" data-testid="hand-back" onClick={() => live.send({ type: "hand_back" })}>
          Hand back
        </button>
      ) : (
        may("control") && (
          <button
            type="button"
            class="button small"
            data-testid="take-control"
            disabled={closed || live.link.value !== "open"}
            onClick={() => live.send({ type: "take_control" })}
          >
            Take control
          </button>
        )
      )}
    </div>
  );
}

/** Lies over the picture while this person drives: takes the focus, and with it everything typed. */
function InputField({ live }: { live: LiveSession }): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.focus({ preventScroll: true });
    return forwardInput({
      field: element,
      page: () => live.shown.peek(),
      send: (message) => void live.send(message),
      leave: () => document.getElementById("hand-back")?.focus(),
    });
  }, [live]);
  return (
    <textarea
      ref={field}
      class="stage-input"
      data-testid="control-input"
      aria-label="The page: what you type and click here goes to it. Shift+Escape leaves."
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
    />
  );
}

/** How live the picture is: frames in the last second, and how old the newest was when it was drawn. */
function Pulse({ live }: { live: LiveSession }): JSX.Element {
  const pulse = useSignal<{ fps: number; ageMs: number } | null>(null);
  useEffect(() => {
    let before = live.frames;
    const timer = window.setInterval(() => {
      pulse.value = { fps: live.frames - before, ageMs: live.ageMs };
      before = live.frames;
    }, 1000);
    return () => window.clearInterval(timer);
  }, [live, pulse]);
  const { fps, ageMs } = pulse.value ?? { fps: 0, ageMs: 0 };
  const size = live.shown.value;
  const open = live.link.value === "open";
  // A clock apart from the service's makes the age nonsense: then it is not shown.
  const age = fps > 0 && ageMs >= 0 && ageMs < 10_000 ? ` · ${duration(ageMs)} old` : "";
  return (
    <div class="pulse small" data-testid="pulse">
      <span class={`dot ${open ? "dot-live" : "dot-lost"}`} aria-hidden="true" />
      <span>{!open ? "Not live" : fps > 0 ? `${fps} fps${age}` : pulse.value === null ? "Live" : "Live, the page is still"}</span>
      <span class="gap" />
      {size !== null && (
        <span>
          {size.width} × {size.height}
        </span>
      )}
    </div>
  );
}

/** The large picture, and the wheel. */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { forwardInput } from "../input/forward";
import { pictureWidth, type Size } from "../picture/geometry";
import type { LiveSession } from "../picture/live-session";
import { fitScale, pinched, stepped, type Zoom, zoomWords } from "../picture/zoom";
import type { SessionView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { may } from "../state/store";
import { duration, span } from "../state/words";
import { Asked } from "./asked";
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

  const zoom = useSignal<Zoom>("fit");
  const room = useSignal<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => (room.value = { width: element.clientWidth, height: element.clientHeight }));
    watch.observe(element);
    return () => watch.disconnect();
  }, [room]);
  const scale = zoom.value === "fit" ? fitScale(room.value, shown ?? room.value) : zoom.value;
  const sheet = zoom.value === "fit" || shown === null ? null : { width: Math.round(shown.width * scale), height: Math.round(shown.height * scale) };
  const wanted = pictureWidth(sheet?.width ?? room.value.width, window.devicePixelRatio);
  useEffect(() => {
    if (room.value.width === 0) return;
    const timer = window.setTimeout(() => live.setQuality({ fps: FPS, width: wanted }), RESIZED_MS);
    return () => window.clearTimeout(timer);
  }, [live, room, wanted]);

  const pinch = (factor: number, dx: number, dy: number): void => {
    const page = live.shown.peek();
    if (page === null) return;
    const chosen = zoom.peek();
    const from = chosen === "fit" ? fitScale(room.peek(), page) : chosen;
    if (Math.abs(factor - 1) > 0.001) {
      const next = pinched(from, factor);
      zoom.value = next <= fitScale(room.peek(), page) ? "fit" : next;
    }
    box.current?.scrollBy(-dx, -dy);
  };

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
      <Asked live={live} session={session.id} />
      <div class={`stage${sheet === null ? "" : " stage-zoomed"}`} style={shown === null ? {} : { "--shape": `${shown.width} / ${shown.height}` }}>
        <div class="stage-room" ref={box} tabIndex={sheet === null || state.youControl ? -1 : 0} aria-label={sheet === null ? undefined : "The picture, enlarged: scroll to see the rest"}>
          <div class="stage-sheet" style={sheet === null ? { width: "", height: "" } : { width: `${sheet.width}px`, height: `${sheet.height}px` }}>
            <canvas
              ref={canvas}
              class={shown === null ? "" : "drawn"}
              data-testid="session-picture"
              role="img"
              aria-label={`Live picture of ${session.title === "" ? session.url : session.title}`}
            />
            {state.youControl && <InputField live={live} pinch={pinch} />}
          </div>
        </div>
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
      <Pulse live={live}>{shown !== null && <ZoomBar zoom={zoom} scale={scale} />}</Pulse>
    </div>
  );
}

/** How large the picture is shown. */
function ZoomBar({ zoom, scale }: { zoom: Signal<Zoom>; scale: number }): JSX.Element {
  return (
    <span class="zoom" role="group" aria-label="Size of the picture">
      <button type="button" class="button quiet small" aria-label="Smaller" title="Smaller" data-testid="zoom-out" onClick={() => (zoom.value = stepped(scale, false))}>
        −
      </button>
      <button type="button" class="button quiet small zoom-now" aria-label={`${zoomWords(scale)}; show at 100 %`} title="One to one" data-testid="zoom-full" onClick={() => (zoom.value = 1)}>
        {zoomWords(scale)}
      </button>
      <button type="button" class="button quiet small" aria-label="Larger" title="Larger" data-testid="zoom-in" onClick={() => (zoom.value = stepped(scale, true))}>
        +
      </button>
      <button type="button" class="button quiet small" aria-pressed={zoom.value === "fit"} data-testid="zoom-fit" onClick={() => (zoom.value = "fit")}>
        Fit
      </button>
    </span>
  );
}

/** Who drives, and the button that changes it. */
function WheelBar({ live, session }: { live: LiveSession; session: SessionView }): JSX.Element {
  const { youControl, controller, since } = live.live.value;
  const closed = session.state === "crashed" || session.state === "closed";
  const words = youControl
    ? "You drive. The agent waits until you hand back."
    : controller !== null
      ? `${controller} drives${since === null ? "" : `, since ${span(now.value - since)}`}. The agent waits.`
      : "The agent drives. You watch.";
  const taking = useSignal(false);
  // Asked about one person's wheel, not whoever has it by then.
  useEffect(() => {
    taking.value = false;
  }, [controller, taking]);
  const blocked = closed || live.link.value !== "open";
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
        may("control") &&
        (controller === null ? (
          <button type="button" class="button small" data-testid="take-control" disabled={blocked} onClick={() => live.send({ type: "take_control" })}>
            Take control
          </button>
        ) : taking.value ? (
          <span class="sure" role="group" aria-label={`Take the wheel from ${controller}?`}>
            <button
              type="button"
              class="button attention small"
              data-testid="take-over-sure"
              disabled={blocked}
              onClick={() => {
                taking.value = false;
                live.send({ type: "take_over" });
              }}
            >
              Take it from {controller}
            </button>
            <button type="button" class="button small" onClick={() => (taking.value = false)}>
              Leave it
            </button>
          </span>
        ) : (
          <button type="button" class="button small" data-testid="take-over" disabled={blocked} onClick={() => (taking.value = true)}>
            Take over
          </button>
        ))
      )}
    </div>
  );
}

/** Lies over the picture while this person drives: takes the focus, and with it everything typed. */
function InputField({ live, pinch }: { live: LiveSession; pinch: (factor: number, dx: number, dy: number) => void }): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.focus({ preventScroll: true });
    return forwardInput({
      field: element,
      page: () => live.shown.peek(),
      send: (message) => void live.send(message),
      pinch,
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
function Pulse({ live, children }: { live: LiveSession; children: ComponentChildren }): JSX.Element {
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
        <span class="pulse-size">
          {size.width} × {size.height}
        </span>
      )}
      {children}
    </div>
  );
}

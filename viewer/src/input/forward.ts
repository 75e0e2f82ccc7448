/**
 * While a person is in control: mouse, wheel, touch, keys and text on the picture go to the page.
 * Moves and wheel turns are gathered to one message a frame; keys held down are let go when the focus leaves.
 */

import { toPage, toPageNearest, type Point, type Size } from "../picture/geometry";
import type { MouseButton, ViewerMessage } from "../protocol/generated/wire";
import { Fingers, type Deed } from "./fingers";
import { button, clickCount, comesAsText, copiesOut, leaves, modifiers, type Press, textParts, typedWithAltGr, wheelPixels } from "./translate";

export interface Target {
  /** Takes the focus and the text: a textarea over the picture, so that input methods and phone keyboards work. */
  field: HTMLTextAreaElement;
  /** Viewport of the picture on the screen, CSS pixels. */
  page: () => Size | null;
  send: (message: ViewerMessage) => void;
  /** Two fingers enlarge and move the picture itself. */
  pinch: (factor: number, dx: number, dy: number) => void;
  /** The person asked to leave the picture by keyboard. */
  leave: () => void;
}

/** Starts forwarding; the answer ends it. */
export function forwardInput({ field, page, send, pinch, leave }: Target): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const held = new Map<string, { key: string; code: string }>();
  let pressed: MouseButton = "none";
  let lastPress: Press | null = null;
  let lastPoint: Point = { x: 0, y: 0 };
  let move: { point: Point; modifiers: number } | null = null;
  let turn: { point: Point; x: number; y: number; modifiers: number } | null = null;
  const fingers = new Fingers();
  let swipe: Deed | null = null;
  /** What an input method has in the page and not finished. */
  let composing = false;
  let scheduled = 0;

  const at = (event: MouseEvent, nearest: boolean): Point | null => {
    const size = page();
    if (size === null) return null;
    const box = field.getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    return nearest ? toPageNearest(point, box, size) : toPage(point, box, size);
  };

  const mouse = (kind: "move" | "down" | "up" | "wheel", point: Point, more: Partial<Extract<ViewerMessage, { type: "mouse" }>>): void => {
    lastPoint = point;
    send({ type: "mouse", kind, x: point.x, y: point.y, button: "none", clicks: 0, delta_x: 0, delta_y: 0, modifiers: 0, ...more });
  };

  const flush = (): void => {
    cancelAnimationFrame(scheduled);
    scheduled = 0;
    if (move !== null) mouse("move", move.point, { button: pressed, modifiers: move.modifiers });
    if (turn !== null) mouse("wheel", turn.point, { delta_x: turn.x, delta_y: turn.y, modifiers: turn.modifiers });
    move = null;
    turn = null;
    if (swipe !== null) act([swipe]);
    swipe = null;
  };

  const act = (deeds: readonly Deed[]): void => {
    for (const deed of deeds) {
      if (deed.to === "page") send({ type: "touch", kind: deed.kind, points: deed.points, modifiers: 0 });
      else pinch(deed.factor, deed.dx, deed.dy);
    }
  };

  const touched = (deeds: readonly Deed[]): void => {
    flush();
    act(deeds);
  };

  const soon = (): void => {
    if (scheduled === 0) scheduled = requestAnimationFrame(flush);
  };

  const wheel = (point: Point, x: number, y: number, keys: number): void => {
    turn = { point, x: (turn?.x ?? 0) + x, y: (turn?.y ?? 0) + y, modifiers: keys };
    soon();
  };

  const press = (event: PointerEvent, point: Point): void => {
    const clicks = clickCount(lastPress, point, event.button, event.timeStamp);
    lastPress = { point, button: event.button, at: event.timeStamp, clicks };
    flush();
    pressed = button(event.button);
    mouse("down", point, { button: pressed, clicks, modifiers: modifiers(event) });
  };

  const release = (event: PointerEvent, point: Point): void => {
    flush();
    mouse("up", point, { button: button(event.button), clicks: lastPress?.clicks ?? 1, modifiers: modifiers(event) });
    pressed = "none";
  };

  field.addEventListener("pointerdown", (event) => {
    const point = at(event, false);
    event.preventDefault();
    field.focus({ preventScroll: true });
    if (point === null || button(event.button) === "none") return;
    field.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") touched(fingers.start(event.pointerId, point, { x: event.clientX, y: event.clientY }));
    else press(event, point);
  }, { signal });

  field.addEventListener("pointermove", (event) => {
    const point = at(event, pressed !== "none" || event.pointerType === "touch");
    if (point === null) return;
    if (event.pointerType === "touch") {
      for (const deed of fingers.move(event.pointerId, point, { x: event.clientX, y: event.clientY })) {
        // Of many moves in one frame the page needs the last; what moves the picture adds up and is done at once.
        if (deed.to === "picture") act([deed]);
        else {
          swipe = deed;
          soon();
        }
      }
      return;
    }
    move = { point, modifiers: modifiers(event) };
    soon();
  }, { signal });

  field.addEventListener("pointerup", (event) => {
    const point = at(event, true);
    if (point === null) return;
    if (event.pointerType === "touch") {
      touched(fingers.end(event.pointerId, "end"));
    } else if (pressed !== "none") release(event, point);
  }, { signal });

  field.addEventListener("pointercancel", (event) => {
    touched(fingers.end(event.pointerId, "cancel"));
    if (pressed !== "none") release(event, lastPoint);
  }, { signal });

  field.addEventListener("wheel", (event) => {
    event.preventDefault();
    const point = at(event, false);
    const size = page();
    if (point === null || size === null) return;
    wheel(point, wheelPixels(event.deltaX, event.deltaMode, size.height), wheelPixels(event.deltaY, event.deltaMode, size.height), modifiers(event));
  }, { signal, passive: false });

  for (const kind of ["contextmenu", "dragstart", "drop"] as const) {
    field.addEventListener(kind, (event) => event.preventDefault(), { signal });
  }

  const text = (whole: string): void => {
    for (const part of textParts(whole)) send({ type: "text", text: part });
  };

  field.addEventListener("keydown", (event) => {
    if (leaves(event)) {
      event.preventDefault();
      leave();
      return;
    }
    if (comesAsText(event)) return;
    const copies = copiesOut(event);
    if (copies !== null) {
      event.preventDefault();
      send({ type: "copy", cut: copies === "cut" });
      return;
    }
    event.preventDefault();
    if (typedWithAltGr(event)) {
      text(event.key);
      return;
    }
    held.set(event.code === "" ? event.key : event.code, { key: event.key, code: event.code });
    send({ type: "key", down: true, key: event.key, code: event.code, modifiers: modifiers(event) });
  }, { signal });

  field.addEventListener("keyup", (event) => {
    // While Meta is down macOS tells of no other key's release.
    if (event.key === "Meta") releaseKeys();
    const name = event.code === "" ? event.key : event.code;
    if (!held.delete(name)) return;
    event.preventDefault();
    send({ type: "key", down: false, key: event.key, code: event.code, modifiers: modifiers(event) });
  }, { signal });

  field.addEventListener("paste", (event) => {
    event.preventDefault();
    text(event.clipboardData?.getData("text/plain") ?? "");
  }, { signal });

  field.addEventListener("compositionupdate", (event) => {
    composing = true;
    const end = event.data.length;
    send({ type: "compose", text: event.data, start: end, end });
  }, { signal });

  field.addEventListener("compositionend", (event) => {
    // The finished word takes the place of what was composed; one that was given up leaves nothing.
    if (event.data !== "") text(event.data);
    else if (composing) send({ type: "compose", text: "", start: 0, end: 0 });
    composing = false;
    field.value = "";
  }, { signal });

  field.addEventListener("input", (event) => {
    if (event instanceof InputEvent && event.isComposing) return;
    text(field.value);
    field.value = "";
  }, { signal });

  const releaseKeys = (): void => {
    for (const { key, code } of held.values()) send({ type: "key", down: false, key, code, modifiers: 0 });
    held.clear();
  };

  const letGo = (): void => {
    releaseKeys();
    if (pressed !== "none") mouse("up", lastPoint, { button: pressed, clicks: 1 });
    pressed = "none";
  };
  field.addEventListener("blur", letGo, { signal });

  return () => {
    letGo();
    cancelAnimationFrame(scheduled);
    ending.abort();
  };
}

/** DOM input in the words of the wire. Pure. */

import type { MouseButton } from "../protocol/generated/wire";
import type { Point } from "../picture/geometry";

/** As in CDP: 1 Alt, 2 Ctrl, 4 Meta, 8 Shift. */
export function modifiers(event: { altKey: boolean; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean }): number {
  return (event.altKey ? 1 : 0) | (event.ctrlKey ? 2 : 0) | (event.metaKey ? 4 : 0) | (event.shiftKey ? 8 : 0);
}

/** `MouseEvent.button`. Back and forward buttons are not sent: they would leave the page. */
export function button(number: number): MouseButton {
  return number === 0 ? "left" : number === 1 ? "middle" : number === 2 ? "right" : "none";
}

export interface Press {
  point: Point;
  button: number;
  /** Milliseconds, of any one clock. */
  at: number;
  clicks: number;
}

const DOUBLE_MS = 500;
const DOUBLE_PX = 5;

/** 1, 2 or 3: single, double or triple. Pointer events do not count for us. */
export function clickCount(last: Press | null, point: Point, pressed: number, at: number): number {
  if (last === null || last.button !== pressed || at - last.at > DOUBLE_MS) return 1;
  if (Math.hypot(point.x - last.point.x, point.y - last.point.y) > DOUBLE_PX) return 1;
  return last.clicks >= 3 ? 1 : last.clicks + 1;
}

const LINE_PX = 40;

/** Wheel deltas in CSS pixels, whatever unit the device speaks. */
export function wheelPixels(delta: number, mode: number, pageHeight: number): number {
  return mode === 1 ? delta * LINE_PX : mode === 2 ? delta * pageHeight : delta;
}

/** Paste stays with the person's own browser: its text comes by the paste event. */
function staysHere(event: { key: string; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean }): boolean {
  return (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "v";
}

/** Copying goes the other way: what is selected on the page comes to the person's own clipboard. */
export function copiesOut(event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean }): "copy" | "cut" | null {
  if (event.ctrlKey === event.metaKey || event.altKey || event.shiftKey) return null;
  const key = event.key.toLowerCase();
  return key === "c" ? "copy" : key === "x" ? "cut" : null;
}

/**
 * Keys whose text comes by another event: an input method or phone keyboard at work, a dead accent, paste.
 * They must reach the field, so they are neither sent nor stopped.
 */
export function comesAsText(event: { key: string; isComposing: boolean; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean }): boolean {
  return event.isComposing || ["Unidentified", "Process", "Dead"].includes(event.key) || staysHere(event);
}

/** AltGr reports itself as Ctrl+Alt on some systems; what it types is text, not a shortcut. */
export function typedWithAltGr(event: { key: string; getModifierState: (name: string) => boolean }): boolean {
  return event.key.length === 1 && event.getModifierState("AltGraph");
}

/** Longest text sent in one message, UTF-16 units; at most three bytes each in UTF-8. */
const TEXT_UNITS_MAX = 1_000;

/** A text in parts that may be sent, none of which ends in half a character. */
export function textParts(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + TEXT_UNITS_MAX, text.length);
    const last = text.charCodeAt(to - 1);
    if (to < text.length && last >= 0xd800 && last <= 0xdbff) to -= 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

/** Shift+Escape: the way out of the picture for who has no mouse. */
export function leaves(event: { key: string; shiftKey: boolean }): boolean {
  return event.key === "Escape" && event.shiftKey;
}

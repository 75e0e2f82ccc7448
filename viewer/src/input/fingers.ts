/** Fingers on the picture: one is the page's, two move and enlarge the picture itself. Pure. */

import type { Point } from "../picture/geometry";
import type { TouchKind, TouchPoint } from "../protocol/generated/wire";

/** What a change of the fingers comes to. */
export type Deed =
  | { to: "page"; kind: TouchKind; points: TouchPoint[] }
  /** The picture: how much larger, and how far it moves, in pixels of the screen. */
  | { to: "picture"; factor: number; dx: number; dy: number };

interface Finger {
  id: number;
  /** On the page, CSS pixels of it. */
  page: Point;
  /** On the screen. */
  screen: Point;
}

export class Fingers {
  readonly #down = new Map<number, Finger>();
  /** Two fingers were down: until all are up, none of it is the page's. */
  #pinching = false;

  get many(): boolean {
    return this.#pinching;
  }

  start(pointer: number, page: Point, screen: Point): Deed[] {
    const id = this.#freeId();
    this.#down.set(pointer, { id, page, screen });
    if (this.#pinching) return [];
    if (this.#down.size === 1) return [{ to: "page", kind: "start", points: this.#points() }];
    this.#pinching = true;
    return [{ to: "page", kind: "cancel", points: [] }];
  }

  move(pointer: number, page: Point, screen: Point): Deed[] {
    const finger = this.#down.get(pointer);
    if (finger === undefined) return [];
    const before = this.#spread();
    finger.page = page;
    finger.screen = screen;
    if (!this.#pinching) return [{ to: "page", kind: "move", points: this.#points() }];
    const after = this.#spread();
    if (before === null || after === null) return [];
    const factor = before.apart > 0 ? after.apart / before.apart : 1;
    return [{ to: "picture", factor, dx: after.x - before.x, dy: after.y - before.y }];
  }

  end(pointer: number, kind: "end" | "cancel"): Deed[] {
    if (!this.#down.delete(pointer)) return [];
    const pinched = this.#pinching;
    if (this.#down.size === 0) this.#pinching = false;
    return pinched ? [] : [{ to: "page", kind, points: this.#points() }];
  }

  #points(): TouchPoint[] {
    return [...this.#down.values()].map(({ id, page }) => ({ id, x: page.x, y: page.y }));
  }

  #freeId(): number {
    const used = new Set([...this.#down.values()].map((finger) => finger.id));
    let id = 0;
    while (used.has(id)) id += 1;
    return id;
  }

  /** How far the first two are apart, and the middle between them. */
  #spread(): { apart: number; x: number; y: number } | null {
    const [first, second] = [...this.#down.values()];
    if (first === undefined || second === undefined) return null;
    return {
      apart: Math.hypot(first.screen.x - second.screen.x, first.screen.y - second.screen.y),
      x: (first.screen.x + second.screen.x) / 2,
      y: (first.screen.y + second.screen.y) / 2,
    };
  }
}

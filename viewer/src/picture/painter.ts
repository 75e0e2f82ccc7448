/** Draws the newest frame on a canvas. Keeps at most one frame waiting: a machine too slow for all of them skips, never lags. */

import type { Frame } from "../protocol/frame";

export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #drawn: (frame: Frame) => void;
  /** The newest frame not yet begun; a newer one takes its place. */
  #next: Frame | null = null;
  #busy = false;
  #ended = false;

  /** `drawn` is called once the frame is on the screen: the moment to acknowledge it. */
  constructor(canvas: HTMLCanvasElement, drawn: (frame: Frame) => void) {
    this.#canvas = canvas;
    this.#drawn = drawn;
  }

  offer(frame: Frame): void {
    this.#next = frame;
    if (!this.#busy) void this.#run();
  }

  end(): void {
    this.#ended = true;
    this.#next = null;
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#next !== null) {
      const frame = this.#next;
      this.#next = null;
      try {
        const bitmap = await createImageBitmap(new Blob([frame.picture], { type: "image/jpeg" }));
        await nextPaint();
        if (!this.#isEnded()) this.#draw(bitmap);
        bitmap.close();
      } catch {
        // A broken picture is skipped like a late one; without its acknowledgement the stream would stop.
      }
      if (this.#isEnded()) return;
      this.#drawn(frame);
    }
    this.#busy = false;
  }

  #isEnded(): boolean {
    return this.#ended;
  }

  #draw(bitmap: ImageBitmap): void {
    const canvas = this.#canvas;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext("2d", { alpha: false })?.drawImage(bitmap, 0, 0);
  }
}

/** When the screen is painted next; at once when the window gets hidden, for then it is not painted at all. */
function nextPaint(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancelAnimationFrame(paint);
      document.removeEventListener("visibilitychange", done);
      resolve();
    };
    const paint = requestAnimationFrame(done);
    document.addEventListener("visibilitychange", done);
    if (document.hidden) done();
  });
}

/** One session's live socket with its picture: what a tile and the session page stand on. */

import { signal } from "@preact/signals";
import { firstTime } from "../net/memory";
import { Socket, type Link } from "../net/socket";
import { decodeFrame, FrameError, type Frame } from "../protocol/frame";
import type { LiveEvent, SessionId, ViewerMessage } from "../protocol/generated/wire";
import { applied, type Live, NOTHING_YET } from "../state/live";
import { askLogin, learnApprovals } from "../state/store";
import { serviceNow } from "../net/http";
import type { Size } from "./geometry";
import { Painter } from "./painter";

export interface Quality {
  /** Frames a second, at most. */
  fps: number;
  /** Device pixels, at most. */
  width: number;
}

/** Pictures of calls kept. */
const PICTURES_MAX = 60;
/** Width of one, device pixels. */
const PICTURE_WIDTH = 160;
/** A page that stands still after a call is pictured as it is. */
const STILL_MS = 400;

/** Frames a second while the window is hidden: enough to be right at once on return. */
const HIDDEN_FPS = 1;

export class LiveSession {
  readonly live = signal<Live>(NOTHING_YET);
  readonly link = signal<Link>("connecting");
  /** The tab looked at; `null` follows the agent. */
  readonly watched = signal<number | null>(null);
  /** The viewport the picture on the screen shows, CSS pixels; `null` before the first. */
  readonly shown = signal<Size | null>(null);
  /** What was copied on the page and could not go to the clipboard. */
  readonly copied = signal<string | null>(null);
  /** Small pictures of the page after the calls seen to end, by the call's number; the newest [`PICTURES_MAX`]. */
  readonly pictures = signal<ReadonlyMap<number, ImageBitmap>>(new Map());
  /** Calls whose picture is taken from the next frame, or from the one on the screen when none comes. */
  #untaken = new Set<number>();
  #untakenTimer = 0;
  /** Frames drawn since the start, and how old the last was when it was drawn. Plain: read once a second, not at every frame. */
  frames = 0;
  ageMs = 0;

  #quality: Quality;
  /** The newest frame that came while the window was hidden. */
  #unseen: Frame | null = null;
  #painter: Painter | null = null;
  #canvas: HTMLCanvasElement | null = null;
  readonly #socket: Socket;

  constructor(id: SessionId, quality: Quality) {
    this.#quality = quality;
    document.addEventListener("visibilitychange", this.#visibility);
    this.#socket = new Socket(
      () => {
        const page = this.watched.peek();
        const { fps, width } = this.#quality;
        return `/v1/sessions/${id}/live?fps=${fps}&width=${width}${page === null ? "" : `&page=${page}`}`;
      },
      {
        text: (message) => this.#hear(JSON.parse(message) as LiveEvent),
        binary: (message) => this.#see(message),
        link: (link) => {
          this.link.value = link;
          // The address asks already; a message makes it certain, whatever stands between us and the service.
          if (link === "open") this.#ask();
          // Control ends with the socket; the full state after a reconnect says who drives then.
          if (link === "lost" && this.live.value.youControl) this.live.value = { ...this.live.value, youControl: false, controller: null };
        },
        refused: () => void askLogin(),
      },
    );
  }

  /** Draws on this canvas from now on. */
  paintOn(canvas: HTMLCanvasElement): void {
    this.#painter?.end();
    this.#canvas = canvas;
    this.#painter = new Painter(canvas, (frame) => this.#drawn(canvas, frame));
  }

  send(message: ViewerMessage): boolean {
    return this.#socket.send(message);
  }

  watch(page: number | null): void {
    if (this.watched.value === page) return;
    this.watched.value = page;
    this.send({ type: "watch", page });
  }

  setQuality(quality: Quality): void {
    if (quality.fps === this.#quality.fps && quality.width === this.#quality.width) return;
    this.#quality = quality;
    this.#ask();
  }

  /** The person read why something was refused. */
  forgetRefusal(): void {
    this.live.value = { ...this.live.value, refusal: null };
  }

  end(): void {
    document.removeEventListener("visibilitychange", this.#visibility);
    window.clearTimeout(this.#untakenTimer);
    this.#painter?.end();
    this.#socket.end();
  }

  #ask(): void {
    const page = this.watched.peek();
    if (page !== null) this.send({ type: "watch", page });
    this.send({ type: "quality", fps: document.hidden ? HIDDEN_FPS : this.#quality.fps, width: this.#quality.width });
  }

  /** A window nobody sees paints nothing: frames are acknowledged as they come, few of them, and the newest is kept for the return. */
  readonly #visibility = (): void => {
    this.#ask();
    if (document.hidden || this.#unseen === null) return;
    this.#painter?.offer(this.#unseen);
    this.#unseen = null;
  };

  #hear(event: LiveEvent): void {
    this.live.value = applied(this.live.value, event);
    if (event.type === "copied") void this.#copy(event.text);
    if (event.type === "call" && event.call.state === "done") this.#pictureOf(event.call.number);
    if (event.type === "approval") learnApprovals([event.approval]);
    else if (event.type === "state") {
      learnApprovals(event.approvals);
      const watched = this.watched.value;
      // The tab looked at may have closed while the connection was lost.
      if (watched !== null && !event.session.tabs.some((tab) => tab.page === watched)) this.watch(null);
    } else if (event.type === "session") {
      const watched = this.watched.value;
      if (watched !== null && !event.session.tabs.some((tab) => tab.page === watched)) this.watch(null);
    } else if (event.type === "closed") this.#socket.end();
  }

  #see(message: ArrayBuffer): void {
    let frame: Frame;
    try {
      frame = decodeFrame(message);
    } catch (error) {
      // Another version of the service than the one that sent this page: its new page will know.
      if (error instanceof FrameError && error.reason === "version" && firstTime("reloaded")) window.location.reload();
      return;
    }
    const watched = this.watched.peek();
    // A frame of the tab left a moment ago: done with, not drawn.
    if (this.#painter === null || (watched !== null && frame.page !== watched)) this.#acknowledge(frame);
    else if (document.hidden) {
      this.#unseen = frame;
      this.#acknowledge(frame);
    } else this.#painter.offer(frame);
  }

  #drawn(canvas: HTMLCanvasElement, frame: Frame): void {
    this.frames += 1;
    this.ageMs = serviceNow() - frame.capturedAtMs;
    canvas.dataset["seq"] = String(frame.sequence);
    const shown = this.shown.peek();
    if (shown?.width !== frame.width || shown.height !== frame.height) this.shown.value = { width: frame.width, height: frame.height };
    this.#acknowledge(frame);
  }

  async #copy(text: string): Promise<void> {
    if (text === "") return;
    try {
      await navigator.clipboard.writeText(text);
      this.copied.value = null;
    } catch {
      this.copied.value = text;
    }
  }

  #pictureOf(call: number): void {
    this.#untaken.add(call);
    window.clearTimeout(this.#untakenTimer);
    this.#untakenTimer = window.setTimeout(() => void this.#takePictures(), STILL_MS);
  }

  /** From what is on the screen anyway: nobody is asked for another picture. */
  async #takePictures(): Promise<void> {
    const calls = [...this.#untaken];
    this.#untaken.clear();
    const canvas = this.#canvas;
    if (calls.length === 0 || canvas === null || this.shown.peek() === null || canvas.width === 0) return;
    try {
      const picture = await createImageBitmap(canvas, { resizeWidth: PICTURE_WIDTH, resizeQuality: "medium" });
      const pictures = new Map(this.pictures.peek());
      // Calls that ended together share what came of them.
      for (const call of calls) pictures.set(call, picture);
      for (const old of [...pictures.keys()].slice(0, Math.max(0, pictures.size - PICTURES_MAX))) pictures.delete(old);
      this.pictures.value = pictures;
    } catch {
      // A call without a picture is still a call.
    }
  }

  #acknowledge(frame: Frame): void {
    this.send({ type: "ack", seq: frame.sequence });
  }
}

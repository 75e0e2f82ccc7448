/** A WebSocket that comes back by itself. Says truthfully whether it is there; must never queue what could not be sent. */

import { backoffMs } from "./backoff";
import { passProtocols } from "./pass";

/** RFC 6455: closed because of who we are, not of what happened. */
const POLICY_VIOLATION = 1008;

export type Link = "connecting" | "open" | "lost";

export interface SocketEvents {
  text(message: string): void;
  binary(message: ArrayBuffer): void;
  link(link: Link): void;
  /** A connection was refused before it opened, or closed for who we are: the login or link may be gone, or what it names. */
  refused(): void;
}

export class Socket {
  readonly #path: () => string;
  readonly #events: SocketEvents;
  #socket: WebSocket | null = null;
  #timer: number | undefined;
  #attempt = 0;
  #ended = false;

  /** `path` is asked anew at every attempt, so that a reconnect asks for what is wanted now. */
  constructor(path: () => string, events: SocketEvents) {
    this.#path = path;
    this.#events = events;
    window.addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#connect();
  }

  get open(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** True when it went out; a message that cannot go now is dropped, for the state after a reconnect is a new one. */
  send(message: unknown): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** For good. */
  end(): void {
    this.#ended = true;
    window.clearTimeout(this.#timer);
    window.removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  #connect(): void {
    const url = new URL(this.#path(), window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    const socket = new WebSocket(url, passProtocols());
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      if (this.#socket === socket) this.#events.link("open");
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (this.#socket !== socket) return;
      // Only a message shows that the other side works; a socket that opens and closes at once keeps backing off.
      this.#attempt = 0;
      if (typeof event.data === "string") this.#events.text(event.data);
      else this.#events.binary(event.data);
    };
    socket.onclose = (event) => {
      if (this.#ended || this.#socket !== socket) return;
      this.#socket = null;
      this.#events.link("lost");
      if (!opened || event.code === POLICY_VIOLATION) this.#events.refused();
      // What was just called may have ended this socket for good.
      if (this.#stillWanted()) {
        this.#timer = window.setTimeout(() => this.#connect(), backoffMs(this.#attempt, Math.random()));
        this.#attempt += 1;
      }
    };
  }

  #stillWanted(): boolean {
    return !this.#ended;
  }

  /** The network or the person is back: do not sit out a long wait. */
  readonly #hurry = (): void => {
    if (this.#ended || this.#socket !== null || document.visibilityState === "hidden") return;
    window.clearTimeout(this.#timer);
    this.#connect();
  };
}

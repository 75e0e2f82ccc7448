/** The binary frame, as laid out in the protocol crate's `frame.rs`: a little-endian header, then the picture. */

import { FRAME_HEADER_BYTES, FRAME_KIND_JPEG, FRAME_VERSION } from "./generated/wire";

export interface Frame {
  /** The tab it shows, as in `TabView.page`. */
  page: number;
  /** What the acknowledgement names. */
  sequence: number;
  /** Milliseconds since the Unix epoch, with fractions. */
  capturedAtMs: number;
  /** Viewport the picture shows, CSS pixels; input is in these. */
  width: number;
  height: number;
  /** JPEG bytes; a view into the message, not a copy. */
  picture: Uint8Array<ArrayBuffer>;
}

/** Why a message is no frame. `version` means the service is newer or older than this page: load the page again. */
export class FrameError extends Error {
  readonly reason: "short" | "version" | "kind";

  constructor(reason: "short" | "version" | "kind", message: string) {
    super(message);
    this.reason = reason;
  }
}

export function decodeFrame(message: ArrayBuffer): Frame {
  if (message.byteLength < FRAME_HEADER_BYTES) {
    throw new FrameError("short", `a frame of ${message.byteLength} bytes, shorter than its header`);
  }
  const header = new DataView(message, 0, FRAME_HEADER_BYTES);
  const version = header.getUint8(0);
  if (version !== FRAME_VERSION) {
    throw new FrameError("version", `frame version ${version}, this page speaks ${FRAME_VERSION}`);
  }
  const kind = header.getUint8(1);
  if (kind !== FRAME_KIND_JPEG) throw new FrameError("kind", `unknown frame kind ${kind}`);
  return {
    page: header.getUint16(2, true),
    // Exact up to 2^53: at 60 a second that is five million years.
    sequence: Number(header.getBigUint64(4, true)),
    capturedAtMs: Number(header.getBigUint64(12, true)) / 1000,
    width: header.getUint32(20, true),
    height: header.getUint32(24, true),
    picture: new Uint8Array(message, FRAME_HEADER_BYTES),
  };
}

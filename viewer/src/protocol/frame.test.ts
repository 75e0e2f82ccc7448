import { expect, test } from "vitest";
import { decodeFrame, FrameError } from "./frame";
import { FRAME_HEADER_BYTES } from "./generated/wire";

function message(edit: (header: DataView) => void = () => undefined): ArrayBuffer {
  const bytes = new ArrayBuffer(FRAME_HEADER_BYTES + 3);
  const header = new DataView(bytes);
  header.setUint8(0, 1);
  header.setUint8(1, 1);
  header.setUint16(2, 0x0103, true);
  header.setBigUint64(4, 4_294_967_301n, true);
  header.setBigUint64(12, 1_795_000_000_000_250n, true);
  header.setUint32(20, 1280, true);
  header.setUint32(24, 720, true);
  new Uint8Array(bytes).set([0xff, 0xd8, 0x2a], FRAME_HEADER_BYTES);
  edit(header);
  return bytes;
}

function refusal(bytes: ArrayBuffer): string {
  try {
    decodeFrame(bytes);
  } catch (error) {
    if (error instanceof FrameError) return error.reason;
    throw error;
  }
  return "none";
}

test("a frame's header is read little-endian, its numbers whole", () => {
  const frame = decodeFrame(message());
  expect(frame).toMatchObject({
    page: 0x0103,
    sequence: 4_294_967_301,
    capturedAtMs: 1_795_000_000_000.25,
    width: 1280,
    height: 720,
  });
  expect([...frame.picture]).toEqual([0xff, 0xd8, 0x2a]);
});

test("what is no frame is refused, and says why", () => {
  expect(refusal(new ArrayBuffer(5))).toBe("short");
  expect(refusal(message((header) => header.setUint8(0, 2)))).toBe("version");
  expect(refusal(message((header) => header.setUint8(1, 9)))).toBe("kind");
});

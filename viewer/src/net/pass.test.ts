import { expect, test } from "vitest";
import { linkInHash } from "./pass";

test("only a whole link is one", () => {
  expect(linkInHash("#link=hwlink_0123456789abcdef_AbC-_9")).toBe("hwlink_0123456789abcdef_AbC-_9");
  for (const other of ["", "#", "#link=", "#link=hw_0123_abc", "#link=hwlink_a b c d e f g", "#code=hwlink_0123456789abcdef_A", "#link=hwlink_0123456789&x=1"]) {
    expect(linkInHash(other)).toBeNull();
  }
});

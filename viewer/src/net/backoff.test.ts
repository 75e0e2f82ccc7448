import { expect, test } from "vitest";
import { backoffMs } from "./backoff";

test("waits grow, stay below the cap and are never nothing", () => {
  expect(backoffMs(0, 0)).toBe(125);
  expect(backoffMs(1, 0)).toBe(250);
  expect(backoffMs(3, 0)).toBe(1000);
  for (const attempt of [5, 20, 5000]) expect(backoffMs(attempt, 0.999)).toBeLessThanOrEqual(8000);
});

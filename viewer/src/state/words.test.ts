import { expect, test } from "vitest";
import { addressParts, count, duration, span, timeLeft } from "./words";

test("what is left counts down to nothing and not below", () => {
  expect([timeLeft(65_000), timeLeft(59_001), timeLeft(1), timeLeft(-5000)]).toEqual(["1:05", "1:00", "0:01", "0:00"]);
});

test("spans and durations read like speech", () => {
  expect([span(0), span(61_000), span(7_200_000), span(200_000_000)]).toEqual(["0 s", "1 min", "2 h", "2 d"]);
  expect([duration(8.4), duration(1449), duration(59_999), duration(125_000)]).toEqual(["8 ms", "1.4 s", "59.9 s", "2 min 5 s"]);
  expect([count(1, "step"), count(2, "step")]).toEqual(["1 step", "2 steps"]);
});

test("the host stands apart, also when the user part tries to look like one", () => {
  expect(addressParts("https://shop.example/cart?id=1")).toEqual({ before: "", host: "shop.example", after: "/cart?id=1" });
  expect(addressParts("http://bank.example@evil.test:81/")).toEqual({ before: "http://", host: "evil.test:81", after: "" });
  expect(addressParts("about:blank")).toEqual({ before: "", host: "", after: "about:blank" });
  expect(addressParts("not a url")).toEqual({ before: "", host: "", after: "not a url" });
});

import { expect, test } from "vitest";
import type { EditField } from "../protocol/generated/wire";
import { changes, keyOf } from "./edit";

const text: EditField = { path: ["text"], label: "text", kind: "text", value: "Ada", secret: false };
const second: EditField = { path: ["fields", "1", "value"], label: "Password", kind: "text", value: null, secret: true };
const count: EditField = { path: ["count"], label: "count", kind: "number", value: 1, secret: false };
const submit: EditField = { path: ["submit"], label: "submit", kind: "flag", value: true, secret: false };
const all = [text, second, count, submit];

test("only what a person changed is sent", () => {
  expect(changes(all, new Map())).toBeNull();
  expect(changes(all, new Map([[keyOf(text), "Ada"]]))).toBeNull();
  expect(changes(all, new Map<string, string | boolean>([["text", "Grace"], ["count", "2"], ["submit", false]]))).toEqual({ text: "Grace", count: 2, submit: false });
  expect(changes(all, new Map([["fields/1/value", "x"]]))).toEqual({ fields: { "1": { value: "x" } } });
  expect(changes(all, new Map([["count", "many"]]))).toEqual({ count: "many" });
});

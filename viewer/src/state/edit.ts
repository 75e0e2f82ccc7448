/** What a person writes into the fields of a held call, as the service takes it. Pure. */

import type { EditField } from "../protocol/generated/wire";

export type Written = string | boolean;
/** By the field's path. */
export type Draft = ReadonlyMap<string, Written>;

export function keyOf(field: EditField): string {
  return field.path.join("/");
}

/** What stands in a field before anybody writes; nothing in one that holds a secret. */
export function before(field: EditField): Written {
  if (field.kind === "flag") return field.value === true;
  return field.value === null ? "" : String(field.value);
}

/** Only what differs from what the agent gave, nested as the arguments are; `null` when nothing does. A number that is none is sent as it was written, and refused. */
export function changes(fields: readonly EditField[], draft: Draft): Record<string, unknown> | null {
  const all: Record<string, unknown> = {};
  let some = false;
  for (const field of fields) {
    const written = draft.get(keyOf(field));
    if (written === undefined || written === before(field)) continue;
    some = true;
    put(all, field.path, valueOf(field, written));
  }
  return some ? all : null;
}

function valueOf(field: EditField, written: Written): unknown {
  if (field.kind !== "number" || typeof written !== "string") return written;
  const number = Number(written);
  return written.trim() === "" || Number.isNaN(number) ? written : number;
}

function put(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first, ...rest] = path;
  if (first === undefined) return;
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = (into[first] ?? {}) as Record<string, unknown>;
  into[first] = inner;
  put(inner, rest, value);
}

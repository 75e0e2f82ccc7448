/** Requests to `/v1`. Every refusal becomes a `Refusal` with one line what happened and one line what to do. */

import { passHeaders } from "./pass";
import type { ErrorBody } from "../protocol/generated/wire";

const REQUEST_MS_MAX = 15_000;
const UPLOAD_MS_MAX = 10 * 60_000;

export class Refusal extends Error {
  /** HTTP status, or 0 when no answer came. */
  readonly status: number;
  readonly hint: string;
  /** The answer's JSON, for routes whose refusal carries more than an error. */
  readonly body: unknown;

  constructor(status: number, error: string, hint: string, body: unknown) {
    super(error);
    this.status = status;
    this.hint = hint;
    this.body = body;
  }
}

/** Milliseconds the service's clock is ahead of ours, as its last answer showed it. */
let skewMs = 0;

/** The service's time now: what deadlines are told in. Milliseconds since the Unix epoch. */
export function serviceNow(): number {
  return Date.now() + skewMs;
}

function learnSkew(response: Response): void {
  const date = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(date)) return;
  // The header counts whole seconds: a difference below two says nothing.
  const skew = date + 500 - Date.now();
  skewMs = Math.abs(skew) < 2000 ? 0 : skew;
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === "object" && body !== null && "error" in body && typeof body.error === "string";
}

export async function request(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<unknown> {
  return ask(path, {
    method,
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
}

/** Sends a file as it is. */
export async function upload(path: string, file: Blob): Promise<unknown> {
  return ask(path, { method: "POST", signal: AbortSignal.timeout(UPLOAD_MS_MAX), headers: { "content-type": "application/octet-stream" }, body: file });
}

async function ask(path: string, how: Omit<RequestInit, "headers"> & { headers?: Record<string, string> }): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...how, headers: { ...passHeaders(), ...how.headers } });
  } catch {
    throw new Refusal(0, "The service did not answer.", "Check that it is running, then try again.", null);
  }
  learnSkew(response);
  const text = await response.text();
  let json: unknown = null;
  try {
    json = text === "" ? null : JSON.parse(text);
  } catch {
    // An answer that is no JSON comes from something between us and the service; the status says enough.
  }
  if (response.ok) return json;
  if (isErrorBody(json)) throw new Refusal(response.status, json.error, json.hint, json);
  throw new Refusal(response.status, `The service answered ${response.status}.`, "Try again; if it stays, look at the service's log.", json);
}

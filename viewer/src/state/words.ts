/** Times and addresses in words people read at a glance. Pure. */

/** `1:05` for what is left; never negative. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** `12 s`, `5 min`, `3 h`, `2 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** `8 ms`, `1.4 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}

/** `14:03:59` on this machine's clock. */
export function clockTime(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

export interface Address {
  /** What stands before the host: dim. Empty for plain https. */
  before: string;
  /** What a person must look at. */
  host: string;
  after: string;
}

/** An address in three parts, so that the host can be told from the rest. What is no URL is all `after`. */
export function addressParts(url: string): Address {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return { before: "", host: "", after: url };
  }
  if (parsed.host === "") return { before: "", host: "", after: url };
  const before = parsed.protocol === "https:" ? "" : `${parsed.protocol}//`;
  const after = `${parsed.pathname}${parsed.search}${parsed.hash}`;
  return { before, host: parsed.host, after: after === "/" ? "" : after };
}

/** `1 step`, `2 steps`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

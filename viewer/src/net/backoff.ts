/** Waits between attempts to connect: doubling, capped, spread so that a restart is not met by everybody at once. */

const FIRST_MS = 250;
const MOST_MS = 8_000;

/** Milliseconds to wait before attempt `attempt` (0 is the first retry). `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full / 2 + (full / 2) * random);
}

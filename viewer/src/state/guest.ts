/** Who came by a link: which session, what they may do, and how that ended. */

import { signal } from "@preact/signals";
import { Refusal, request } from "../net/http";
import type { GuestView } from "../protocol/generated/wire";

export type Guest =
  | { phase: "asking" }
  | { phase: "in"; view: GuestView }
  /** Over for good: expired, revoked, or never a link. */
  | { phase: "out"; error: string; hint: string };

/** `null` for people with a login of their own. */
export const guest = signal<Guest | null>(null);

/** This page stands in a frame of another page: little room, and nothing that belongs to a login. */
export const embedded = window.location.pathname === "/embed";

export function guestScopes(): readonly string[] {
  const here = guest.value;
  if (here?.phase !== "in") return [];
  return here.view.access === "control" ? ["view", "control"] : ["view"];
}

/** What does the link open? Asked at start, and again when a socket was refused or closed. */
export async function askGuest(): Promise<void> {
  if (guest.value?.phase !== "in") guest.value = { phase: "asking" };
  try {
    guest.value = { phase: "in", view: (await request("GET", "/v1/guest")) as GuestView };
  } catch (error) {
    if (!(error instanceof Refusal)) guest.value = { phase: "out", error: "Something went wrong in this page.", hint: "Load it again." };
    // A service that is away now may be back; what it said no to stays no.
    else if (error.status === 401 || guest.value.phase !== "in") guest.value = { phase: "out", error: error.message, hint: error.hint };
  }
}

export function noLink(): void {
  guest.value = { phase: "out", error: "This address has no link in it.", hint: "Use the whole address you were given." };
}

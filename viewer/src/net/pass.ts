/**
 * The secret of the link this page was opened by, when it was opened by one. In memory, and for a reload in this tab's own storage:
 * never in a cookie, which other pages' requests would carry along and frames of other sites do not get.
 */

import { recallHere, rememberHere } from "./memory";

const STORED_AS = "link";
/** What stands in the address once the secret was taken out of it. */
export const GUEST_HASH = "#guest";
const PROTOCOL = "helmwatch.link";

let token: string | null = null;

/** The secret in an address like `/#link=hwlink_…`. */
export function linkInHash(hash: string): string | null {
  return /^#link=(hwlink_[A-Za-z0-9_-]{8,120})$/.exec(hash)?.[1] ?? null;
}

/** Takes the secret out of the address, where it must not stay (histories, bookmarks, screens), or back from before a reload. */
export function takePass(): string | null {
  const fresh = linkInHash(window.location.hash);
  if (fresh !== null) {
    token = fresh;
    window.history.replaceState(null, "", GUEST_HASH);
    rememberHere(STORED_AS, fresh);
  } else if (token === null && window.location.hash === GUEST_HASH) token = linkInHash(`#link=${recallHere(STORED_AS) ?? ""}`);
  return token;
}

/** Headers that say who asks. */
export function passHeaders(): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Protocols a WebSocket offers: where a page can say who asks, for it can set no headers there. */
export function passProtocols(): string[] {
  return token === null ? [] : [PROTOCOL, `${PROTOCOL}.${token}`];
}

/** Which page is shown. By fragment: the service sees one address, and a session's name reaches no log. */

import { signal } from "@preact/signals";

export type Route = { page: "grid" } | { page: "session"; id: string } | { page: "pool" };

export function parsedRoute(hash: string): Route {
  const session = /^#\/s\/(s_[A-Za-z0-9_-]{1,62})$/.exec(hash);
  if (session?.[1] !== undefined) return { page: "session", id: session[1] };
  return hash === "#/pool" ? { page: "pool" } : { page: "grid" };
}

/** The one-time login code in an address like `/#code=XXXX`. */
export function loginCode(hash: string): string | null {
  return /^#code=([A-Za-z0-9_-]{4,128})$/.exec(hash)?.[1] ?? null;
}

export function sessionLink(id: string): string {
  return `#/s/${id}`;
}

export const route = signal<Route>({ page: "grid" });

export function followRoute(): void {
  const follow = (): void => {
    route.value = parsedRoute(window.location.hash);
  };
  window.addEventListener("hashchange", follow);
  follow();
}

/** Which page is shown. By fragment: the service sees one address, and a session's name reaches no log. */

import { signal } from "@preact/signals";

export type Route =
  | { page: "grid" }
  /** `asked`: opened to do what its agent asks a person to do. */
  | { page: "session"; id: string; asked: boolean }
  | { page: "approval"; id: string }
  | { page: "pool" };

export function parsedRoute(hash: string): Route {
  const session = /^#\/s\/(s_[A-Za-z0-9_-]{1,62})(\/asked)?$/.exec(hash);
  if (session?.[1] !== undefined) return { page: "session", id: session[1], asked: session[2] !== undefined };
  const approval = /^#\/a\/(a_[A-Za-z0-9_-]{1,62})$/.exec(hash);
  if (approval?.[1] !== undefined) return { page: "approval", id: approval[1] };
  return hash === "#/pool" ? { page: "pool" } : { page: "grid" };
}

/** The one-time login code in an address like `/#code=XXXX`. */
export function loginCode(hash: string): string | null {
  return /^#code=([A-Za-z0-9_-]{4,128})$/.exec(hash)?.[1] ?? null;
}

export function sessionLink(id: string): string {
  return `#/s/${id}`;
}

/** As the service writes them in messages (`protocol/src/link.rs`). */
export function approvalLink(id: string): string {
  return `#/a/${id}`;
}

export function handoffLink(session: string): string {
  return `#/s/${session}/asked`;
}

export const route = signal<Route>({ page: "grid" });

export function followRoute(): void {
  const follow = (): void => {
    route.value = parsedRoute(window.location.hash);
  };
  window.addEventListener("hashchange", follow);
  follow();
}

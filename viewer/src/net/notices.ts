/** The browser's own notifications: asked for by a press alone, one for each call, taken back when nobody is called any more. */

import { signal } from "@preact/signals";
import type { Call } from "../state/calls-for";

export type Permission = "unsupported" | NotificationPermission;

export const permission = signal<Permission>(typeof Notification === "undefined" ? "unsupported" : Notification.permission);

/** As many as wait; the service bounds them. */
const shown = new Map<string, Notification>();

/** Only from the press of a button: browsers hold it against pages that ask by themselves. */
export async function askPermission(): Promise<boolean> {
  if (permission.value === "unsupported") return false;
  permission.value = await Notification.requestPermission();
  return permission.value === "granted";
}

export function showNotice(call: Call): void {
  if (permission.value !== "granted" || shown.has(call.key)) return;
  let notice: Notification;
  try {
    // The tag is the call's: several windows of this page make one notification of it.
    notice = new Notification(call.title, { body: call.body, tag: `helmwatch ${call.key}`, icon: "/mark.svg" });
  } catch {
    // Some phones have only those of a service worker.
    permission.value = "unsupported";
    return;
  }
  shown.set(call.key, notice);
  notice.addEventListener("click", () => {
    window.focus();
    window.location.hash = call.link;
    notice.close();
  });
  notice.addEventListener("close", () => shown.delete(call.key));
}

export function takeBackNotice(key: string): void {
  shown.get(key)?.close();
  shown.delete(key);
}

export function takeBackNotices(): void {
  for (const key of [...shown.keys()]) takeBackNotice(key);
}

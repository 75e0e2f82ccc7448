/** Gets a person's attention who looks elsewhere: a sound and the browser's notifications, each only if this person wants it. */

import { computed, effect, signal, untracked } from "@preact/signals";
import { ring, sound, wake } from "../net/chime";
import { recall, remember } from "../net/memory";
import { askPermission, permission, showNotice, takeBackNotice, takeBackNotices } from "../net/notices";
import { callsFor, changes } from "./calls-for";
import { feedKnown, may, openHandoffs, pendingApprovals } from "./store";

export const soundOn = signal(recall("sound") === "on");
const noticesWanted = signal(recall("notices") === "on");
/** Wanted here, and the browser lets us. */
export const noticesOn = computed(() => noticesWanted.value && permission.value === "granted");

/** What this person can do something about. */
const calls = computed(() => callsFor(may("approve") ? pendingApprovals.value : [], may("control") ? openHandoffs.value : []));

export function toggleSound(): void {
  soundOn.value = !soundOn.value;
  // Heard at once: so it is known how it sounds, and that it does.
  if (soundOn.value) void wake().then(sound);
}

export async function toggleNotices(): Promise<void> {
  if (noticesOn.value) {
    noticesWanted.value = false;
    takeBackNotices();
    return;
  }
  noticesWanted.value = permission.value === "granted" || (await askPermission());
}

export function watchCalls(): void {
  let known: Set<string> | null = null;
  effect(() => {
    if (!feedKnown.value) {
      // Signed out, or not yet there: what waits then is no news.
      known = null;
      takeBackNotices();
      return;
    }
    const now = calls.value;
    const { fresh, gone } = changes(known, now);
    known = new Set(now.map((call) => call.key));
    untracked(() => {
      gone.forEach(takeBackNotice);
      if (fresh.length === 0) return;
      if (soundOn.value) ring();
      if (noticesOn.value) fresh.forEach(showNotice);
    });
  });
  effect(() => remember("sound", soundOn.value ? "on" : null));
  effect(() => remember("notices", noticesWanted.value ? "on" : null));
  // A page that was loaded anew is silent until something in it was pressed.
  const press = (): void => {
    if (soundOn.value) void wake();
  };
  document.addEventListener("pointerdown", press);
  document.addEventListener("keydown", press);
  // A notification of a page that is gone leads nowhere.
  window.addEventListener("pagehide", takeBackNotices);
}

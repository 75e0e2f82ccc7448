/** The window's title says how many steps wait: `(2) Helmwatch`. A plain effect, for it matters most in a window nobody sees, where nothing is painted. */

import { effect } from "@preact/signals";
import { pendingApprovals } from "./store";

export function keepTitle(): void {
  effect(() => {
    const waiting = pendingApprovals.value.length;
    document.title = waiting === 0 ? "Helmwatch" : `(${waiting}) Helmwatch`;
  });
}

/** Dark, light, or as the system has it. */

import { effect, signal } from "@preact/signals";
import { recall, remember } from "../net/memory";

export type Theme = "system" | "light" | "dark";

const kept = recall("theme");

export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "system");

/** What the eye sees now. */
export function shownTheme(): "light" | "dark" {
  if (theme.value !== "system") return theme.value;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** The other one; back to `system` when that is what the system has anyway. */
export function toggleTheme(): void {
  const wanted = shownTheme() === "dark" ? "light" : "dark";
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  theme.value = wanted === system ? "system" : wanted;
}

export function applyTheme(): void {
  effect(() => {
    if (theme.value === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme.value;
    remember("theme", theme.value === "system" ? null : theme.value);
  });
}

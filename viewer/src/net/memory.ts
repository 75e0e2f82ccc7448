/** The few preferences kept in this browser. No keys, no page text. A browser that refuses storage just forgets. */

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`helmwatch.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`helmwatch.${name}`);
    else localStorage.setItem(`helmwatch.${name}`, value);
  } catch {
    // Private mode: the choice holds until the page is closed.
  }
}

/** True the first time in this tab, false after: a guard for things that must not loop. */
export function firstTime(name: string): boolean {
  try {
    if (sessionStorage.getItem(`helmwatch.${name}`) !== null) return false;
    sessionStorage.setItem(`helmwatch.${name}`, "1");
    return true;
  } catch {
    return false;
  }
}

/** Kept for this tab alone, until it is closed: what must survive a reload and nothing more. */
export function recallHere(name: string): string | null {
  try {
    return sessionStorage.getItem(`helmwatch.${name}`);
  } catch {
    return null;
  }
}

export function rememberHere(name: string, value: string): void {
  try {
    sessionStorage.setItem(`helmwatch.${name}`, value);
  } catch {
    // A frame without storage: after a reload its page gives it again.
  }
}

/** What stands around every page: the bar, the truth about the connection, the inbox. */

import type { ComponentChildren, JSX } from "preact";
import { route } from "../state/route";
import { feedLink, inboxOpen, logOut, login, openHandoffs, pendingApprovals, waitingCount } from "../state/store";
import { shownTheme, theme, toggleTheme } from "../state/theme";
import { count } from "../state/words";
import { ExitIcon, HelmIcon, InboxIcon, MoonIcon, SunIcon } from "./icons";
import { Inbox } from "./inbox";

export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const waiting = pendingApprovals.value;
  const newest = waiting.at(-1);
  const asking = openHandoffs.value.at(-1);
  const all = waitingCount.value;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <header class="bar">
        <a class="brand" href="#/" aria-label="Helmwatch, all sessions">
          <HelmIcon />
          <span class="brand-name">Helmwatch</span>
        </a>
        <nav aria-label="Pages">
          <NavLink href="#/" label="Sessions" here={route.value.page !== "pool"} />
          <NavLink href="#/pool" label="Pool" here={route.value.page === "pool"} />
        </nav>
        <span class="gap" />
        <LinkState />
        <button
          type="button"
          class={`button inbox-button${all > 0 ? " calls" : ""}`}
          aria-expanded={inboxOpen.value}
          aria-controls="inbox"
          data-testid="inbox-toggle"
          onClick={() => (inboxOpen.value = !inboxOpen.value)}
        >
          <InboxIcon />
          <span class="inbox-word">Inbox</span>
          <span class="badge" data-testid="inbox-count" aria-label={`${all} waiting`}>
            {all}
          </span>
        </button>
        <ThemeButton />
        <span class="who" title={`Tenant ${login.value?.tenant ?? ""}; may ${login.value?.scopes.join(", ") ?? ""}`}>
          {login.value?.name}
        </span>
        <button type="button" class="button quiet icon-only" aria-label="Sign out" title="Sign out" data-testid="logout" onClick={() => void logOut()}>
          <ExitIcon />
        </button>
      </header>
      {feedLink.value === "lost" && (
        <div class="lost" role="alert" data-testid="connection-lost">
          <span class="spinner" aria-hidden="true" /> Connection lost, reconnecting. What you see may be old.
        </div>
      )}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Inbox />
      <div class="unseen" role="status" aria-live="polite">
        {newest === undefined ? "" : `${count(waiting.length, "step")} waiting. ${newest.session_name}: ${newest.summary}. `}
        {asking === undefined ? "" : `${asking.name} asks for a person: ${asking.handoff?.instructions ?? ""}`}
      </div>
    </div>
  );
}

function skipToMain(event: Event): void {
  // The fragment is the route: go there without changing it.
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function NavLink({ href, label, here }: { href: string; label: string; here: boolean }): JSX.Element {
  return (
    <a class="nav-link" href={href} aria-current={here ? "page" : undefined}>
      {label}
    </a>
  );
}

function LinkState(): JSX.Element {
  const link = feedLink.value;
  const words = link === "open" ? "Live" : link === "lost" ? "Lost" : "Connecting";
  return (
    <span class={`link-state link-${link}`} data-testid="link-state" data-link={link} title={link === "open" ? "Connected to the service" : "Not connected"}>
      <span class="dot" aria-hidden="true" />
      <span class="link-word">{words}</span>
    </span>
  );
}

function ThemeButton(): JSX.Element {
  // Reading the signal here draws the button anew when it changes.
  const dark = theme.value === "dark" || (theme.value === "system" && shownTheme() === "dark");
  const label = dark ? "Light theme" : "Dark theme";
  return (
    <button type="button" class="button quiet icon-only" aria-label={label} title={label} data-testid="theme" onClick={toggleTheme}>
      {dark ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}

/** What somebody sees who came by a link: one session, what they may do with it, and how it ended. Also in a frame of another page. */

import { useEffect, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { LiveSession } from "../picture/live-session";
import { pictureWidth } from "../picture/geometry";
import type { GuestView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { embedded, guest } from "../state/guest";
import { shownTheme, theme, toggleTheme } from "../state/theme";
import { span } from "../state/words";
import { HandoffCard } from "./handoff-card";
import { EyeIcon, HandIcon, HelmIcon, MoonIcon, SunIcon } from "./icons";
import { AddressBar } from "./parts";
import { FPS } from "./session";
import { Stage } from "./stage";
import { TabStrip } from "./tabs";
import { Timeline } from "./timeline";

export function GuestPage(): JSX.Element {
  const here = guest.value;
  switch (here?.phase) {
    case "in":
      return <GuestSession key={here.view.session} view={here.view} />;
    case "out":
      return <Over what={here.error} more={here.hint} />;
    default:
      return <div class="starting" role="status" aria-label="Starting" />;
  }
}

function GuestSession({ view }: { view: GuestView }): JSX.Element {
  const live = useMemo(() => new LiveSession(view.session, { fps: FPS, width: pictureWidth(window.innerWidth, window.devicePixelRatio) }), [view.session]);
  useEffect(() => () => live.end(), [live]);
  const { session, calls, closed, youControl } = live.live.value;
  if (closed !== null) return <Over what="The session has ended." more={closed} />;
  if (session === null) {
    return (
      <div class="page session-over">
        <p class="soft" role="status">
          Opening the session…
        </p>
      </div>
    );
  }
  const watched = live.watched.value;
  const url = session.tabs.find((tab) => tab.page === watched)?.url ?? session.url;
  return (
    <div class={`guest${embedded ? " guest-embedded" : ""}`} data-testid="guest">
      <header class="guest-bar">
        {!embedded && <HelmIcon />}
        <h1>{session.name}</h1>
        <Access view={view} />
        <span class="gap" />
        <span class="soft small guest-time" data-testid="guest-time">
          Ends in {span(view.expires_at - now.value)}
        </span>
        {!embedded && <ThemeButton />}
      </header>
      <main class="guest-main">
        <section class="session-main" aria-label={`Session ${session.name}`}>
          {session.tabs.length > 1 && <TabStrip live={live} session={session} />}
          <AddressBar url={url} />
          <Stage live={live} session={session} />
        </section>
        {!embedded && (
          <aside class="side" aria-labelledby="side-heading">
            {session.handoff !== null && view.access === "control" && (
              <HandoffCard
                key={session.handoff.number}
                session={session}
                handoff={session.handoff}
                onAnswered={() => {
                  if (youControl) live.send({ type: "hand_back" });
                }}
              />
            )}
            <h2 id="side-heading" class="guest-heading">
              What the agent does
            </h2>
            <Timeline calls={calls} pictures={live.pictures.value} />
          </aside>
        )}
      </main>
    </div>
  );
}

function Access({ view }: { view: GuestView }): JSX.Element {
  const drives = view.access === "control";
  return (
    <span class={`pill guest-access${drives ? " guest-drives" : ""}`} data-testid="guest-access" data-access={view.access}>
      {drives ? <HandIcon /> : <EyeIcon />}
      {drives ? "May take control" : "Read-only"}
    </span>
  );
}

function ThemeButton(): JSX.Element {
  const dark = theme.value === "dark" || (theme.value === "system" && shownTheme() === "dark");
  const label = dark ? "Light theme" : "Dark theme";
  return (
    <button type="button" class="button quiet icon-only" aria-label={label} title={label} data-testid="theme" onClick={toggleTheme}>
      {dark ? <SunIcon /> : <MoonIcon />}
    </button>
  );
}

function Over({ what, more }: { what: string; more: string }): JSX.Element {
  return (
    <main class="page session-over">
      <div class="over" role="status" data-testid="guest-over">
        <HelmIcon />
        <h1>{what}</h1>
        <p class="soft">{more}</p>
      </div>
    </main>
  );
}

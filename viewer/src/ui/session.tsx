/** One session: its page large, what the agent does, what waits, and the wheel. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { LiveSession } from "../picture/live-session";
import { pictureWidth } from "../picture/geometry";
import type { SessionView } from "../protocol/generated/wire";
import { decided, pending } from "../state/approvals";
import { now } from "../state/clock";
import { standing } from "../state/grants";
import { approvals, closeSession, decide, feedKnown, feedLink, grants, may, sessions, takingOver } from "../state/store";
import { count, span } from "../state/words";
import { ApprovalCard } from "./approval-card";
import { ConsoleList } from "./console";
import { DecidedList } from "./decided";
import { GrantList } from "./grants";
import { BackIcon, CloseIcon } from "./icons";
import { AddressBar, Notice, StatePill } from "./parts";
import { ShareButton } from "./share";
import { NetworkList } from "./network";
import { Stage } from "./stage";
import { TabStrip } from "./tabs";
import { HandoffCard } from "./handoff-card";
import { Timeline } from "./timeline";
import { Wayfinder } from "./wayfinder";

/** What Chromium's screencast gives at best; the service sends no more than there is. */
export const FPS = 60;

export function SessionPage({ id }: { id: string }): JSX.Element {
  const live = useMemo(() => new LiveSession(id, { fps: FPS, width: pictureWidth(window.innerWidth, window.devicePixelRatio) }), [id]);
  useEffect(() => () => live.end(), [live]);
  useTakeOver(live, id);
  const state = live.live.value;
  const session = state.session ?? sessions.value.get(id) ?? null;
  const gone = state.closed ?? (state.session === null && feedKnown.value && feedLink.value === "open" && !sessions.value.has(id) ? "" : null);

  if (gone !== null || session === null) {
    return (
      <div class="page session-over">
        {gone === null ? (
          <p class="soft" role="status">
            Opening the session…
          </p>
        ) : (
          <div class="over" data-testid="session-over">
            <h1>{session === null ? "No such session is open" : `${session.name} is over`}</h1>
            <p class="soft">{gone === "" ? "It was closed, or the link is not whole." : gone}</p>
            <a class="button primary" href="#/">
              All sessions
            </a>
          </div>
        )}
      </div>
    );
  }
  return (
    <div class="session">
      <section class="session-main" aria-label={`Session ${session.name}`}>
        <SessionHead session={session} />
        <TabStrip live={live} session={session} />
        {state.youControl ? <Wayfinder live={live} url={shownUrl(live, session)} /> : <AddressBar url={shownUrl(live, session)} />}
        <Stage live={live} session={session} />
      </section>
      <SidePanel live={live} id={id} session={session} />
    </div>
  );
}

/** Takes the wheel for a person who does a held call's work by hand, and ends the call once they have it: never the other way round. */
function useTakeOver(live: LiveSession, id: string): void {
  const wanted = takingOver.value;
  const mine = wanted !== null && wanted.session === id;
  const { youControl, refusal } = live.live.value;
  const open = live.link.value === "open";
  useEffect(() => {
    if (mine && open && !youControl) {
      live.forgetRefusal();
      live.send({ type: "take_control" });
    }
  }, [mine, open, youControl, live]);
  useEffect(() => {
    if (!mine || !youControl) return;
    takingOver.value = null;
    void decide(wanted, { decision: "take_over" });
  }, [mine, youControl, wanted]);
  useEffect(() => {
    // Somebody else drives: the call stays as it was, and the stage says who.
    if (mine && !youControl && refusal !== null) takingOver.value = null;
  }, [mine, youControl, refusal]);
}

/** Address of the tab on the screen: the one watched, else the agent's. */
function shownUrl(live: LiveSession, session: SessionView): string {
  const watched = live.watched.value;
  if (watched === null) return session.url;
  return session.tabs.find((tab) => tab.page === watched)?.url ?? session.url;
}

function SessionHead({ session }: { session: SessionView }): JSX.Element {
  const asking = useSignal(false);
  const trouble = useSignal<string | null>(null);
  const close = async (): Promise<void> => {
    trouble.value = await closeSession(session.id);
    asking.value = false;
  };
  return (
    <>
      <header class="session-head">
        <a class="button quiet icon-only" href="#/" aria-label="All sessions" title="All sessions">
          <BackIcon />
        </a>
        <h1>{session.name}</h1>
        <StatePill session={session} />
        <span class="soft small session-facts">
          {session.owner} · open {span(now.value - session.opened_at)} · {session.viewers === 1 ? "1 person" : `${session.viewers} people`} looking
        </span>
        <span class="gap" />
        <ShareButton session={session} />
        {may("control") &&
          (asking.value ? (
            <span class="sure" role="group" aria-label="Close this session?">
              <span class="small">Close it for good?</span>
              <button type="button" class="button small deny" data-testid="close-session-sure" onClick={() => void close()}>
                Close
              </button>
              <button type="button" class="button small" onClick={() => (asking.value = false)}>
                Keep
              </button>
            </span>
          ) : (
            <button
              type="button"
              class="button quiet icon-only"
              aria-label="Close the session"
              title="Close the session"
              data-testid="close-session"
              onClick={() => (asking.value = true)}
            >
              <CloseIcon />
            </button>
          ))}
      </header>
      {trouble.value !== null && <Notice tone="bad">{trouble.value}</Notice>}
    </>
  );
}

function SidePanel({ live, id, session }: { live: LiveSession; id: string; session: SessionView }): JSX.Element {
  const shown = useSignal<"calls" | "console" | "network">("calls");
  const waiting = pending(approvals.value, id);
  const state = live.live.value;
  const errors = state.console.filter((line) => line.level === "error").length;
  return (
    <aside class="side" aria-labelledby="side-heading" data-cards>
      <h2 id="side-heading" class="unseen" tabIndex={-1}>
        What happens
      </h2>
      {session.handoff !== null && (
        <HandoffCard
          key={session.handoff.number}
          session={session}
          handoff={session.handoff}
          onAnswered={() => {
            // Who has done it leaves the wheel to the agent.
            if (state.youControl) live.send({ type: "hand_back" });
          }}
        />
      )}
      {waiting.map((approval, at) => (
        <ApprovalCard key={approval.id} approval={approval} place={at} />
      ))}
      <div class="switch" role="group" aria-label="Show">
        <button type="button" aria-pressed={shown.value === "calls"} data-testid="panel-calls" onClick={() => (shown.value = "calls")}>
          Tool calls <span class="number">{state.calls.length}</span>
        </button>
        <button type="button" aria-pressed={shown.value === "console"} data-testid="panel-console" onClick={() => (shown.value = "console")}>
          Console <span class={`number${errors > 0 ? " number-bad" : ""}`} title={errors > 0 ? count(errors, "error") : undefined}>{state.console.length}</span>
        </button>
        <button type="button" aria-pressed={shown.value === "network"} data-testid="panel-network" onClick={() => (shown.value = "network")}>
          Network
        </button>
      </div>
      {shown.value === "calls" && <Timeline calls={state.calls} pictures={live.pictures.value} />}
      {shown.value === "console" && <ConsoleList lines={state.console} />}
      {shown.value === "network" && <NetworkList session={id} page={live.watched.value} />}
      <GrantList grants={standing(grants.value, now.value, id)} />
      <DecidedList approvals={decided(approvals.value, id)} />
    </aside>
  );
}

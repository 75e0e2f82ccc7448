/** The session's tabs: follow the agent, or look at one. */

import type { JSX } from "preact";
import type { LiveSession } from "../picture/live-session";
import type { SessionView } from "../protocol/generated/wire";
import { HandIcon, HelmIcon, PopupIcon } from "./icons";

const OPENED_BY = { agent: "Opened by the agent", page: "Opened by a page", person: "Opened while a person drove" } as const;

export function TabStrip({ live, session }: { live: LiveSession; session: SessionView }): JSX.Element {
  const watched = live.watched.value;
  return (
    <div class="tabs">
      <button
        type="button"
        class="follow"
        aria-pressed={watched === null}
        data-testid="follow"
        title="Always show the tab the agent works in"
        onClick={() => live.watch(null)}
      >
        <HelmIcon />
        Follow agent
      </button>
      <div class="tab-list" role="group" aria-label="Tabs">
        {session.tabs.map((tab) => {
          const shown = watched === null ? tab.current : tab.page === watched;
          return (
            <button
              key={tab.page}
              type="button"
              class={`tab${shown ? " tab-shown" : ""}`}
              aria-pressed={shown}
              data-testid="tab"
              data-page={tab.page}
              data-current={tab.current}
              title={`${tab.url} (${OPENED_BY[tab.opened_by].toLowerCase()})`}
              ref={(element) => {
                // Of many tabs the one that is shown is in sight.
                if (shown) element?.scrollIntoView({ block: "nearest", inline: "nearest" });
              }}
              onClick={() => live.watch(tab.page)}
            >
              {tab.current && (
                <span class="tab-agent">
                  <HelmIcon />
                  <span class="unseen">The agent is here: </span>
                </span>
              )}
              {tab.opened_by !== "agent" && (
                <span class="tab-opener" title={OPENED_BY[tab.opened_by]}>
                  {tab.opened_by === "person" ? <HandIcon /> : <PopupIcon />}
                  <span class="unseen">{OPENED_BY[tab.opened_by]}: </span>
                </span>
              )}
              <span class="tab-title">{tab.crashed ? "Crashed" : tab.title === "" ? (tab.url === "" ? "New tab" : tab.url) : tab.title}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

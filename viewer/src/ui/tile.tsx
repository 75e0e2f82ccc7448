/** One session of the grid. Its picture is live only while it can be seen. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { LiveSession } from "../picture/live-session";
import type { SessionView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { needsPerson } from "../state/feed";
import { sessionLink } from "../state/route";
import { count, span } from "../state/words";
import { EyeIcon } from "./icons";
import { AddressText, StatePill } from "./parts";

const THUMBNAIL = { fps: 2, width: 480 };

export function Tile({ session }: { session: SessionView }): JSX.Element {
  const needs = needsPerson(session);
  const alive = session.state !== "crashed" && session.state !== "closed";
  return (
    <a
      class={`tile${needs ? " tile-needs" : ""}`}
      href={sessionLink(session.id)}
      data-testid="session-tile"
      data-session={session.id}
      data-state={session.state}
    >
      <span class="tile-picture">
        {alive ? <Thumbnail id={session.id} /> : <span class="tile-none">The browser of this session died.</span>}
        {session.approvals_pending > 0 ? (
          <span class="tile-flag">{count(session.approvals_pending, "step")} to decide</span>
        ) : (
          session.handoff !== null && <span class="tile-flag">Asks for a person</span>
        )}
      </span>
      <span class="tile-words">
        <span class="tile-line">
          <strong class="tile-name">{session.name}</strong>
          <StatePill session={session} />
        </span>
        <span class="tile-title">{session.title === "" ? "Untitled page" : session.title}</span>
        <span class="tile-line soft small">
          <AddressText url={session.url} />
          <span class="tile-facts">
            {session.viewers > 0 && (
              <span class="tile-viewers" title={`${count(session.viewers, "person")} looking`.replace("persons", "people")}>
                <EyeIcon />
                <span class="unseen">People looking: </span>
                {session.viewers}
              </span>
            )}
            <span title="Since the last tool call or input">{span(now.value - session.used_at)} ago</span>
          </span>
        </span>
      </span>
    </a>
  );
}

function Thumbnail({ id }: { id: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useSignal(false);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let live: LiveSession | null = null;
    let forget = (): void => undefined;
    const look = (): void => {
      if (live !== null) return;
      live = new LiveSession(id, THUMBNAIL);
      live.paintOn(element);
      forget = live.shown.subscribe((size) => {
        if (size !== null) drawn.value = true;
      });
    };
    const leave = (): void => {
      forget();
      live?.end();
      live = null;
    };
    let near = false;
    const change = (): void => {
      if (near && !document.hidden) look();
      else leave();
    };
    const watch = new IntersectionObserver(
      (entries) => {
        near = entries.at(-1)?.isIntersecting === true;
        change();
      },
      { rootMargin: "80px" },
    );
    watch.observe(element);
    document.addEventListener("visibilitychange", change);
    return () => {
      watch.disconnect();
      document.removeEventListener("visibilitychange", change);
      leave();
    };
  }, [id, drawn]);
  return <canvas ref={canvas} class={drawn.value ? "drawn" : ""} width={480} height={270} aria-hidden="true" />;
}

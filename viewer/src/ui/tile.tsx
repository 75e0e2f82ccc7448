/** One session of the grid. Its picture is live only while it can be seen. */

import { useSignal } from "@preact/signals";
import { Component, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { pictureWidth } from "../picture/geometry";
import { LiveSession } from "../picture/live-session";
import type { SessionView } from "../protocol/generated/wire";
import { now } from "../state/clock";
import { needsPerson } from "../state/feed";
import { sessionLink } from "../state/route";
import { count, span } from "../state/words";
import { EyeIcon, HandIcon, InboxIcon } from "./icons";
import { AddressText, StatePill } from "./parts";

/** Frames a second of a tile, and of the one a person points at. */
const FPS = 2;
const POINTED_FPS = 8;

/** A tile that only passes by while the grid is scrolled opens no socket. */
const STAYS_MS = 150;

interface TileProps {
  session: SessionView;
}

/** Drawn anew only when its own session changed: the grid hears of every call of every session. */
export class Tile extends Component<TileProps> {
  override shouldComponentUpdate(next: TileProps): boolean {
    return next.session !== this.props.session;
  }

  override render(): JSX.Element {
    return <Drawn session={this.props.session} />;
  }
}

function Drawn({ session }: TileProps): JSX.Element {
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
          <span class="tile-flag">
            <InboxIcon />
            {count(session.approvals_pending, "step")} to decide
          </span>
        ) : (
          session.handoff !== null && (
            <span class="tile-flag">
              <HandIcon />
              Asks for a person
            </span>
          )
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
            <Ago at={session.used_at} />
          </span>
        </span>
      </span>
    </a>
  );
}

/** Apart, so that the clock moves this and not the tile. */
function Ago({ at }: { at: number }): JSX.Element {
  return <span title="Since the last tool call or input">{span(now.value - at)} ago</span>;
}

function Thumbnail({ id }: { id: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useSignal(false);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    let live: LiveSession | null = null;
    let forget = (): void => undefined;
    let soon = 0;
    const quality = (fps: number): { fps: number; width: number } => ({ fps, width: pictureWidth(element.clientWidth, window.devicePixelRatio) });
    const look = (): void => {
      if (live !== null) return;
      live = new LiveSession(id, quality(FPS));
      live.paintOn(element);
      forget = live.shown.subscribe((size) => {
        if (size !== null) drawn.value = true;
      });
    };
    const leave = (): void => {
      window.clearTimeout(soon);
      forget();
      live?.end();
      live = null;
    };
    let near = false;
    const change = (): void => {
      window.clearTimeout(soon);
      if (near && !document.hidden) soon = window.setTimeout(look, STAYS_MS);
      else leave();
    };
    const tile = element.closest("a");
    const faster = (): void => live?.setQuality(quality(POINTED_FPS));
    const slower = (): void => live?.setQuality(quality(FPS));
    const watch = new IntersectionObserver(
      (entries) => {
        near = entries.at(-1)?.isIntersecting === true;
        change();
      },
      { rootMargin: "80px" },
    );
    watch.observe(element);
    document.addEventListener("visibilitychange", change);
    for (const kind of ["pointerenter", "focus"]) tile?.addEventListener(kind, faster);
    for (const kind of ["pointerleave", "blur"]) tile?.addEventListener(kind, slower);
    return () => {
      for (const kind of ["pointerenter", "focus"]) tile?.removeEventListener(kind, faster);
      for (const kind of ["pointerleave", "blur"]) tile?.removeEventListener(kind, slower);
      watch.disconnect();
      document.removeEventListener("visibilitychange", change);
      leave();
    };
  }, [id, drawn]);
  return <canvas ref={canvas} class={drawn.value ? "drawn" : ""} width={480} height={270} aria-hidden="true" />;
}

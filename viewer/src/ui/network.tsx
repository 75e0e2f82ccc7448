/** What the tab asked the network for: asked anew while this is open, so that it costs nobody anything otherwise. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { request } from "../net/http";
import type { RequestLine, RequestLines } from "../protocol/generated/wire";
import { told } from "../state/store";
import { count, duration } from "../state/words";

const EVERY_MS = 2000;

export function hasFailed(line: RequestLine): boolean {
  return line.error !== null || (line.status !== null && line.status >= 400);
}

export function NetworkList({ session, page }: { session: string; page: number | null }): JSX.Element {
  const lines = useSignal<RequestLines | null>(null);
  const trouble = useSignal<string | null>(null);
  const failedOnly = useSignal(false);
  useEffect(() => {
    let timer = 0;
    let ended = false;
    const look = async (): Promise<void> => {
      try {
        const answer = (await request("GET", `/v1/sessions/${session}/requests${page === null ? "" : `?page=${page}`}`)) as RequestLines;
        if (ended) return;
        lines.value = answer;
        trouble.value = null;
      } catch (error) {
        if (ended) return;
        trouble.value = told(error).error;
      }
      timer = window.setTimeout(() => void look(), EVERY_MS);
    };
    void look();
    return () => {
      ended = true;
      window.clearTimeout(timer);
    };
  }, [session, page, lines, trouble]);

  const all = lines.value?.requests ?? [];
  const shown = failedOnly.value ? all.filter(hasFailed) : all;
  const dropped = lines.value?.dropped ?? 0;
  return (
    <div class="panel">
      <div class="choices" role="group" aria-label="Which requests">
        <button type="button" aria-pressed={!failedOnly.value} onClick={() => (failedOnly.value = false)}>
          All
        </button>
        <button type="button" aria-pressed={failedOnly.value} data-testid="network-failed" onClick={() => (failedOnly.value = true)}>
          Failed {all.filter(hasFailed).length}
        </button>
      </div>
      {trouble.value !== null && <p class="nothing" role="status">{trouble.value}</p>}
      {shown.length === 0 && trouble.value === null && (
        <p class="nothing">{lines.value === null ? "Looking…" : failedOnly.value ? "No request failed." : "No request since the tab was last sent somewhere."}</p>
      )}
      <ol class="console" reversed aria-label="Requests, newest first">
        {shown.toReversed().map((line) => (
          <li key={line.number} class={`request${hasFailed(line) ? " request-bad" : ""}`} data-testid="network-row" data-status={line.status ?? ""}>
            <span class="request-status">{line.status ?? (line.error === null ? "…" : "✕")}</span>
            <span class="request-body">
              <span class="request-url" title={line.url}>
                <span class="request-method">{line.method}</span> {shortAddress(line.url)}
              </span>
              {line.error !== null && <span class="request-error">{line.error}</span>}
            </span>
            <span class="line-time">
              {line.kind}
              {line.took_ms === null ? "" : ` · ${duration(line.took_ms)}`}
            </span>
          </li>
        ))}
      </ol>
      {dropped > 0 && <p class="nothing">{count(dropped, "older request")} not shown.</p>}
    </div>
  );
}

/** The path is what tells requests of one page apart. */
function shortAddress(url: string): string {
  try {
    const { host, pathname, search } = new URL(url);
    return pathname === "/" ? host : `${pathname}${search}`;
  } catch {
    return url;
  }
}

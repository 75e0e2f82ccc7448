/** The pool: its numbers for everybody, its limits for an operator. */

import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { request } from "../net/http";
import type { PoolPatch, PoolView } from "../protocol/generated/wire";
import { may, told } from "../state/store";
import { Notice } from "./parts";

const ASK_EVERY_MS = 2000;

export function Pool(): JSX.Element {
  const pool = useSignal<PoolView | null>(null);
  const trouble = useSignal<{ error: string; hint: string } | null>(null);
  useEffect(() => {
    let ended = false;
    let timer = 0;
    const ask = async (): Promise<void> => {
      try {
        const view = (await request("GET", "/v1/pool")) as PoolView;
        if (ended) return;
        pool.value = view;
        trouble.value = null;
      } catch (error) {
        trouble.value = told(error);
      }
      timer = window.setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    void ask();
    return () => {
      ended = true;
      window.clearTimeout(timer);
    };
  }, [pool, trouble]);
  const view = pool.value;
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>Pool</h1>
        <p class="soft">Browsers, and how many sessions may share them.</p>
      </header>
      {trouble.value !== null && (
        <Notice tone="bad">
          <strong>{trouble.value.error}</strong> {trouble.value.hint}
        </Notice>
      )}
      {view === null ? (
        trouble.value === null && <p class="soft">Reading the numbers…</p>
      ) : (
        <>
          <Numbers pool={view} />
          {may("admin") ? <Limits pool={pool} /> : <p class="hint">Limits are moved by a key with the scope <code>admin</code>.</p>}
        </>
      )}
    </div>
  );
}

function Numbers({ pool }: { pool: PoolView }): JSX.Element {
  return (
    <dl class="numbers">
      <Number label={pool.adaptive ? "Sessions open, limit found by itself" : "Sessions open"} value={pool.in_use} of={pool.sessions_limit} testId="pool-in-use" />
      <Number label="Callers waiting" value={pool.waiting} of={pool.max_waiting} testId="pool-waiting" />
      <Number label="Kept warm" value={pool.warm} of={pool.warm_sessions} testId="pool-warm" />
      <Number label="Browser processes" value={pool.browsers} testId="pool-browsers" />
    </dl>
  );
}

function Number({ label, value, of, testId }: { label: string; value: number; of?: number; testId: string }): JSX.Element {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        <span class="figure-value" data-testid={testId}>
          {value}
        </span>
        {of !== undefined && <span class="figure-of"> of {of}</span>}
        {of !== undefined && (
          <span class={`gauge${of > 0 && value >= of && testId !== "pool-warm" ? " gauge-full" : ""}`} aria-hidden="true">
            <span style={{ width: `${of === 0 ? 0 : Math.min(100, (value / of) * 100)}%` }} />
          </span>
        )}
      </dd>
    </div>
  );
}

/** The limits that are numbers. */
type LimitName = Exclude<keyof PoolPatch, "adaptive">;

interface Limit {
  readonly name: LimitName;
  readonly label: string;
  readonly hint: (pool: PoolView) => string;
  /** The least it can be, when that is not 0. */
  readonly least?: number;
  /** Is the ceiling its most? */
  readonly ceiled?: boolean;
}

const LIMITS: readonly Limit[] = [
  { name: "max_sessions", label: "Sessions at once", hint: (pool) => `At most ${pool.ceiling}, fixed at start.`, ceiled: true },
  { name: "adaptive_sessions_min", label: "Sessions it allows at least", hint: () => "When it finds the limit by itself.", least: 1, ceiled: true },
  { name: "max_waiting", label: "Callers that may wait", hint: () => "Beyond it callers are told to come back." },
  { name: "max_sessions_per_tenant", label: "Sessions of one tenant", hint: () => "0: no limit of its own.", ceiled: true },
  { name: "max_waiting_per_tenant", label: "Waiting callers of one tenant", hint: () => "0: no limit of its own." },
  { name: "warm_sessions", label: "Sessions kept warm", hint: () => "Ready before anyone asks." },
  { name: "max_sessions_per_browser", label: "Sessions per browser", hint: () => "1 gives each a process tree of its own.", least: 1 },
  { name: "sessions_per_browser_life", label: "Sessions in a browser's life", hint: () => "Then it is replaced, once it is empty.", least: 1 },
  { name: "browser_memory_mib_renew", label: "Renew a browser above, MiB", hint: () => "It takes no more sessions. 0: no bound." },
  { name: "browser_memory_mib_max", label: "End a browser's heaviest page above, MiB", hint: () => "0: no bound." },
  { name: "browser_age_s_max", label: "Renew a browser after, seconds", hint: () => "It takes no more sessions. 0: no bound." },
];

function Limits({ pool }: { pool: Signal<PoolView | null> }): JSX.Element | null {
  const edited = useSignal<Partial<Record<LimitName, string>>>({});
  const adaptive = useSignal<boolean | null>(null);
  const saving = useSignal(false);
  const said = useSignal<{ good: boolean; text: string } | null>(null);
  const view = pool.value;
  if (view === null) return null;
  const changed = LIMITS.filter(({ name }) => edited.value[name] !== undefined && edited.value[name] !== String(view[name]));
  const switched = adaptive.value !== null && adaptive.value !== view.adaptive;
  const moved = switched || changed.length > 0;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (saving.value || !moved) return;
    saving.value = true;
    // What is absent stays.
    const patch: Partial<PoolPatch> = Object.fromEntries(changed.map(({ name }) => [name, window.Number(edited.value[name])]));
    if (switched) patch.adaptive = adaptive.value;
    try {
      pool.value = (await request("PATCH", "/v1/pool", patch)) as PoolView;
      edited.value = {};
      adaptive.value = null;
      said.value = { good: true, text: "Saved. It holds from now on." };
    } catch (error) {
      const { error: what, hint } = told(error);
      said.value = { good: false, text: `${what} ${hint}` };
    }
    saving.value = false;
  };
  return (
    <form class="limits" onSubmit={(event) => void save(event)}>
      <h2>Limits</h2>
      <label class="limit-switch">
        <input
          data-testid="limit-adaptive"
          type="checkbox"
          checked={adaptive.value ?? view.adaptive}
          onChange={(event) => {
            said.value = null;
            adaptive.value = event.currentTarget.checked;
          }}
        />
        <span>
          Find by itself how many sessions there may be
          <span class="hint">By how long opening one takes and by memory, never above “Sessions at once”.</span>
        </span>
      </label>
      <div class="limit-fields">
        {LIMITS.map(({ name, label, hint, least, ceiled }) => (
          <label class="field" key={name}>
            <span>{label}</span>
            <input
              data-testid={`limit-${name}`}
              type="number"
              inputMode="numeric"
              min={least ?? 0}
              max={ceiled === true ? view.ceiling : undefined}
              required
              value={edited.value[name] ?? String(view[name])}
              onInput={(event) => {
                said.value = null;
                edited.value = { ...edited.value, [name]: event.currentTarget.value };
              }}
            />
            <span class="hint">{hint(view)}</span>
          </label>
        ))}
      </div>
      {said.value !== null && (
        <Notice tone={said.value.good ? "calm" : "bad"} testId="limits-said">
          {said.value.text}
        </Notice>
      )}
      <div class="limit-buttons">
        <button class="button primary" type="submit" data-testid="limits-save" disabled={saving.value || !moved}>
          {saving.value ? "Saving…" : "Save limits"}
        </button>
        {moved && (
          <button
            class="button"
            type="button"
            onClick={() => {
              edited.value = {};
              adaptive.value = null;
            }}
          >
            Undo
          </button>
        )}
      </div>
    </form>
  );
}

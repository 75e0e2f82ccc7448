// Generated from the crate `helmwatch-protocol`; do not edit. To write it anew:
// HELMWATCH_WRITE=1 cargo test -p helmwatch-protocol typescript

export const FRAME_VERSION = 1;
export const FRAME_HEADER_BYTES = 28;
export const FRAME_KIND_JPEG = 1;

/**
 * One browser session: one owner, one context, its tabs.
 */
export type SessionId = string;

/**
 * One held call, waiting for a person or already decided.
 */
export type ApprovalId = string;

/**
 * One grant: what a rule asks about, let through for a while in one session.
 */
export type GrantId = string;

/**
 * Body of every refusal.
 */
export type ErrorBody = {
/**
 * Stable word for programs, as in `queue_full`.
 */
code: string,
/**
 * One line: what happened.
 */
error: string,
/**
 * One line: what to do.
 */
hint: string,
/**
 * May the same request succeed later?
 */
retryable: boolean, };

/**
 * Body of `POST /v1/login`: one of the two.
 */
export type LoginRequest = { key: string | null, code: string | null, };

/**
 * Answer of `POST /v1/login` and `GET /v1/login`: who is looking, and what they may do.
 */
export type LoginView = { name: string, tenant: string,
/**
 * `agent`, `view`, `approve`, `control`, `admin`.
 */
scopes: Array<string>, };

/**
 * Whose doing a tab is.
 */
export type TabOpener = "agent" | "page" | "person";

/**
 * One tab of a session.
 */
export type TabView = {
/**
 * Stays with the tab for its life; frames name it.
 */
page: number, url: string,
/**
 * Page text: show it as text only.
 */
title: string,
/**
 * The tab the agent's next call acts on.
 */
current: boolean, crashed: boolean, opened_by: TabOpener, };

/**
 * What an agent asked a person to do, while it waits.
 */
export type HandoffView = {
/**
 * Unique in its session, so that an answer never meets a later question.
 */
number: number,
/**
 * The agent's words: data to be shown as text only.
 */
instructions: string,
/**
 * Milliseconds since the Unix epoch.
 */
asked_at: number,
/**
 * Milliseconds since the Unix epoch: nobody's answer until then is a no.
 */
expires_at: number, };

/**
 * How a person's part ended.
 */
export type HandoffOutcome = "done" | "failed";

/**
 * Body of `POST /v1/sessions/{id}/handoff`.
 */
export type HandoffAnswer = {
/**
 * Which question is answered.
 */
number: number, outcome: HandoffOutcome,
/**
 * For the agent, one line; may be left out.
 */
reason: string | null, };

/**
 * Where a session is in its life.
 */
export type SessionState = "idle" | "busy" | "waiting" | "held" | "crashed" | "closed";

/**
 * One session, as lists and live events show it.
 */
export type SessionView = { id: SessionId,
/**
 * The agent's own name for it; the key's unnamed session is `default`.
 */
name: string, state: SessionState,
/**
 * Address of the current tab.
 */
url: string,
/**
 * Title of the current tab: page text, data to be shown as text only.
 */
title: string,
/**
 * Milliseconds since the Unix epoch.
 */
opened_at: number,
/**
 * Milliseconds since the Unix epoch: last tool call or input.
 */
used_at: number, tenant: string,
/**
 * Name of the key that owns it.
 */
owner: string, tabs: Array<TabView>,
/**
 * Approvals of this session that wait for a person.
 */
approvals_pending: number,
/**
 * What its agent asked a person to do and waits for.
 */
handoff: HandoffView | null,
/**
 * People who look at it now.
 */
viewers: number, };

/**
 * Answer of `GET /v1/sessions`.
 */
export type SessionList = { sessions: Array<SessionView>, };

/**
 * Body of `POST /v1/sessions`; every field may be left out.
 */
export type OpenRequest = {
/**
 * A name to call it by; one of its own is made when absent.
 */
name: string | null,
/**
 * Opened at once when given.
 */
url: string | null,
/**
 * Viewport width, CSS pixels.
 */
width: number | null,
/**
 * Viewport height, CSS pixels.
 */
height: number | null, };

/**
 * A file of a session: what a tool made, a page downloaded or somebody uploaded.
 */
export type FileView = {
/**
 * Unique in its session; what uploads name.
 */
name: string,
/**
 * As in `application/pdf`.
 */
mime: string, bytes: number,
/**
 * Absolute address, sealed, good for a while, for whoever has it.
 */
url: string, };

/**
 * Answer of `GET /v1/sessions/{id}/files`, oldest first.
 */
export type FileList = { files: Array<FileView>, };

/**
 * Answer of `POST /v1/sessions/{id}/given`: a file for a page, from who drives.
 */
export type GivenFile = {
/**
 * What `choose` calls it; nobody else can.
 */
file: string, };

/**
 * One link to a session, for somebody without a key.
 */
export type LinkId = string;

/**
 * What a link lets its holder do with its one session.
 */
export type LinkAccess = "view" | "control";

/**
 * Body of `POST /v1/sessions/{id}/links`.
 */
export type LinkRequest = { access: LinkAccess,
/**
 * Seconds it is good for, from now.
 */
ttl_s: number,
/**
 * Who it is for: shown to others beside what its holder does. One is made when absent.
 */
name: string | null, };

/**
 * Where a link is in its life.
 */
export type LinkState = "good" | "expired" | "revoked" | "maker_gone";

/**
 * One link, without its secret.
 */
export type LinkView = { id: LinkId, session: SessionId, name: string, access: LinkAccess, state: LinkState,
/**
 * Name of the key that made it.
 */
made_by: string,
/**
 * Milliseconds since the Unix epoch.
 */
made_at: number,
/**
 * Milliseconds since the Unix epoch.
 */
expires_at: number,
/**
 * Milliseconds since the Unix epoch; absent while nobody opened it.
 */
used_at: number | null,
/**
 * Pages that look through it now.
 */
viewers: number, };

/**
 * Answer of `POST /v1/sessions/{id}/links`: the only time the address is shown.
 */
export type LinkMade = { link: LinkView,
/**
 * Opens the session for whoever has it. The secret stands after `#`, which browsers keep to themselves.
 */
url: string,
/**
 * The same for a frame in a page of an allowed origin; absent when none is allowed.
 */
embed_url: string | null, };

/**
 * Answer of `GET /v1/sessions/{id}/links`, newest first.
 */
export type LinkList = { links: Array<LinkView>, };

/**
 * Answer of `GET /v1/guest`: what the holder of a link may know of it.
 */
export type GuestView = { session: SessionId, name: string, access: LinkAccess,
/**
 * Milliseconds since the Unix epoch.
 */
expires_at: number, };

/**
 * One request of a tab: page text, show it as text only.
 */
export type RequestLine = {
/**
 * Counts from 1 since the tab was last sent somewhere.
 */
number: number, method: string, url: string,
/**
 * As in `fetch`, `document`, `image`.
 */
kind: string,
/**
 * HTTP status, once it was answered.
 */
status: number | null,
/**
 * Why it failed.
 */
error: string | null,
/**
 * Milliseconds, once it is over.
 */
took_ms: number | null, };

/**
 * Answer of `GET /v1/sessions/{id}/requests`, oldest first.
 */
export type RequestLines = { requests: Array<RequestLine>,
/**
 * Older ones that are not told.
 */
dropped: number, };

/**
 * How far a tool call has come.
 */
export type CallState = "running" | "waiting" | "done" | "failed" | "refused";

/**
 * One tool call on the timeline. Sent again with the same `number` when its state changes.
 */
export type CallView = {
/**
 * Counts up per session.
 */
number: number, tool: string,
/**
 * One line in plain words, secrets masked.
 */
summary: string, state: CallState,
/**
 * Milliseconds since the Unix epoch.
 */
started_at: number,
/**
 * Milliseconds, absent while it runs.
 */
took_ms: number | null,
/**
 * First line of the error, when it failed or was refused.
 */
error: string | null, };

/**
 * One console message of the page: page text, show it as text only.
 */
export type ConsoleLine = { page: number,
/**
 * `log`, `info`, `warning`, `error`, `debug`.
 */
level: string, text: string,
/**
 * Milliseconds since the Unix epoch.
 */
at: number, };

/**
 * CSS pixels, from the viewport's top left.
 */
export type Rect = { x: number, y: number, width: number, height: number, };

/**
 * One line of the card: what the call will use, in plain words. Secrets arrive masked.
 */
export type CardField = { label: string, value: string, };

/**
 * One person's yes, where a rule asks for several.
 */
export type YesView = {
/**
 * Name of the key or login.
 */
by: string,
/**
 * Milliseconds since the Unix epoch.
 */
at: number, reason: string | null, };

/**
 * How one argument is edited.
 */
export type EditKind = "text" | "number" | "flag";

/**
 * One argument of the call that a person may change.
 */
export type EditField = {
/**
 * Where it is in the arguments: `["text"]`, or `["fields", "0", "value"]` with a list's place as a number.
 */
path: Array<string>, label: string, kind: EditKind,
/**
 * As the agent gave it; absent for a secret, which nobody is shown.
 */
value: string | number | boolean | null,
/**
 * A password, a card number, a code: leave it as it is, or write another.
 */
secret: boolean, };

/**
 * What a person made of the call.
 */
export type EditView = {
/**
 * What was changed, in one line, secrets masked: `text is now "Grace" (was "Ada")`.
 */
what: string,
/**
 * One sentence: what happens now.
 */
summary: string, fields: Array<CardField>, };

/**
 * How long and how often, as a person wants it.
 */
export type GrantWish = {
/**
 * From 1 to 60.
 */
minutes: number,
/**
 * Calls let through at most, from 1 to 100; 20 when absent.
 */
uses: number | null, };

/**
 * One grant: what one rule asks about in one session, let through until it ends.
 */
export type GrantView = { id: GrantId, session: SessionId, session_name: string,
/**
 * Name of the rule that asks no more.
 */
rule: string,
/**
 * The held call it was given with.
 */
approval: ApprovalId,
/**
 * Name of the key or login that gave it.
 */
by: string,
/**
 * Milliseconds since the Unix epoch.
 */
given_at: number,
/**
 * Milliseconds since the Unix epoch.
 */
expires_at: number,
/**
 * Calls let through so far, and at most.
 */
uses: number, uses_max: number,
/**
 * Milliseconds since the Unix epoch; absent while it stands.
 */
ended_at: number | null,
/**
 * Why it ended, in a few words: `revoked by Ann`.
 */
end_reason: string | null, };

/**
 * Answer of `GET /v1/grants`: those that stand, oldest first.
 */
export type GrantList = { grants: Array<GrantView>, };

/**
 * Where a held call is in its life. Only `pending` can still be decided.
 */
export type ApprovalState = "pending" | "approved" | "edited" | "denied" | "expired" | "withdrawn" | "stale" | "executed" | "outcome_unknown";

/**
 * One held call, as people see it.
 */
export type ApprovalView = { id: ApprovalId, session: SessionId,
/**
 * The session's name, for people.
 */
session_name: string, tool: string,
/**
 * One sentence: what will happen, as in `Click button "Buy now"`.
 */
summary: string,
/**
 * Origin of the page it happens on.
 */
origin: string, url: string,
/**
 * Name of the rule that asked.
 */
rule: string,
/**
 * Why the rule asks, in the rule's words.
 */
reason: string, state: ApprovalState,
/**
 * Milliseconds since the Unix epoch.
 */
asked_at: number,
/**
 * Milliseconds since the Unix epoch; after it the answer is no.
 */
expires_at: number, decided_at: number | null,
/**
 * Name of the key or login that decided.
 */
decided_by: string | null,
/**
 * What that person wrote.
 */
decision_reason: string | null, fields: Array<CardField>,
/**
 * How many people must say yes; one no is a no.
 */
approvers: number,
/**
 * Those who did, oldest first.
 */
yes: Array<YesView>,
/**
 * Whose yes counts, as the rule says it (a person must fit one pattern of each list); empty: everybody's who may approve.
 */
deciders: Array<Array<string>>,
/**
 * The arguments a person may change; empty when none can be, as where several people decide.
 */
editable: Array<EditField>,
/**
 * What a person made of the call, when one changed it.
 */
edit: EditView | null,
/**
 * The grant that was given with the yes.
 */
grant: GrantId | null,
/**
 * The element, CSS pixels in the picture; absent when the call has no target.
 */
outline: Rect | null,
/**
 * Address of the picture taken when the call was held (`image/jpeg`), absent when none could be taken.
 */
picture: string | null,
/**
 * Viewport the picture shows, CSS pixels: `[width, height]`.
 */
picture_size: [number, number] | null, };

/**
 * Answer of `GET /v1/approvals`.
 */
export type ApprovalList = { approvals: Array<ApprovalView>, };

/**
 * What a person may say.
 */
export type Decision = "approve" | "deny" | "edit" | "take_over";

/**
 * Body of `POST /v1/approvals/{id}`.
 */
export type DecisionRequest = { decision: Decision, reason: string | null,
/**
 * With `edit`: what changes, the rest stays as the agent gave it. `null` takes an argument away; entries of a list are
 * named by their place, as in `{"fields": {"0": {"value": "x"}}}`, or the list is given whole.
 */
arguments: Record<string, unknown> | null,
/**
 * With `approve`: lets what this rule asks about through in this session for a while.
 */
grant: GrantWish | null, };

/**
 * The pool's numbers and limits, answer of `GET` and `PATCH /v1/pool`.
 */
export type PoolView = {
/**
 * Sessions open now.
 */
in_use: number,
/**
 * Callers waiting for a place.
 */
waiting: number,
/**
 * Contexts ready to be handed over.
 */
warm: number,
/**
 * Browser processes alive.
 */
browsers: number,
/**
 * Limit: sessions at once.
 */
max_sessions: number,
/**
 * Does it find by itself how many of those there may be?
 */
adaptive: boolean,
/**
 * Sessions that it allows then, whatever it finds.
 */
adaptive_sessions_min: number,
/**
 * Sessions there may be now: `max_sessions`, or what was found.
 */
sessions_limit: number,
/**
 * Limit: callers that may wait.
 */
max_waiting: number,
/**
 * Limit: sessions of one tenant at once; 0 is none of its own.
 */
max_sessions_per_tenant: number,
/**
 * Limit: callers of one tenant that may wait; 0 is none of its own.
 */
max_waiting_per_tenant: number,
/**
 * Goal: contexts kept ready.
 */
warm_sessions: number,
/**
 * Limit: sessions that share one browser process.
 */
max_sessions_per_browser: number,
/**
 * Limit: sessions a browser process serves before it is replaced.
 */
sessions_per_browser_life: number,
/**
 * Bound: MiB beyond which a browser takes no more sessions; 0 is none.
 */
browser_memory_mib_renew: number,
/**
 * Bound: MiB beyond which a browser's heaviest page is ended; 0 is none.
 */
browser_memory_mib_max: number,
/**
 * Bound: seconds after which a browser takes no more sessions; 0 is none.
 */
browser_age_s_max: number,
/**
 * Fixed at start: no limit can be raised above it.
 */
ceiling: number, };

/**
 * Body of `PATCH /v1/pool`: limits to move while it runs; what is absent stays.
 */
export type PoolPatch = { max_sessions: number | null,
/**
 * Let it find by itself how many of those there may be.
 */
adaptive: boolean | null, adaptive_sessions_min: number | null, max_waiting: number | null,
/**
 * 0 takes the limit away.
 */
max_sessions_per_tenant: number | null,
/**
 * 0 takes the limit away.
 */
max_waiting_per_tenant: number | null, warm_sessions: number | null, max_sessions_per_browser: number | null, sessions_per_browser_life: number | null,
/**
 * 0 takes the bound away.
 */
browser_memory_mib_renew: number | null,
/**
 * 0 takes the bound away.
 */
browser_memory_mib_max: number | null,
/**
 * 0 takes the bound away.
 */
browser_age_s_max: number | null, };

/**
 * What the service tells the grid and the inbox.
 */
export type FeedEvent = { "type": "state", sessions: Array<SessionView>, approvals: Array<ApprovalView>,
/**
 * Those that stand.
 */
grants: Array<GrantView>, } | { "type": "session", session: SessionView, } | { "type": "session_closed", id: SessionId, } | { "type": "approval", approval: ApprovalView, } | { "type": "grant", grant: GrantView, };

/**
 * What the service tells one session's viewers. Ordered; never skipped: a viewer too slow for them is closed and reconnects.
 */
export type LiveEvent = { "type": "state", session: SessionView,
/**
 * The last calls, oldest first.
 */
calls: Array<CallView>,
/**
 * This session's pending approvals.
 */
approvals: Array<ApprovalView>,
/**
 * Who drives, when a person does.
 */
controller: string | null,
/**
 * True when this very viewer drives.
 */
you_control: boolean,
/**
 * Since when the controller drives, milliseconds since the Unix epoch.
 */
since: number | null, } | { "type": "session", session: SessionView, } | { "type": "call", call: CallView, } | { "type": "console", line: ConsoleLine, } | { "type": "approval", approval: ApprovalView, } | { "type": "dialog", page: number, kind: string | null, message: string, } | { "type": "control", controller: string | null, you_control: boolean,
/**
 * As in `State`.
 */
since: number | null, } | { "type": "lease_ends", at: number | null, } | { "type": "chooser", page: number,
/**
 * Names this request in [`ViewerMessage::Choose`].
 */
number: number | null,
/**
 * May more than one be given?
 */
several: boolean, } | { "type": "copied", text: string, } | { "type": "refused", error: string, hint: string, } | { "type": "closed", reason: string, };

/**
 * Kind of a mouse message, as in CDP `Input.dispatchMouseEvent`.
 */
export type MouseKind = "move" | "down" | "up" | "wheel";

/**
 * A mouse button.
 */
export type MouseButton = "none" | "left" | "middle" | "right";

/**
 * Kind of a touch message, as in CDP `Input.dispatchTouchEvent`.
 */
export type TouchKind = "start" | "move" | "end" | "cancel";

/**
 * One finger on the page, CSS pixels.
 */
export type TouchPoint = {
/**
 * Stays with the finger while it is down.
 */
id: number, x: number, y: number, };

/**
 * Where a person at the helm sends a tab.
 */
export type Step = "back" | "forward" | "reload";

/**
 * What a viewer tells the service.
 */
export type ViewerMessage = { "type": "ack", seq: number, } | { "type": "watch", page: number | null, } | { "type": "quality", fps: number, width: number, } | { "type": "take_control" } | { "type": "take_over" } | { "type": "hand_back" } | { "type": "keep_control" } | { "type": "mouse", kind: MouseKind, x: number, y: number, button: MouseButton, clicks: number, delta_x: number, delta_y: number, modifiers: number, } | { "type": "key", down: boolean, key: string, code: string, modifiers: number, } | { "type": "text", text: string, } | { "type": "compose", text: string, start: number, end: number, } | { "type": "touch", kind: TouchKind, points: Array<TouchPoint>, modifiers: number, } | { "type": "choose", page: number, number: number, files: Array<string>, } | { "type": "answer_dialog", page: number, accept: boolean,
/**
 * What a prompt is answered with.
 */
text: string | null, } | { "type": "copy", cut: boolean, } | { "type": "go", url: string, } | { "type": "walk", step: Step, };

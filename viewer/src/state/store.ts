/** The page's one state: who looks, the sessions, the held calls. Fed by `/v1/feed`, which comes back by itself. */

import { batch, computed, signal } from "@preact/signals";
import { Refusal, request } from "../net/http";
import { Socket, type Link } from "../net/socket";
import type { ApprovalList, ApprovalView, DecisionRequest, FeedEvent, HandoffAnswer, LoginRequest, LoginView } from "../protocol/generated/wire";
import { type Approvals, merged, pending, replaced } from "./approvals";
import { appliedGrants, type Grants } from "./grants";
import { askGuest, guest, guestScopes } from "./guest";
import { appliedSessions, askingSessions, type Sessions } from "./feed";

/** `undefined` until we know, `null` when nobody is logged in. */
export const login = signal<LoginView | null | undefined>(undefined);
export const loginRefusal = signal<{ error: string; hint: string } | null>(null);

export const sessions = signal<Sessions>(new Map());
export const approvals = signal<Approvals>(new Map());
/** What people let through without being asked each time, as long as it stands. */
export const grants = signal<Grants>(new Map());
/** The held call this person takes over instead of answering it: done by the session's page, which has the wheel. */
export const takingOver = signal<ApprovalView | null>(null);
export const feedLink = signal<Link>("connecting");
/** False until the first full state: an empty grid must not be shown before we know it is empty. */
export const feedKnown = signal(false);
export const inboxOpen = signal(false);

export const pendingApprovals = computed(() => pending(approvals.value));
export const openHandoffs = computed(() => askingSessions(sessions.value));
/** All that waits for a person. */
export const waitingCount = computed(() => pendingApprovals.value.length + openHandoffs.value.length);

let feed: Socket | null = null;

export function may(scope: "view" | "approve" | "control" | "admin"): boolean {
  const scopes = login.value?.scopes ?? guestScopes();
  return scopes.includes(scope) || scopes.includes("admin");
}

/** Who am I? Asked at start, and again when a socket is refused. */
export async function askLogin(): Promise<void> {
  if (guest.value !== null) return askGuest();
  try {
    welcome((await request("GET", "/v1/login")) as LoginView);
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) goodbye();
    else if (login.value === undefined) {
      login.value = null;
      loginRefusal.value = told(error);
    }
  }
}

export async function logIn(by: { key: string } | { code: string }): Promise<boolean> {
  const body: LoginRequest = "key" in by ? { key: by.key, code: null } : { key: null, code: by.code };
  try {
    welcome((await request("POST", "/v1/login", body)) as LoginView);
    return true;
  } catch (error) {
    loginRefusal.value = told(error);
    login.value ??= null;
    return false;
  }
}

export async function logOut(): Promise<void> {
  try {
    await request("POST", "/v1/logout");
  } catch {
    // Whatever it answered, this page forgets; the cookie ends by itself.
  }
  goodbye();
}

function welcome(view: LoginView): void {
  batch(() => {
    login.value = view;
    loginRefusal.value = null;
  });
  feed ??= new Socket(() => "/v1/feed", {
    text: (message) => hear(JSON.parse(message) as FeedEvent),
    binary: () => undefined,
    link: (link) => {
      feedLink.value = link;
    },
    refused: () => void askLogin(),
  });
}

function goodbye(): void {
  feed?.end();
  feed = null;
  batch(() => {
    login.value = null;
    sessions.value = new Map();
    approvals.value = new Map();
    grants.value = new Map();
    takingOver.value = null;
    feedKnown.value = false;
    feedLink.value = "connecting";
    inboxOpen.value = false;
  });
}

function hear(event: FeedEvent): void {
  batch(() => {
    sessions.value = appliedSessions(sessions.value, event);
    grants.value = appliedGrants(grants.value, event);
    if (event.type === "state") {
      approvals.value = replaced(approvals.value, event.approvals);
      feedKnown.value = true;
    } else if (event.type === "approval") learnApprovals([event.approval]);
  });
}

export function learnApprovals(news: readonly ApprovalView[]): void {
  approvals.value = merged(approvals.value, news);
}

/** What a person says to a held call; what is left out is nothing. */
export type Said = Pick<DecisionRequest, "decision"> & Partial<DecisionRequest>;

/** Decides. Answers how it ended when that is not what was said, or what went wrong. */
export async function decide(approval: ApprovalView, said: Said, note = ""): Promise<string | null> {
  try {
    const reason = note.trim() === "" ? null : note.trim();
    learnApprovals([(await request("POST", `/v1/approvals/${approval.id}`, { ...said, reason })) as ApprovalView]);
    return null;
  } catch (error) {
    if (error instanceof Refusal && error.status === 409 && isApproval(error.body)) {
      learnApprovals([error.body]);
      return error.body.state === "pending" ? "You said yes already. Somebody else must, too." : "It was already decided.";
    }
    if (error instanceof Refusal && error.status === 401) goodbye();
    const { error: what, hint } = told(error);
    return `${what} ${hint}`;
  }
}

/** One card, for a page that was opened on it. Answers it as it stands, or what went wrong. */
export async function fetchApproval(id: string): Promise<ApprovalView | string> {
  try {
    const approval = (await request("GET", `/v1/approvals/${id}`)) as ApprovalView;
    learnApprovals([approval]);
    return approval;
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) goodbye();
    const { error: what, hint } = told(error);
    return `${what} ${hint}`;
  }
}

/** Takes a grant back. Answers what went wrong. */
export async function revokeGrant(id: string): Promise<string | null> {
  try {
    await request("DELETE", `/v1/grants/${id}`);
    return null;
  } catch (error) {
    const { error: what, hint } = told(error);
    return `${what} ${hint}`;
  }
}

/** What was decided before this page was opened. */
export async function fetchDecided(): Promise<string | null> {
  try {
    learnApprovals(((await request("GET", "/v1/approvals")) as ApprovalList).approvals);
    return null;
  } catch (error) {
    return told(error).error;
  }
}

export async function closeSession(id: string): Promise<string | null> {
  try {
    await request("DELETE", `/v1/sessions/${id}`);
    return null;
  } catch (error) {
    const { error: what, hint } = told(error);
    return `${what} ${hint}`;
  }
}

/** Says how it went what an agent asked for. Answers what went wrong. */
export async function answerHandoff(session: string, answer: HandoffAnswer): Promise<string | null> {
  try {
    await request("POST", `/v1/sessions/${session}/handoff`, answer);
    return null;
  } catch (error) {
    const { error: what, hint } = told(error);
    return `${what} ${hint}`;
  }
}

export function told(error: unknown): { error: string; hint: string } {
  if (error instanceof Refusal) return { error: error.message, hint: error.hint };
  return { error: "Something went wrong in this page.", hint: "Load it again." };
}

function isApproval(body: unknown): body is ApprovalView {
  return typeof body === "object" && body !== null && "state" in body && "id" in body;
}

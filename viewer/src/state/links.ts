/** Links to a session, as who shares it handles them. */

import { request } from "../net/http";
import type { LinkList, LinkMade, LinkRequest, LinkView, SessionId } from "../protocol/generated/wire";

export async function fetchLinks(session: SessionId): Promise<readonly LinkView[]> {
  return ((await request("GET", `/v1/sessions/${session}/links`)) as LinkList).links;
}

export async function makeLink(session: SessionId, wanted: LinkRequest): Promise<LinkMade> {
  return (await request("POST", `/v1/sessions/${session}/links`, wanted)) as LinkMade;
}

export async function revokeLink(id: string): Promise<void> {
  await request("DELETE", `/v1/links/${id}`);
}

/** How long a link may be good for, as offered. */
export const TIMES: readonly { seconds: number; words: string }[] = [
  { seconds: 15 * 60, words: "15 minutes" },
  { seconds: 60 * 60, words: "1 hour" },
  { seconds: 8 * 60 * 60, words: "8 hours" },
  { seconds: 24 * 60 * 60, words: "1 day" },
  { seconds: 7 * 24 * 60 * 60, words: "7 days" },
];

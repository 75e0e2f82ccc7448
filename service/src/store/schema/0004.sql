-- Edits, several people's yes, grants. The set of states is a CHECK, and SQLite changes one only with its table; pictures step aside
-- first, because dropping a table takes those that refer to it along.
CREATE TABLE pictures_aside AS SELECT id, jpeg FROM approval_pictures;
DROP TABLE approval_pictures;

CREATE TABLE approvals_new (
    id              TEXT PRIMARY KEY,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'edited', 'running', 'denied', 'expired', 'withdrawn',
                                                   'stale', 'executed', 'outcome_unknown')),
    session         TEXT NOT NULL,
    session_name    TEXT NOT NULL,
    tenant          TEXT NOT NULL,
    owner           TEXT NOT NULL,
    tool            TEXT NOT NULL,
    summary         TEXT NOT NULL,
    origin          TEXT NOT NULL,
    url             TEXT NOT NULL,
    rule            TEXT NOT NULL,
    reason          TEXT NOT NULL,
    fields          TEXT NOT NULL,
    outline         TEXT,
    picture_width   INTEGER,
    picture_height  INTEGER,
    fingerprint     TEXT NOT NULL,
    digest          BLOB NOT NULL CHECK (length(digest) = 32),
    ttl_ms          INTEGER NOT NULL,
    asked_at        INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    use_by          INTEGER,
    decided_at      INTEGER,
    decided_by      TEXT,
    decision_reason TEXT,
    note            TEXT,
    ended_at        INTEGER,
    -- How many different people must say yes, and whose yes counts: lists of patterns.
    approvers       INTEGER NOT NULL DEFAULT 1 CHECK (approvers > 0),
    deciders        TEXT NOT NULL DEFAULT '[]',
    -- The people who did, as a list, oldest first.
    yes             TEXT NOT NULL DEFAULT '[]',
    -- What a person may change, and what one made of it, in words. The changed arguments themselves are never kept.
    editable        TEXT NOT NULL DEFAULT '[]',
    edit            TEXT,
    grant_id        TEXT
) STRICT;
INSERT INTO approvals_new (id, state, session, session_name, tenant, owner, tool, summary, origin, url, rule, reason, fields, outline,
                           picture_width, picture_height, fingerprint, digest, ttl_ms, asked_at, expires_at, use_by, decided_at,
                           decided_by, decision_reason, note, ended_at)
SELECT id, state, session, session_name, tenant, owner, tool, summary, origin, url, rule, reason, fields, outline,
       picture_width, picture_height, fingerprint, digest, ttl_ms, asked_at, expires_at, use_by, decided_at,
       decided_by, decision_reason, note, ended_at
FROM approvals;
DROP TABLE approvals;
ALTER TABLE approvals_new RENAME TO approvals;
CREATE INDEX approvals_by_time ON approvals (asked_at);
CREATE INDEX approvals_by_tenant ON approvals (tenant, asked_at);
CREATE INDEX approvals_by_end ON approvals (ended_at);
CREATE INDEX approvals_open ON approvals (state) WHERE state IN ('pending', 'approved', 'edited', 'running');

CREATE TABLE approval_pictures (
    id   TEXT PRIMARY KEY REFERENCES approvals (id) ON DELETE CASCADE,
    jpeg BLOB NOT NULL
) STRICT;
INSERT INTO approval_pictures (id, jpeg) SELECT id, jpeg FROM pictures_aside;
DROP TABLE pictures_aside;

CREATE TABLE grants (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    session      TEXT NOT NULL,
    session_name TEXT NOT NULL,
    rule         TEXT NOT NULL,
    approval     TEXT NOT NULL,
    given_key    TEXT NOT NULL,
    given_by     TEXT NOT NULL,
    given_at     INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    uses         INTEGER NOT NULL DEFAULT 0,
    uses_max     INTEGER NOT NULL CHECK (uses_max > 0),
    ended_at     INTEGER,
    end_reason   TEXT,
    CHECK (uses BETWEEN 0 AND uses_max)
) STRICT;
CREATE INDEX grants_open ON grants (id) WHERE ended_at IS NULL;
CREATE INDEX grants_by_end ON grants (ended_at);

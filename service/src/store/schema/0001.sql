-- Times are milliseconds since the Unix epoch.

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
-- `opened`: written at every start, which shows that the file can be written. `keys`: changes with every change to a key.
INSERT INTO counters (name, value) VALUES ('opened', 0), ('keys', 0);

CREATE TABLE keys (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE approvals (
    id              TEXT PRIMARY KEY,
    state           TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'running', 'denied', 'expired', 'withdrawn',
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
    ended_at        INTEGER
) STRICT;
CREATE INDEX approvals_by_time ON approvals (asked_at);
CREATE INDEX approvals_by_tenant ON approvals (tenant, asked_at);
CREATE INDEX approvals_by_end ON approvals (ended_at);
-- Few at any time; the start and the inbox look for them.
CREATE INDEX approvals_open ON approvals (state) WHERE state IN ('pending', 'approved', 'running');

-- Apart, because lists of approvals never need them.
CREATE TABLE approval_pictures (
    id   TEXT PRIMARY KEY REFERENCES approvals (id) ON DELETE CASCADE,
    jpeg BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    actor   TEXT NOT NULL,
    session TEXT,
    subject TEXT,
    text    TEXT NOT NULL,
    outcome TEXT NOT NULL,
    took_ms INTEGER,
    hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- The end of the chain: how many lines there must be, and the hash of the last.
CREATE TABLE audit_head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    owner        TEXT NOT NULL,
    name         TEXT NOT NULL,
    opened_at    INTEGER NOT NULL,
    closed_at    INTEGER,
    close_reason TEXT
) STRICT;
CREATE INDEX sessions_by_time ON sessions (tenant, opened_at);

-- May a key's own client answer for calls of that key that wait for approval?
ALTER TABLE keys ADD COLUMN may_elicit INTEGER NOT NULL DEFAULT 0 CHECK (may_elicit IN (0, 1));

-- What a key asks for where neither URL nor call says otherwise: toolsets, what becomes of snapshots, tokens of an answer.
ALTER TABLE keys ADD COLUMN caps TEXT;
ALTER TABLE keys ADD COLUMN snapshot TEXT;
ALTER TABLE keys ADD COLUMN max_tokens INTEGER CHECK (max_tokens > 0);

-- What was pulled out of sources: rows, and how far each resource was read. Instants are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE synced_rows (
    -- A user, or a market that no user is called like: its rows are everybody's.
    owner      TEXT   COLLATE "C" NOT NULL,
    source     TEXT   COLLATE "C" NOT NULL,
    resource   TEXT   COLLATE "C" NOT NULL,
    row_key    TEXT   COLLATE "C" NOT NULL,
    -- The moment that the row is about.
    at         BIGINT NOT NULL,
    -- JSON, its keys in order: what is the same is the same text.
    content    TEXT   NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (owner, source, resource, row_key)
);

CREATE INDEX synced_rows_by_time ON synced_rows (owner, source, resource, at);

CREATE TABLE sync_state (
    owner     TEXT   COLLATE "C" NOT NULL,
    source    TEXT   COLLATE "C" NOT NULL,
    resource  TEXT   COLLATE "C" NOT NULL,
    -- Where the next sync goes on; written in one transaction with the rows before it.
    position  TEXT,
    synced_at BIGINT,
    problem   TEXT,
    failed_at BIGINT,
    PRIMARY KEY (owner, source, resource)
);

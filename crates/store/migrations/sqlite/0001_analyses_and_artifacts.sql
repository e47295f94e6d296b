-- Finished analyses and large artefacts. Instants are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE analyses (
    workflow_id    TEXT    NOT NULL PRIMARY KEY,
    run_id         TEXT    NOT NULL,
    user_id        TEXT    NOT NULL,
    symbol         TEXT    NOT NULL,
    analysis_type  TEXT    NOT NULL,
    strategy       TEXT,
    recommendation TEXT    NOT NULL,
    as_of          INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    -- JSON; last, because a long value goes to overflow pages that the columns before it must not have to cross.
    result         TEXT    NOT NULL
) STRICT;

-- Listings run newest first; the workflow id makes the order total, which paging needs.
CREATE INDEX analyses_newest           ON analyses (created_at, workflow_id);
CREATE INDEX analyses_of_user          ON analyses (user_id, created_at, workflow_id);
CREATE INDEX analyses_of_symbol        ON analyses (symbol, created_at, workflow_id);
CREATE INDEX analyses_of_user_symbol   ON analyses (user_id, symbol, created_at, workflow_id);

CREATE TABLE artifacts (
    -- SHA-256 of the bytes, lower-case hexadecimal.
    sha256     TEXT    NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
    media_type TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    bytes      BLOB    NOT NULL
) STRICT;

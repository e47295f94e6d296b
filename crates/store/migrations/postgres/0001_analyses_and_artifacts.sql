-- Finished analyses and large artefacts. Ids compare by byte (COLLATE "C"), so that both databases list in one order.

CREATE TABLE analyses (
    workflow_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    run_id         TEXT             NOT NULL,
    user_id        TEXT COLLATE "C" NOT NULL,
    symbol         TEXT COLLATE "C" NOT NULL,
    analysis_type  TEXT             NOT NULL,
    strategy       TEXT,
    recommendation TEXT             NOT NULL,
    as_of          TIMESTAMPTZ      NOT NULL,
    created_at     TIMESTAMPTZ      NOT NULL,
    -- JSON and not JSONB: the text comes back as it was saved, with the last digit of each number and with \u0000.
    result         JSON             NOT NULL
);

-- Listings run newest first; the workflow id makes the order total, which paging needs.
CREATE INDEX analyses_newest         ON analyses (created_at, workflow_id);
CREATE INDEX analyses_of_user        ON analyses (user_id, created_at, workflow_id);
CREATE INDEX analyses_of_symbol      ON analyses (symbol, created_at, workflow_id);
CREATE INDEX analyses_of_user_symbol ON analyses (user_id, symbol, created_at, workflow_id);

CREATE TABLE artifacts (
    -- SHA-256 of the bytes, lower-case hexadecimal.
    sha256     TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
    media_type TEXT             NOT NULL,
    created_at TIMESTAMPTZ      NOT NULL,
    bytes      BYTEA            NOT NULL
);

-- Images and compressed chains do not compress again.
ALTER TABLE artifacts ALTER COLUMN bytes SET STORAGE EXTERNAL;

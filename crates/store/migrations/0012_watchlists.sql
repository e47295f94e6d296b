-- Lists of symbols that people keep, and which watches over accounts are to end. Instants are microseconds since
-- 1970-01-01T00:00:00Z.

CREATE TABLE watchlists (
    user_id    TEXT   COLLATE "C" NOT NULL,
    name       TEXT   COLLATE "C" NOT NULL,
    -- A JSON array of tickers, in their order.
    symbols    TEXT   NOT NULL,
    -- How often it was changed, its creation included.
    revision   BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);

-- Beside the watch's own row, which it alone writes.
CREATE TABLE watch_recalls (
    user_id TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    stretch TEXT NOT NULL,
    PRIMARY KEY (user_id, account)
);

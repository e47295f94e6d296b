-- The trade journal: what analyses suggested and what became of it. Instants are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE journal_entries (
    user_id         TEXT   COLLATE "C" NOT NULL,
    id              TEXT   COLLATE "C" NOT NULL,
    -- The analysis that it comes from; it may be gone by now.
    workflow_id     TEXT   COLLATE "C" NOT NULL,
    run_id          TEXT   COLLATE "C" NOT NULL,
    symbol          TEXT   COLLATE "C" NOT NULL,
    -- Which market's prices it was about: what is invented is not mixed with what is not.
    market          TEXT   COLLATE "C" NOT NULL,
    as_of           BIGINT NOT NULL,
    -- Days since 1970-01-01.
    last_trade_day  BIGINT NOT NULL,
    -- JSON: verdict, strategy, contracts, credit, breakeven, stated probability.
    trade           TEXT   NOT NULL,
    note            TEXT,
    -- JSON, written once: what became of it.
    mark            TEXT,
    -- Why it could not be marked when that was last tried.
    problem         TEXT,
    marked_at       BIGINT,
    PRIMARY KEY (user_id, id)
);
CREATE UNIQUE INDEX journal_entries_by_run ON journal_entries (user_id, workflow_id, run_id);
CREATE INDEX journal_entries_by_day ON journal_entries (user_id, last_trade_day);
CREATE INDEX journal_entries_by_symbol ON journal_entries (symbol, user_id, id);

-- How far a user's analyses were read.
CREATE TABLE journal_state (
    user_id    TEXT   COLLATE "C" NOT NULL,
    read_until BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);

-- Transactions that were synced and belong to an entry; a transaction belongs to one.
CREATE TABLE journal_links (
    user_id   TEXT   COLLATE "C" NOT NULL,
    source    TEXT   COLLATE "C" NOT NULL,
    resource  TEXT   COLLATE "C" NOT NULL,
    row_key   TEXT   COLLATE "C" NOT NULL,
    entry_id  TEXT   COLLATE "C" NOT NULL,
    -- 1 where somebody said so: it is never changed but by somebody.
    by_hand   BIGINT NOT NULL,
    note      TEXT,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, source, resource, row_key)
);
CREATE INDEX journal_links_by_entry ON journal_links (user_id, entry_id);

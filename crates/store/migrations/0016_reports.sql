-- Reports, and what accounts were worth at the end of each day. Instants are microseconds since 1970-01-01T00:00:00Z; days are ISO
-- dates in New York; money is decimals as text.

CREATE TABLE reports (
    user_id     TEXT   COLLATE "C" NOT NULL,
    id          TEXT   COLLATE "C" NOT NULL,
    -- morning_briefing, eod_summary, daily_report or weekly_review.
    name        TEXT   COLLATE "C" NOT NULL,
    title       TEXT   NOT NULL,
    day         TEXT   COLLATE "C" NOT NULL,
    as_of       BIGINT NOT NULL,
    -- live, delayed, recorded or simulated.
    market      TEXT   NOT NULL,
    -- A JSON array of lines.
    summary     TEXT   NOT NULL,
    -- What its message says beside the summary, as JSON.
    facts       TEXT   NOT NULL,
    -- SHA-256 of the artefacts.
    html        TEXT   COLLATE "C" NOT NULL,
    markdown    TEXT   COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX reports_newest  ON reports (user_id, created_at, id);
CREATE INDEX reports_by_name ON reports (user_id, name, created_at, id);
CREATE INDEX reports_by_age  ON reports (created_at);

CREATE TABLE account_days (
    user_id         TEXT   COLLATE "C" NOT NULL,
    account         TEXT   COLLATE "C" NOT NULL,
    day             TEXT   COLLATE "C" NOT NULL,
    -- When the account was read last on that day, in market time.
    as_of           BIGINT NOT NULL,
    net_liquidation TEXT,
    day_pnl         TEXT,
    cash            TEXT,
    -- The account as JSON: positions, sums, Greeks, margin.
    state           TEXT   NOT NULL,
    PRIMARY KEY (user_id, account, day)
);

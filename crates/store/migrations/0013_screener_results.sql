-- What screens came to. Instants are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE screener_runs (
    user_id     TEXT   COLLATE "C" NOT NULL,
    workflow_id TEXT   COLLATE "C" NOT NULL,
    run_id      TEXT   COLLATE "C" NOT NULL,
    -- The screen's name among the user's.
    screen      TEXT   COLLATE "C" NOT NULL,
    criteria    TEXT   NOT NULL,
    -- A JSON array of the picks and their values, best first.
    picks       TEXT   NOT NULL,
    result      TEXT   NOT NULL,
    as_of       BIGINT,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, run_id, user_id)
);
CREATE INDEX screener_runs_by_screen ON screener_runs (user_id, screen, created_at);
CREATE INDEX screener_runs_by_age ON screener_runs (created_at);

-- A row a candidate, as soon as it was looked at.
CREATE TABLE screener_results (
    user_id     TEXT   COLLATE "C" NOT NULL,
    workflow_id TEXT   COLLATE "C" NOT NULL,
    run_id      TEXT   COLLATE "C" NOT NULL,
    symbol      TEXT   COLLATE "C" NOT NULL,
    -- quick or full.
    stage       TEXT   NOT NULL,
    verdict     TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    detail      TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (workflow_id, run_id, user_id, symbol)
);
CREATE INDEX screener_results_by_age ON screener_results (created_at);

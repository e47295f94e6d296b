-- Analyses by run, with what the workflow says of its end; when artefacts were last used; days as numbers, as PostgreSQL has
-- them, too.

CREATE TABLE analyses_by_run (
    workflow_id    TEXT    NOT NULL,
    run_id         TEXT    NOT NULL,
    user_id        TEXT    NOT NULL,
    symbol         TEXT    NOT NULL,
    analysis_type  TEXT    NOT NULL,
    strategy       TEXT,
    recommendation TEXT    NOT NULL,
    as_of          INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    -- When it was last saved, or was to be: what was asked for before that replaces nothing.
    saved_at       INTEGER NOT NULL,
    completed_at   INTEGER,
    -- JSON: the channels that acknowledged.
    notified       TEXT    NOT NULL,
    -- JSON; last, because a long value goes to overflow pages that the columns before it must not have to cross.
    result         TEXT    NOT NULL,
    PRIMARY KEY (workflow_id, run_id)
) STRICT;

INSERT INTO analyses_by_run
SELECT workflow_id, run_id, user_id, symbol, analysis_type, strategy, recommendation, as_of, created_at, created_at, NULL,
       '[]', result
FROM analyses;

DROP TABLE analyses;
ALTER TABLE analyses_by_run RENAME TO analyses;

-- Retention goes by it. What refers to an artefact today is not known: all of them count as used now.
ALTER TABLE artifacts ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
UPDATE artifacts SET used_at = max(created_at, CAST(strftime('%s', 'now') AS INTEGER) * 1000000);

CREATE TABLE llm_usage_by_day (
    -- UTC, days since 1970-01-01.
    day            INTEGER NOT NULL,
    user_id        TEXT    NOT NULL,
    model          TEXT    NOT NULL,
    turns          INTEGER NOT NULL,
    input_tokens   INTEGER NOT NULL,
    output_tokens  INTEGER NOT NULL,
    cost_nanos     INTEGER NOT NULL,
    unpriced_turns INTEGER NOT NULL,
    PRIMARY KEY (day, user_id, model)
) STRICT;

INSERT INTO llm_usage_by_day
SELECT CAST(strftime('%s', day) AS INTEGER) / 86400, user_id, model, turns, input_tokens, output_tokens, cost_nanos,
       unpriced_turns
FROM llm_usage;

DROP TABLE llm_usage;
ALTER TABLE llm_usage_by_day RENAME TO llm_usage;

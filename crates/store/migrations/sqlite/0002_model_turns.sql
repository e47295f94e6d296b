-- Turns bought from language models, and what they cost by day. Costs are billionths of a dollar.

CREATE TABLE llm_turns (
    workflow_id   TEXT    NOT NULL,
    run_id        TEXT    NOT NULL,
    activity      TEXT    NOT NULL,
    turn          INTEGER NOT NULL,
    -- SHA-256 of the whole request, lower-case hexadecimal.
    prompt_hash   TEXT    NOT NULL CHECK (length(prompt_hash) = 64),
    user_id       TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    -- NULL where the price is not known.
    cost_nanos    INTEGER,
    created_at    INTEGER NOT NULL,
    request       TEXT    NOT NULL,
    answer        TEXT    NOT NULL,
    PRIMARY KEY (workflow_id, run_id, activity, turn, prompt_hash)
) STRICT;

-- Kept apart from the turns: a day's budget must hold also where old turns are removed.
CREATE TABLE llm_usage (
    -- UTC, YYYY-MM-DD.
    day            TEXT    NOT NULL,
    user_id        TEXT    NOT NULL,
    model          TEXT    NOT NULL,
    turns          INTEGER NOT NULL,
    input_tokens   INTEGER NOT NULL,
    output_tokens  INTEGER NOT NULL,
    cost_nanos     INTEGER NOT NULL,
    unpriced_turns INTEGER NOT NULL,
    PRIMARY KEY (day, user_id, model)
) STRICT;

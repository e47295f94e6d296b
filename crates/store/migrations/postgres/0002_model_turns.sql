-- Turns bought from language models, and what they cost by day. Costs are billionths of a dollar.

CREATE TABLE llm_turns (
    workflow_id   TEXT COLLATE "C" NOT NULL,
    run_id        TEXT COLLATE "C" NOT NULL,
    activity      TEXT COLLATE "C" NOT NULL,
    turn          BIGINT           NOT NULL,
    -- SHA-256 of the whole request, lower-case hexadecimal.
    prompt_hash   TEXT COLLATE "C" NOT NULL CHECK (length(prompt_hash) = 64),
    user_id       TEXT COLLATE "C" NOT NULL,
    model         TEXT COLLATE "C" NOT NULL,
    input_tokens  BIGINT           NOT NULL,
    output_tokens BIGINT           NOT NULL,
    -- NULL where the price is not known.
    cost_nanos    BIGINT,
    created_at    TIMESTAMPTZ      NOT NULL,
    -- JSON and not JSONB: the text comes back as it was kept, so that its hash can be computed again.
    request       JSON             NOT NULL,
    answer        JSON             NOT NULL,
    PRIMARY KEY (workflow_id, run_id, activity, turn, prompt_hash)
);

-- Kept apart from the turns: a day's budget must hold also where old turns are removed.
CREATE TABLE llm_usage (
    -- UTC.
    day            DATE             NOT NULL,
    user_id        TEXT COLLATE "C" NOT NULL,
    model          TEXT COLLATE "C" NOT NULL,
    turns          BIGINT           NOT NULL,
    input_tokens   BIGINT           NOT NULL,
    output_tokens  BIGINT           NOT NULL,
    cost_nanos     BIGINT           NOT NULL,
    unpriced_turns BIGINT           NOT NULL,
    PRIMARY KEY (day, user_id, model)
);

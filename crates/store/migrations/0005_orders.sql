-- The orders in which rows are listed and removed.

-- Listings run newest first; the ids make the order total, which paging needs.
CREATE INDEX analyses_newest         ON analyses (created_at, workflow_id, run_id);
CREATE INDEX analyses_of_user        ON analyses (user_id, created_at, workflow_id, run_id);
CREATE INDEX analyses_of_symbol      ON analyses (symbol, created_at, workflow_id, run_id);
CREATE INDEX analyses_of_user_symbol ON analyses (user_id, symbol, created_at, workflow_id, run_id);
CREATE INDEX analyses_of_workflow    ON analyses (workflow_id, created_at, run_id);

-- Retention removes the oldest first.
CREATE INDEX artifacts_by_use ON artifacts (used_at);
CREATE INDEX llm_turns_by_age ON llm_turns (created_at);

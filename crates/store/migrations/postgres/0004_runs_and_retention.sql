-- Analyses by run, with what the workflow says of its end; when artefacts were last used; and the columns that SQLite has:
-- instants are microseconds since 1970-01-01T00:00:00Z, days are days since then, JSON is text.

ALTER TABLE analyses
    DROP CONSTRAINT analyses_pkey,
    ALTER COLUMN run_id     TYPE TEXT COLLATE "C",
    ALTER COLUMN as_of      TYPE BIGINT USING (extract(epoch FROM as_of) * 1000000)::bigint,
    ALTER COLUMN created_at TYPE BIGINT USING (extract(epoch FROM created_at) * 1000000)::bigint,
    ALTER COLUMN result     TYPE TEXT   USING result::text,
    ADD PRIMARY KEY (workflow_id, run_id),
    -- When it was last saved, or was to be: what was asked for before that replaces nothing.
    ADD COLUMN saved_at     BIGINT,
    ADD COLUMN completed_at BIGINT,
    -- JSON: the channels that acknowledged.
    ADD COLUMN notified     TEXT NOT NULL DEFAULT '[]';
UPDATE analyses SET saved_at = created_at;
ALTER TABLE analyses ALTER COLUMN saved_at SET NOT NULL, ALTER COLUMN notified DROP DEFAULT;

DROP INDEX analyses_newest, analyses_of_user, analyses_of_symbol, analyses_of_user_symbol;

-- Retention goes by it. What refers to an artefact today is not known: all of them count as used now.
ALTER TABLE artifacts ALTER COLUMN created_at TYPE BIGINT USING (extract(epoch FROM created_at) * 1000000)::bigint;
ALTER TABLE artifacts ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
UPDATE artifacts SET used_at = greatest(created_at, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint);

ALTER TABLE llm_turns
    ALTER COLUMN created_at TYPE BIGINT USING (extract(epoch FROM created_at) * 1000000)::bigint,
    ALTER COLUMN request    TYPE TEXT   USING request::text,
    ALTER COLUMN answer     TYPE TEXT   USING answer::text;
ALTER TABLE llm_usage ALTER COLUMN day TYPE BIGINT USING day - DATE '1970-01-01';

-- How much of each provider account's rate limit is used up, shared by all workers. Instants are microseconds since
-- 1970-01-01T00:00:00Z by the database server's clock.

CREATE TABLE account_limits (
    account      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- The generic cell rate algorithm's one number: when the account would be unused again.
    free_at      BIGINT           NOT NULL,
    -- Nobody calls before this: the provider said to stop.
    paused_until BIGINT           NOT NULL
);

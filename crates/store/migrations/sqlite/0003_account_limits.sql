-- How much of each provider account's rate limit is used up, shared by the processes of this host. Instants are
-- microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE account_limits (
    account      TEXT    NOT NULL PRIMARY KEY,
    -- The generic cell rate algorithm's one number: when the account would be unused again.
    free_at      INTEGER NOT NULL,
    -- Nobody calls before this: the provider said to stop.
    paused_until INTEGER NOT NULL
) STRICT;

-- Who does what only one process may do at a time.

CREATE TABLE leases (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- None once it was released.
    holder     TEXT,
    -- Never falls, so a lease's row is never removed.
    number     BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

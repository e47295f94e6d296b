-- Alert definitions and the feed of their changes.

-- The last revision of each shard. Whoever changes an alert holds this row until its change is visible.
CREATE TABLE alert_shards (
    shard    BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);

CREATE TABLE alerts (
    user_id     TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    shard       BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    arming      BIGINT NOT NULL,
    state       TEXT NOT NULL,
    symbol      TEXT COLLATE "C" NOT NULL,
    client_key  TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the definition as it was first asked for.
    fingerprint TEXT NOT NULL,
    definition  TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (user_id, id)
);

CREATE UNIQUE INDEX alerts_by_key      ON alerts (user_id, client_key);
CREATE UNIQUE INDEX alerts_by_revision ON alerts (shard, revision);
CREATE INDEX alerts_newest             ON alerts (user_id, created_at, id);
CREATE INDEX alerts_of_symbol          ON alerts (user_id, symbol, created_at, id);
-- Retention removes the oldest first.
CREATE INDEX alerts_by_age             ON alerts (changed_at) WHERE state = 'removed';

-- What a lease's holder knows, for the next one to go on from.

CREATE TABLE checkpoints (
    name     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- The fencing number of the holder who saved it.
    number   BIGINT NOT NULL,
    -- JSON.
    state    TEXT NOT NULL,
    saved_at BIGINT NOT NULL
);

-- What people were told, and what became of it over each channel.

CREATE TABLE messages (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id    TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL,
    severity   TEXT NOT NULL,
    message    TEXT NOT NULL,
    market     TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX messages_newest ON messages (user_id, created_at, id);
CREATE INDEX messages_by_age ON messages (created_at);

CREATE TABLE deliveries (
    message_id       TEXT COLLATE "C" NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    channel          TEXT COLLATE "C" NOT NULL,
    user_id          TEXT COLLATE "C" NOT NULL,
    state            TEXT NOT NULL,
    -- When it is next due, or its claim over; none once it has ended.
    due_at           BIGINT,
    held             BIGINT NOT NULL,
    claim            BIGINT NOT NULL,
    claimed_by       TEXT,
    claimed_at       BIGINT,
    answers          BIGINT NOT NULL,
    may_have_arrived BIGINT NOT NULL,
    problem          TEXT,
    sent_at          BIGINT,
    receipt          TEXT,
    digest_id        TEXT COLLATE "C",
    PRIMARY KEY (message_id, channel)
);

CREATE INDEX deliveries_open ON deliveries (user_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_sent ON deliveries (channel, sent_at) WHERE sent_at IS NOT NULL;

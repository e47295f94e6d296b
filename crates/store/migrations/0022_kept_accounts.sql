-- Accounts that people keep by hand. Instants are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE kept_accounts (
    user_id    TEXT   COLLATE "C" NOT NULL,
    account    TEXT   COLLATE "C" NOT NULL,
    -- Dollars as decimal text; null where nobody stated them.
    cash       TEXT,
    -- A JSON array of positions, by instrument.
    positions  TEXT   NOT NULL,
    -- How often it was changed, its creation included.
    revision   BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, account)
);

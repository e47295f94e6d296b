-- What users prefer, and the screens that they keep under a name. Instants are microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE user_preferences (
    user_id    TEXT   COLLATE "C" NOT NULL,
    name       TEXT   COLLATE "C" NOT NULL,
    -- JSON; what is not stated has no row.
    value      TEXT   NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);

CREATE INDEX user_preferences_by_name ON user_preferences (name, user_id);

CREATE TABLE saved_screeners (
    user_id    TEXT   COLLATE "C" NOT NULL,
    name       TEXT   COLLATE "C" NOT NULL,
    strategy   TEXT   NOT NULL,
    -- JSON: the params of the screen.
    criteria   TEXT   NOT NULL,
    -- 1 where it runs by itself.
    auto_run   BIGINT NOT NULL,
    -- A JSON array of names.
    channels   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);

CREATE INDEX saved_screeners_by_auto_run ON saved_screeners (auto_run, user_id, name);

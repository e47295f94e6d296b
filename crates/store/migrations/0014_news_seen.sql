-- Stories that a user's news watch has seen, and how far each source was read. Instants are microseconds since
-- 1970-01-01T00:00:00Z.

CREATE TABLE news_seen (
    user_id      TEXT   COLLATE "C" NOT NULL,
    -- The source's own identifier of it, under the source's name.
    story_key    TEXT   COLLATE "C" NOT NULL,
    -- The page that it is on, the same however it is linked to.
    page         TEXT   COLLATE "C",
    source       TEXT   NOT NULL,
    headline     TEXT   NOT NULL,
    url          TEXT,
    -- A JSON array of tickers.
    symbols      TEXT   NOT NULL,
    -- None where the source does not say.
    published_at BIGINT,
    seen_at      BIGINT NOT NULL,
    -- In thousandths.
    significance BIGINT NOT NULL,
    outcome      TEXT   NOT NULL,
    repeat_of    TEXT   COLLATE "C",
    message_id   TEXT   COLLATE "C",
    PRIMARY KEY (user_id, story_key)
);

CREATE INDEX news_seen_newest ON news_seen (user_id, seen_at, story_key);
CREATE INDEX news_seen_pages ON news_seen (user_id, page) WHERE page IS NOT NULL;

CREATE TABLE news_watches (
    user_id  TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    -- How many checks were recorded.
    revision BIGINT NOT NULL,
    -- A JSON object: by source, how far it was read and for which symbols.
    cursors  TEXT   NOT NULL
);

-- Recalls are of watches over the news, too.
ALTER TABLE watch_recalls RENAME COLUMN account TO watch;

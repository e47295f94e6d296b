-- What alerts fired, each arming number once.

CREATE TABLE firings (
    user_id     TEXT COLLATE "C" NOT NULL,
    alert_id    TEXT COLLATE "C" NOT NULL,
    arming      BIGINT NOT NULL,
    market_time BIGINT,
    recorded_at BIGINT NOT NULL,
    evidence    TEXT NOT NULL,
    message_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, alert_id, arming)
);

CREATE INDEX firings_newest   ON firings (user_id, recorded_at, alert_id, arming);
CREATE INDEX firings_of_alert ON firings (user_id, alert_id, recorded_at, arming);
-- Retention removes the oldest first.
CREATE INDEX firings_by_age   ON firings (recorded_at);

-- Monitors that were shut down: no worker starts them again, also once the server has forgotten it.

CREATE TABLE stopped_monitors (
    user_id TEXT COLLATE "C" NOT NULL,
    monitor TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, monitor)
);

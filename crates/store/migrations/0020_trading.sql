-- Trading: orders, executions, the kill switch, differences, the trade log and the audit trail. Retention removes none of it. Instants
-- are microseconds since 1970-01-01T00:00:00Z, quantities and prices decimal text.

CREATE TABLE orders (
    user_id         TEXT   COLLATE "C" NOT NULL,
    -- The broker's order id of an order that was found there and has none of ours.
    client_order_id TEXT   COLLATE "C" NOT NULL,
    account         TEXT   COLLATE "C" NOT NULL,
    broker          TEXT   COLLATE "C" NOT NULL,
    strategy        TEXT   COLLATE "C",
    workflow_id     TEXT   COLLATE "C",
    -- JSON of what is to be traded, and its hash, price aside; none of an order that was found at the broker.
    intent          TEXT,
    fingerprint     TEXT   COLLATE "C",
    -- Dollars that it may lose.
    risk            TEXT,
    -- JSON: our steps and all that the broker said; the phase is computed from it.
    tracked         TEXT   NOT NULL,
    phase           TEXT   COLLATE "C" NOT NULL,
    approved_by     TEXT,
    approved_at     BIGINT,
    approval_until  BIGINT,
    -- The last claim.
    holder          TEXT,
    fence           BIGINT,
    claimed_at      BIGINT,
    -- The day of the claim in New York, in days since 1970-01-01.
    market_day      BIGINT,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_order_id)
);
-- An order that we send is one row in the whole store.
CREATE UNIQUE INDEX orders_of_ours   ON orders (client_order_id) WHERE fingerprint IS NOT NULL;
CREATE INDEX orders_newest           ON orders (user_id, created_at, client_order_id);
CREATE INDEX orders_by_phase         ON orders (phase, user_id, account);
CREATE INDEX orders_of_day           ON orders (user_id, market_day);
CREATE INDEX orders_of_workflow      ON orders (user_id, workflow_id);

CREATE TABLE order_executions (
    user_id         TEXT   COLLATE "C" NOT NULL,
    broker          TEXT   COLLATE "C" NOT NULL,
    execution_id    TEXT   COLLATE "C" NOT NULL,
    -- Brokers number the fills of an order's legs alike.
    client_order_id TEXT   COLLATE "C" NOT NULL,
    instrument      TEXT   COLLATE "C" NOT NULL,
    quantity        TEXT   NOT NULL,
    price           TEXT   NOT NULL,
    executed_at     BIGINT NOT NULL,
    PRIMARY KEY (user_id, broker, execution_id, client_order_id, instrument)
);
CREATE INDEX order_executions_of_order ON order_executions (user_id, client_order_id, executed_at);

-- The kill switch: a row halts. The user '' is everyone, the account '' all of the user's.
CREATE TABLE trading_halts (
    user_id   TEXT   COLLATE "C" NOT NULL,
    account   TEXT   COLLATE "C" NOT NULL,
    halted_by TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    since     BIGINT NOT NULL,
    PRIMARY KEY (user_id, account)
);

-- What reconciliations found.
CREATE TABLE account_differences (
    user_id         TEXT   COLLATE "C" NOT NULL,
    id              TEXT   COLLATE "C" NOT NULL,
    account         TEXT   COLLATE "C" NOT NULL,
    -- JSON: both sides.
    difference      TEXT   NOT NULL,
    -- 1 where trading of the account pauses until it is acknowledged.
    pauses          BIGINT NOT NULL,
    -- 1 where the last reconciliation found it, too.
    is_present      BIGINT NOT NULL,
    found_at        BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    words           TEXT,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX account_differences_newest ON account_differences (user_id, account, found_at);

CREATE TABLE trade_log (
    user_id   TEXT   COLLATE "C" NOT NULL,
    id        TEXT   COLLATE "C" NOT NULL,
    account   TEXT   COLLATE "C" NOT NULL,
    strategy  TEXT   COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    -- JSON: the trade.
    trade     TEXT   NOT NULL,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX trade_log_by_opening ON trade_log (user_id, opened_at, id);

-- The end of each user's chain of audit entries. Whoever changes anything of a user's trading locks its row first; the user '' is everyone.
CREATE TABLE audit_heads (
    user_id  TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash     TEXT   NOT NULL
);
INSERT INTO audit_heads (user_id, sequence, hash) VALUES ('', 0, '');

CREATE TABLE audit_entries (
    user_id  TEXT   COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    -- JSON.
    detail   TEXT   NOT NULL,
    hash     TEXT   NOT NULL,
    PRIMARY KEY (user_id, sequence)
);

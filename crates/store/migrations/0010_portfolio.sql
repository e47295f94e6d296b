-- Accounts as they were last seen, and what the watches over them remember. Instants are microseconds since 1970-01-01T00:00:00Z;
-- money and quantities are decimals as text, exact.

CREATE TABLE positions (
    user_id            TEXT   COLLATE "C" NOT NULL,
    account            TEXT   COLLATE "C" NOT NULL,
    symbol             TEXT   COLLATE "C" NOT NULL,
    kind               TEXT   NOT NULL,
    quantity           TEXT   NOT NULL,
    average_open_price TEXT   NOT NULL,
    mark               TEXT,
    -- open or closed; closed ones stay.
    status             TEXT   NOT NULL,
    opened_at          BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    PRIMARY KEY (user_id, account, symbol)
);

CREATE TABLE balances (
    user_id                 TEXT   COLLATE "C" NOT NULL,
    account                 TEXT   COLLATE "C" NOT NULL,
    cash                    TEXT   NOT NULL,
    net_liquidation         TEXT   NOT NULL,
    option_buying_power     TEXT   NOT NULL,
    stock_buying_power      TEXT   NOT NULL,
    maintenance_requirement TEXT,
    as_of                   BIGINT NOT NULL,
    PRIMARY KEY (user_id, account)
);

CREATE TABLE portfolio_watches (
    user_id TEXT   COLLATE "C" NOT NULL,
    account TEXT   COLLATE "C" NOT NULL,
    -- How often the watch has looked: a state never replaces one that has looked more often.
    checks  BIGINT NOT NULL,
    state   TEXT   NOT NULL,
    PRIMARY KEY (user_id, account)
);

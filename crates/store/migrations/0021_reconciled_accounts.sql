-- What accounts hold beside the fills of our orders, as it was at the last reconciliation: JSON, decimal text by instrument.

CREATE TABLE reconciled_accounts (
    user_id       TEXT   COLLATE "C" NOT NULL,
    account       TEXT   COLLATE "C" NOT NULL,
    beside_orders TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (user_id, account)
);

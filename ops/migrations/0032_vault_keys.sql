-- Keys of personal data at rest, wrapped under the master key, and how far a change of keys has come.

CREATE TABLE vault_key (
    purpose text NOT NULL CHECK (purpose IN ('data', 'index')),
    number integer NOT NULL CHECK (number BETWEEN 1 AND 65535),
    key_wrapped bytea,
    announced_at timestamptz NOT NULL,
    active_from timestamptz NOT NULL,
    looks_up_from timestamptz,
    retired_at timestamptz,
    PRIMARY KEY (purpose, number),
    CHECK ((key_wrapped IS NULL) = (retired_at IS NOT NULL))
);

-- One row a table: the last key that was dealt with, so that who is cut off goes on from there.
CREATE TABLE vault_progress (
    purpose text NOT NULL,
    number integer NOT NULL,
    table_name text NOT NULL,
    last_key jsonb,
    seen bigint NOT NULL DEFAULT 0,
    moved bigint NOT NULL DEFAULT 0,
    finished_at timestamptz,
    PRIMARY KEY (purpose, number, table_name),
    FOREIGN KEY (purpose, number) REFERENCES vault_key (purpose, number)
);

GRANT SELECT, INSERT, UPDATE ON vault_key, vault_progress TO hpf_app;

-- Applications that the rule refused before there was a case: what it was told, sealed, so that a rehearsal can show who
-- would gain under a proposed rule. One a day of an account and kind, the last; without name or document in the clear;
-- thrown away after its days.
CREATE TABLE refused_application (
    account_no bigint NOT NULL,
    kind text NOT NULL,
    business_date date NOT NULL,
    refused_at timestamptz NOT NULL,
    office_code text NOT NULL,
    codes text[] NOT NULL CHECK (cardinality(codes) > 0),
    facts_cipher bytea NOT NULL,
    keep_until date NOT NULL,
    PRIMARY KEY (account_no, kind, business_date)
);
CREATE INDEX refused_application_over ON refused_application (keep_until);
GRANT SELECT, INSERT, UPDATE, DELETE ON refused_application TO hpf_app;

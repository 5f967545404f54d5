-- Who read a person's record, when and what for: shown to the person, but for what an investigation keeps back for a time.

CREATE TABLE record_access (
    person_id bigint NOT NULL,
    access_id bigint NOT NULL,
    at timestamptz NOT NULL,
    -- As the audit trail names them, and as the person is told.
    reader text NOT NULL,
    reader_title text NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    what text[] NOT NULL CHECK (cardinality(what) > 0),
    subject text NOT NULL,
    PRIMARY KEY (person_id, access_id)
);
CREATE INDEX record_access_newest ON record_access (person_id, at DESC, access_id DESC);

-- Set by two persons (auth.approvals), for one person's record, with an end. Without a reader: everybody's reads.
CREATE TABLE access_exclusion (
    person_id bigint NOT NULL,
    exclusion_id bigint NOT NULL,
    reader text,
    document_no text NOT NULL,
    from_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    asked_by text NOT NULL,
    agreed_by text NOT NULL,
    PRIMARY KEY (person_id, exclusion_id),
    CHECK (until > from_at),
    CHECK (asked_by <> agreed_by)
);

-- How much of the unmasked a role may see in a day; without a row the role's right alone counts.
CREATE TABLE reveal_rule (
    role text PRIMARY KEY,
    reveals_per_day integer NOT NULL CHECK (reveals_per_day >= 0),
    asked_by text NOT NULL,
    agreed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    CHECK (asked_by <> agreed_by)
);

GRANT SELECT, INSERT ON record_access, access_exclusion TO hpf_app;
GRANT SELECT, INSERT, UPDATE ON reveal_rule TO hpf_app;

-- Third parties: what they are registered for, what they were granted by two persons, and how much they used of it.
-- Small tables on the coordinator; what a request needs of them is in each process's memory.

CREATE TABLE registered_service (
    service text PRIMARY KEY CHECK (service ~ '^[a-z][a-z0-9_]{1,39}$'),
    name text NOT NULL,
    description text NOT NULL,
    state text NOT NULL CHECK (state IN ('registered', 'approved', 'suspended', 'ended')),
    changed_at timestamptz NOT NULL
);

CREATE TABLE third_party (
    partner_id bigint PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9_]{2,31}$'),
    name text NOT NULL,
    uscc text NOT NULL,
    contact text NOT NULL,
    state text NOT NULL CHECK (state IN ('registered', 'approved', 'connected', 'suspended', 'ended')),
    changed_at timestamptz NOT NULL
);

-- Public halves only. The identifier is worked out from the key, so one key belongs to one party for ever.
CREATE TABLE party_key (
    kid text PRIMARY KEY CHECK (kid ~ '^[0-9a-f]{32}$'),
    partner_id bigint NOT NULL REFERENCES third_party (partner_id),
    algorithm text NOT NULL CHECK (algorithm IN ('EdDSA', 'ES256', 'SM2')),
    public_pem text NOT NULL,
    sandbox boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('registered', 'approved', 'ended')),
    valid_until timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX party_key_party ON party_key (partner_id);

CREATE TABLE service_grant (
    grant_id bigint PRIMARY KEY,
    partner_id bigint NOT NULL REFERENCES third_party (partner_id),
    service text NOT NULL REFERENCES registered_service (service),
    documents text[] NOT NULL CHECK (cardinality(documents) > 0),
    field_scopes text[] NOT NULL CHECK (cardinality(field_scopes) > 0),
    purpose text NOT NULL CHECK (purpose ~ '^[a-z][a-z0-9_]{2,39}$'),
    purpose_text text NOT NULL,
    represents text NOT NULL CHECK (represents IN ('nobody', 'person', 'employer')),
    calls_per_day integer NOT NULL CHECK (calls_per_day > 0),
    points_per_day integer NOT NULL CHECK (points_per_day > 0),
    ends_at timestamptz NOT NULL,
    sandbox boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('registered', 'approved', 'connected', 'suspended', 'ended')),
    changed_at timestamptz NOT NULL
);
CREATE INDEX service_grant_party ON service_grant (partner_id);

-- What one person proposes and another decides. A decided change is never changed again.
CREATE TABLE grant_change (
    change_id bigint PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    payload jsonb NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'declined')),
    request_key text NOT NULL,
    proposed_by text NOT NULL,
    proposed_by_name text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_by_name text,
    decided_at timestamptz,
    note text,
    UNIQUE (proposed_by, request_key),
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK (decided_by IS NULL OR decided_by <> proposed_by)
);
CREATE INDEX grant_change_open ON grant_change (proposed_at) WHERE state = 'proposed';
CREATE INDEX grant_change_subject ON grant_change (subject);

-- A person or an employer lets a third party act for them, for one purpose and until a day.
CREATE TABLE delegation (
    reference text PRIMARY KEY CHECK (reference ~ '^dlg_[A-Za-z0-9_-]{22}$'),
    partner_id bigint NOT NULL REFERENCES third_party (partner_id),
    person_id bigint,
    employer_no bigint,
    purpose text NOT NULL,
    may_change boolean NOT NULL,
    -- citizen: given by the person; counter: written, taken by staff, with the number of the paper.
    source text NOT NULL CHECK (source IN ('citizen', 'counter')),
    paper_no text,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK ((person_id IS NULL) <> (employer_no IS NULL)),
    CHECK ((source = 'counter') = (paper_no IS NOT NULL))
);
CREATE INDEX delegation_person ON delegation (person_id) WHERE person_id IS NOT NULL;

-- Tokens given out: who is suspended loses them at once, on every process.
CREATE TABLE partner_token (
    session_id bigint PRIMARY KEY,
    partner_id bigint NOT NULL REFERENCES third_party (partner_id),
    grant_id bigint NOT NULL REFERENCES service_grant (grant_id),
    kid text NOT NULL REFERENCES party_key (kid),
    delegation text,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX partner_token_live ON partner_token (grant_id, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX partner_token_revoked ON partner_token (revoked_at) WHERE revoked_at IS NOT NULL;

-- Each day's use of a grant, brought over from the counters of the gate.
CREATE TABLE grant_usage (
    grant_id bigint NOT NULL REFERENCES service_grant (grant_id),
    day date NOT NULL,
    calls bigint NOT NULL,
    points bigint NOT NULL,
    refused bigint NOT NULL,
    failed bigint NOT NULL,
    PRIMARY KEY (grant_id, day)
);

-- One row: a number that differs after each change.
CREATE TABLE grant_registry (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON registered_service, third_party, party_key, service_grant, grant_change, delegation,
    partner_token, grant_usage, grant_registry TO hpf_app;

-- One person, many identities: how each was proved, what happened to it, and what the centre did about it.

ALTER TABLE identity_link
    -- The same for all applications of one platform (WeChat's unionid).
    ADD COLUMN union_subject text,
    -- When the person last proved the real name by way of this link or while making it.
    ADD COLUMN confirmed_at timestamptz;
UPDATE identity_link SET confirmed_at = last_used_at;
CREATE INDEX identity_link_union ON identity_link (union_subject) WHERE union_subject IS NOT NULL;

-- A person who turned out to be another one: nobody logs in as them any more.
ALTER TABLE person ADD COLUMN merged_into bigint;

CREATE TABLE identity_event (
    person_id bigint NOT NULL,
    event_id bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    provider text NOT NULL DEFAULT '',
    channel text NOT NULL,
    actor text NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (person_id, event_id)
);

CREATE TABLE intervention (
    person_id bigint NOT NULL,
    intervention_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('suspend', 'prove_again')),
    reason text NOT NULL,
    imposed_by text NOT NULL,
    imposed_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz,
    PRIMARY KEY (person_id, intervention_id),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);

-- A change of phone or payee: until it has cooled off, what moves money asks for more, and whoever did not make it can
-- say so with the token of the notice.
CREATE TABLE sensitive_change (
    person_id bigint NOT NULL,
    change_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('phone', 'payee')),
    made_at timestamptz NOT NULL,
    cools_until timestamptz NOT NULL,
    made_by text NOT NULL,
    before_masked text NOT NULL,
    after_masked text NOT NULL,
    -- Where the notice goes: the phone of before the change.
    told_cipher bytea,
    token_hash bytea NOT NULL,
    denied_at timestamptz,
    PRIMARY KEY (person_id, change_id),
    CHECK (cools_until > made_at)
);

GRANT SELECT, INSERT ON identity_event TO hpf_app;
GRANT SELECT, INSERT, UPDATE ON intervention, sensitive_change TO hpf_app;

-- Whether the real name was proved by the login itself, not by an account that was linked before.
ALTER TABLE login_session ADD COLUMN proved boolean NOT NULL DEFAULT true;

-- Values of business parameters set by two persons, laid over those that the files declare (domain.policy). A value is
-- set before the day on which it begins, and taken back only before that day: what was in force is never rewritten.

CREATE TABLE policy_value (
    value_id bigint PRIMARY KEY,
    name text NOT NULL,
    -- As a file would write it: a number, a text (amounts and rates too), or a list of codes.
    value jsonb NOT NULL,
    valid_from date NOT NULL,
    source text NOT NULL CHECK (source <> ''),
    reason text NOT NULL,
    approval_id bigint NOT NULL UNIQUE REFERENCES approval (approval_id),
    asked_by bigint NOT NULL REFERENCES staff (staff_id),
    agreed_by bigint NOT NULL REFERENCES staff (staff_id),
    set_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_approval_id bigint UNIQUE REFERENCES approval (approval_id),
    CHECK (asked_by <> agreed_by),
    CHECK (valid_from > (set_at AT TIME ZONE 'Asia/Shanghai')::date),
    CHECK (withdrawn_at IS NULL OR valid_from > (withdrawn_at AT TIME ZONE 'Asia/Shanghai')::date),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_approval_id IS NULL))
);
CREATE UNIQUE INDEX policy_value_one_a_day ON policy_value (name, valid_from) WHERE withdrawn_at IS NULL;

GRANT SELECT, INSERT ON policy_value TO hpf_app;
GRANT UPDATE (withdrawn_at, withdrawn_approval_id) ON policy_value TO hpf_app;

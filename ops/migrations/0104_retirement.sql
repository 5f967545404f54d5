-- 退休一件事: what social security pushed after it determined a pension, and how far the closing has come. Known by the
-- partner's own number.

CREATE TABLE retirement_matter (
    matter_no text PRIMARY KEY,
    document_type text NOT NULL,
    document_cipher bytea NOT NULL,
    name_cipher bytea NOT NULL,
    pension_since date NOT NULL,
    consent boolean NOT NULL,
    -- received → (waiting →) opened | declined | refused | no_account | given_up; an opened one is told by its case
    state text NOT NULL CHECK (state IN ('received', 'waiting', 'opened', 'declined', 'refused', 'no_account', 'given_up')),
    reason text NOT NULL DEFAULT '',
    account_no bigint,
    case_id bigint,
    received_at timestamptz NOT NULL,
    next_try_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT retirement_matter_case CHECK ((state = 'opened') = (case_id IS NOT NULL AND account_no IS NOT NULL)),
    CONSTRAINT retirement_matter_waits CHECK ((state IN ('received', 'waiting')) = (next_try_at IS NOT NULL))
);
CREATE INDEX retirement_matter_due ON retirement_matter (next_try_at) WHERE next_try_at IS NOT NULL;

REVOKE DELETE ON retirement_matter FROM hpf_app;
GRANT SELECT, INSERT, UPDATE ON retirement_matter TO hpf_app;

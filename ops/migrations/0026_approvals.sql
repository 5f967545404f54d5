-- Four eyes: what one member of staff asks for and another decides (auth.approvals).

CREATE TABLE approval (
    approval_id bigint PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    -- What will be done when it is agreed to; personal data in it is sealed by the kind.
    payload jsonb NOT NULL,
    summary text NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'agreed', 'declined', 'withdrawn')),
    requested_by bigint NOT NULL REFERENCES staff (staff_id),
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_by bigint REFERENCES staff (staff_id),
    decided_at timestamptz,
    note text NOT NULL DEFAULT '',
    CHECK ((state = 'waiting') = (decided_at IS NULL)),
    CHECK (state NOT IN ('agreed', 'declined') OR (decided_by IS NOT NULL AND decided_by <> requested_by))
);
CREATE UNIQUE INDEX approval_one_waiting ON approval (kind, subject) WHERE state = 'waiting';
CREATE INDEX approval_requested ON approval (requested_at);

GRANT SELECT, INSERT, UPDATE ON approval TO hpf_app;

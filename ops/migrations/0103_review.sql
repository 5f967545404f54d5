-- Reviews by several: who has signed in the round that a state began with, who stands in for whom, what was asked to be
-- corrected, and what was late.

-- A round is the revision of the case with which its state began: after a return the signatures of before stay and count
-- no more.
CREATE TABLE case_signature (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    round integer NOT NULL,
    seat text NOT NULL,
    decision text NOT NULL CHECK (decision IN ('approve', 'refuse', 'return', 'correct', 'escalate')),
    signer text NOT NULL,
    signer_name text NOT NULL,
    -- The absent member of staff whom a deputy signed for.
    for_staff text,
    reason_code text,
    note text,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (account_no, case_id, round, seat),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id),
    CONSTRAINT case_signature_one_each UNIQUE (account_no, case_id, round, signer)
);

-- A round that was late: others may sign too.
CREATE TABLE case_escalation (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    round integer NOT NULL,
    due_on date NOT NULL,
    escalated_at timestamptz NOT NULL,
    PRIMARY KEY (account_no, case_id, round),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id)
);

CREATE TABLE case_correction (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    round integer NOT NULL,
    reason_code text NOT NULL,
    note text NOT NULL,
    due_on date NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('asked', 'answered', 'expired', 'dropped')),
    -- What the applicant says to it.
    statement_cipher bytea,
    ended_at timestamptz,
    PRIMARY KEY (account_no, case_id, round),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id),
    CONSTRAINT case_correction_answered CHECK ((state = 'answered') = (statement_cipher IS NOT NULL))
);
CREATE INDEX case_correction_due ON case_correction (due_on) WHERE state = 'asked';

CREATE TABLE review_deputy (
    deputy_no bigint PRIMARY KEY,
    absent_staff_id bigint NOT NULL REFERENCES staff (staff_id),
    deputy_staff_id bigint NOT NULL REFERENCES staff (staff_id),
    from_on date NOT NULL,
    until_on date NOT NULL,
    reason text NOT NULL,
    appointed_by text NOT NULL,
    appointed_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    CONSTRAINT review_deputy_another CHECK (absent_staff_id <> deputy_staff_id),
    CONSTRAINT review_deputy_term CHECK (until_on >= from_on)
);
CREATE INDEX review_deputy_running ON review_deputy (deputy_staff_id) WHERE ended_at IS NULL;

REVOKE DELETE ON case_signature, case_escalation, case_correction, review_deputy FROM hpf_app;
GRANT SELECT, INSERT ON case_signature, case_escalation TO hpf_app;
GRANT SELECT, INSERT, UPDATE ON case_correction, review_deputy TO hpf_app;

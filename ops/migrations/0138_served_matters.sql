-- 好差评 of what is no case: a matter of another area, kept here as it ended, so that it is evaluated as cases are.
-- case_id and case_no are the matter's own identifier and number: evaluations, reports and rectifications carry them.
CREATE TABLE served_matter (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    case_no text NOT NULL,
    item_code text NOT NULL,
    item text NOT NULL,
    person_id bigint NOT NULL,
    applicant_masked text NOT NULL,
    office_code text NOT NULL,
    submitted_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL CHECK (ended_at >= submitted_at),
    -- who worked on it, as the audit trail names them: they enter no evaluation of it
    doers text[] NOT NULL,
    PRIMARY KEY (account_no, case_id),
    UNIQUE (account_no, case_no)
);

CREATE TABLE served_matter_lookup (
    case_no text PRIMARY KEY,
    account_no bigint NOT NULL,
    case_id bigint NOT NULL
);

-- A matter does not end twice: what was kept stays.
REVOKE UPDATE, DELETE ON served_matter FROM hpf_app;
GRANT SELECT, INSERT ON served_matter, served_matter_lookup TO hpf_app;

-- What is evaluated is a case or a served matter: an invariant of the proof takes the place of the keys to cases alone.
ALTER TABLE evaluation DROP CONSTRAINT evaluation_account_no_case_id_fkey;
ALTER TABLE evaluation_report DROP CONSTRAINT evaluation_report_account_no_case_id_fkey;
ALTER TABLE evaluation_invitation DROP CONSTRAINT evaluation_invitation_account_no_case_id_fkey;
ALTER TABLE rectification DROP CONSTRAINT rectification_account_no_case_id_fkey;

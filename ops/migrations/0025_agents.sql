-- Who may act for an employer (单位经办人), and sessions in which somebody does.

-- A row is an appointment for some days; it ends by its last day and is never deleted. Small beside the accounts: a
-- reference table, found by employer and by person.
CREATE TABLE employer_agent (
    employer_no bigint NOT NULL REFERENCES employer (employer_no),
    person_id bigint NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    -- How the centre knows: legal_representative, appointed by one, counter, ewindow.
    source text NOT NULL,
    appointed_by text NOT NULL,
    appointed_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    PRIMARY KEY (employer_no, person_id, valid_from),
    CHECK (valid_to IS NULL OR valid_to >= valid_from - 1),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX employer_agent_person ON employer_agent (person_id);
CREATE INDEX employer_uscc ON employer (uscc);

ALTER TABLE login_session ADD COLUMN employer_no bigint;
ALTER TABLE login_session DROP CONSTRAINT login_session_kind_check;
ALTER TABLE login_session DROP CONSTRAINT login_session_check;
ALTER TABLE login_session ADD CONSTRAINT login_session_kind_check CHECK (kind IN ('citizen', 'agent', 'staff'));
ALTER TABLE login_session ADD CONSTRAINT login_session_person_check
    CHECK ((kind IN ('citizen', 'agent')) = (person_id IS NOT NULL));
ALTER TABLE login_session ADD CONSTRAINT login_session_employer_check
    CHECK ((kind = 'agent') = (employer_no IS NOT NULL));

GRANT SELECT, INSERT, UPDATE ON employer_agent TO hpf_app;

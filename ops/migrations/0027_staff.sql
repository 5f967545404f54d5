-- Staff by department and branch centre, passwords not to be used again, and enrolment by a code that is good once.

CREATE TABLE branch_centre (
    code text PRIMARY KEY,
    name text NOT NULL
);
ALTER TABLE management_office ADD COLUMN branch_code text REFERENCES branch_centre (code);

ALTER TABLE staff
    ADD COLUMN branch_codes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN enrolment_hash bytea,
    ADD COLUMN enrolment_until timestamptz,
    -- Agreed to by a second person: until then a new enrolment code may be given out.
    ADD COLUMN renewal_until timestamptz,
    ADD COLUMN pending_totp_cipher bytea,
    ADD COLUMN deactivated_at timestamptz,
    ADD CONSTRAINT staff_enrolment_ends CHECK ((enrolment_hash IS NULL) = (enrolment_until IS NULL));

-- Earlier passwords, of which the last few may not be set again (GB/T 22239-2019, 8.1.4.1).
CREATE TABLE staff_password (
    staff_id bigint NOT NULL REFERENCES staff (staff_id),
    set_at timestamptz NOT NULL,
    password_hash text NOT NULL,
    PRIMARY KEY (staff_id, set_at)
);

GRANT SELECT, INSERT, UPDATE ON branch_centre TO hpf_app;
GRANT SELECT, INSERT, DELETE ON staff_password TO hpf_app;

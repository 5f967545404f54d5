-- 好差评: one evaluation for each case and 评价渠道, a second one after a rectification, and what the city's platform is
-- told of them: once, in the order of the case, with its receipt kept.

ALTER TABLE evaluation
    ADD COLUMN terminal text NOT NULL DEFAULT 'mobile' CHECK (terminal IN
        ('pc', 'mobile', 'qr_code', 'hall_tablet', 'other_terminal', 'telephone', 'sms')),
    ADD COLUMN round smallint NOT NULL DEFAULT 1 CHECK (round IN (1, 2)),
    -- who typed it in for the applicant: the hotline's staff; the window at which a pad stood
    ADD COLUMN entered_by text,
    ADD COLUMN window_no text NOT NULL DEFAULT '';
ALTER TABLE evaluation DROP CONSTRAINT evaluation_pkey;
ALTER TABLE evaluation ADD PRIMARY KEY (account_no, case_id, terminal, round);
CREATE UNIQUE INDEX evaluation_number ON evaluation (account_no, evaluation_no);
CREATE INDEX evaluation_given ON evaluation (given_at);
CREATE TABLE evaluation_report (
    account_no bigint NOT NULL,
    report_id bigint NOT NULL,
    case_id bigint NOT NULL,
    evaluation_no text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('evaluation', 'rectification')),
    -- order within the case: the platform hears of nothing before what it follows
    seq integer NOT NULL CHECK (seq > 0),
    -- frozen before the first try, so that the platform never hears two contents under one number
    body_cipher bytea,
    digest bytea,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'rejected')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    last_code text,
    last_message text,
    receipt_no text,
    ended_at timestamptz,
    PRIMARY KEY (account_no, report_id),
    UNIQUE (account_no, case_id, seq),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((body_cipher IS NULL) = (digest IS NULL)),
    CHECK (state <> 'accepted' OR receipt_no IS NOT NULL)
);
CREATE INDEX evaluation_report_due ON evaluation_report (due_at) WHERE state = 'waiting';

INSERT INTO evaluation_report (account_no, report_id, case_id, evaluation_no, kind, seq, state, created_at, due_at,
                               receipt_no, ended_at)
SELECT account_no, case_id, case_id, evaluation_no, 'evaluation', 1, push_state, given_at, given_at,
       CASE push_state WHEN 'accepted' THEN '' END, CASE WHEN push_state <> 'waiting' THEN coalesce(pushed_at, given_at) END
FROM evaluation;
-- What the platform knows stands with the report now.
ALTER TABLE evaluation DROP COLUMN push_state, DROP COLUMN pushed_at;

-- A one-time way to evaluate without a login: the pad at a counter, a QR code, a kiosk, the reply to an SMS.
CREATE TABLE evaluation_invitation (
    account_no bigint NOT NULL,
    invitation_id bigint NOT NULL,
    case_id bigint NOT NULL,
    terminal text NOT NULL CHECK (terminal IN ('qr_code', 'hall_tablet', 'other_terminal', 'sms')),
    window_no text NOT NULL DEFAULT '',
    invited_by text NOT NULL,
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (account_no, invitation_id),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id)
);
-- Found by what the applicant holds: a code, or for the SMS the number that replies (both as blind indexes).
CREATE TABLE evaluation_invitation_lookup (
    secret_index bytea NOT NULL,
    invitation_id bigint NOT NULL,
    account_no bigint NOT NULL,
    invited_at timestamptz NOT NULL,
    PRIMARY KEY (secret_index, invitation_id)
);

GRANT SELECT, INSERT, UPDATE ON evaluation_report, evaluation_invitation, evaluation_invitation_lookup TO hpf_app;

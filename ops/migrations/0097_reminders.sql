-- 催缴记录 (D17): who of an employer was told of what is owed, when, by which means, and what they said.
CREATE TABLE employer_reminder (
    employer_no bigint NOT NULL,
    reminder_id bigint NOT NULL,
    means text NOT NULL CHECK (means IN ('phone', 'sms', 'letter', 'visit')),
    contact text NOT NULL,
    about text NOT NULL,
    said text NOT NULL,
    promised_on date,
    happened_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    recorded_by_name text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (employer_no, reminder_id)
);
CREATE INDEX employer_reminder_at ON employer_reminder (employer_no, happened_at);
GRANT SELECT, INSERT ON employer_reminder TO hpf_app;

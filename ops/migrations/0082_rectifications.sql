-- 差评整改: a bad review and what is done about it, dated step by step.

CREATE TABLE rectification (
    account_no bigint NOT NULL,
    rectification_id bigint NOT NULL,
    case_id bigint NOT NULL,
    evaluation_no text NOT NULL,
    office_code text NOT NULL,
    flow_version integer NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    complex boolean NOT NULL DEFAULT false,
    opened_at timestamptz NOT NULL,
    opened_on date NOT NULL,
    -- the day by which the present step has to be done, and the one for the whole
    due_on date NOT NULL,
    final_due_on date NOT NULL,
    verdict text CHECK (verdict IN ('true', 'untrue', 'malicious')),
    assigned_to bigint,
    answer text,
    call_back text,
    second_asked_at timestamptz,
    second_grade smallint CHECK (second_grade BETWEEN 1 AND 5),
    reminded_for date,
    escalation smallint NOT NULL DEFAULT 0 CHECK (escalation BETWEEN 0 AND 2),
    closed_at timestamptz,
    closed_on date,
    PRIMARY KEY (account_no, rectification_id),
    UNIQUE (account_no, evaluation_no),
    FOREIGN KEY (account_no, case_id) REFERENCES service_case (account_no, case_id),
    CHECK ((closed_at IS NULL) = (closed_on IS NULL))
);
CREATE INDEX rectification_open ON rectification (due_on, rectification_id) WHERE closed_at IS NULL;
CREATE INDEX rectification_opened ON rectification (opened_on);

CREATE TABLE rectification_event (
    account_no bigint NOT NULL,
    rectification_id bigint NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    action text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    note text,
    PRIMARY KEY (account_no, rectification_id, seq),
    FOREIGN KEY (account_no, rectification_id) REFERENCES rectification (account_no, rectification_id)
);

GRANT SELECT, INSERT, UPDATE ON rectification TO hpf_app;
GRANT SELECT, INSERT ON rectification_event TO hpf_app;

-- 市统一申办受理平台: applications that the city's platform hands us, their electronic documents, what happened to each and
-- what the platform is told. They belong to persons and employers who may have no account: they live on the coordinator.

CREATE TABLE city_application (
    application_id bigint PRIMARY KEY,
    -- the platform's number of the application
    project_no text NOT NULL UNIQUE,
    item text NOT NULL,
    item_code text NOT NULL,
    applicant_kind text NOT NULL CHECK (applicant_kind IN ('person', 'employer')),
    name_cipher bytea NOT NULL,
    name_masked text NOT NULL,
    document_type text NOT NULL,
    document_cipher bytea NOT NULL,
    document_masked text NOT NULL,
    form_cipher bytea NOT NULL,
    digest bytea NOT NULL,
    office_code text NOT NULL,
    flow_version integer NOT NULL,
    state text NOT NULL,
    -- the case or transfer that works on it here; empty while it is worked on by hand
    matter_kind text NOT NULL DEFAULT '' CHECK (matter_kind IN ('', 'case', 'transfer')),
    matter_no text NOT NULL DEFAULT '',
    result_note text,
    supplements integer NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    due_on date NOT NULL,
    ended_at timestamptz,
    revision integer NOT NULL DEFAULT 1,
    CHECK ((matter_kind = '') = (matter_no = ''))
);
CREATE INDEX city_application_open ON city_application (received_at, application_id) WHERE ended_at IS NULL;
CREATE INDEX city_application_latest ON city_application (received_at DESC, application_id);
CREATE UNIQUE INDEX city_application_matter ON city_application (matter_no) WHERE matter_no <> '';

CREATE TABLE city_application_event (
    application_id bigint NOT NULL REFERENCES city_application (application_id),
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    actor_name text NOT NULL,
    action text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    note text,
    PRIMARY KEY (application_id, seq)
);

CREATE TABLE city_application_file (
    application_id bigint NOT NULL REFERENCES city_application (application_id),
    file_no text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    bytes integer NOT NULL CHECK (bytes > 0),
    content_cipher bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (application_id, file_no)
);

-- Told once and in order, with the platform's receipt.
CREATE TABLE city_report (
    report_id bigint PRIMARY KEY,
    application_id bigint NOT NULL REFERENCES city_application (application_id),
    project_no text NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    status text NOT NULL,
    note text NOT NULL,
    told_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'rejected')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    last_code text,
    last_message text,
    receipt_no text,
    ended_at timestamptz,
    UNIQUE (application_id, seq),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK (state <> 'accepted' OR receipt_no IS NOT NULL)
);
CREATE INDEX city_report_due ON city_report (due_at) WHERE state = 'waiting';

GRANT SELECT, INSERT, UPDATE ON city_application, city_report TO hpf_app;
GRANT SELECT, INSERT ON city_application_event, city_application_file TO hpf_app;

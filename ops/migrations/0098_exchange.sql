-- 数据交换: what e窗通 and social security push, what became of it, and the one-time entries into the list page.
--
-- A record belongs to a message of a partner, not to an employer: it stands before there is one. So these tables live on
-- the coordinator, beside the messages.

CREATE TABLE exchange_record (
    record_id bigint PRIMARY KEY,
    source text NOT NULL CHECK (source IN ('ewindow', 'social_security')),
    -- the partner's number of the message; of a list made on the embedded page the list's number
    message_no text NOT NULL CHECK (message_no <> ''),
    kind text NOT NULL CHECK (kind IN
        ('employer_registration', 'collection_account', 'account_cancelled', 'employee_changes', 'base_declaration',
         'list_page')),
    uscc text NOT NULL,
    employer_no bigint,
    -- the department in charge when it was taken: statistics of a past month do not move with the employer
    office_code text NOT NULL DEFAULT '',
    -- waiting: what it builds on has not come; working: its list takes effect; the other three are ends
    state text NOT NULL CHECK (state IN ('waiting', 'working', 'done', 'refused', 'superseded')),
    code text,
    message text NOT NULL DEFAULT '',
    -- the month it is about: first month, month of the changes, July of new bases
    period integer CHECK (period % 100 BETWEEN 1 AND 12),
    list_id bigint,
    list_no text,
    row_count integer NOT NULL DEFAULT 0 CHECK (row_count >= 0),
    done_count integer NOT NULL DEFAULT 0 CHECK (done_count >= 0),
    refused_count integer NOT NULL DEFAULT 0 CHECK (refused_count >= 0),
    -- how often it was begun (staff replay what was refused), and how often silent agencies were asked
    round smallint NOT NULL DEFAULT 1 CHECK (round > 0),
    asks smallint NOT NULL DEFAULT 0,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- the result told back: due until the partner has it; NULL where nobody is told
    tell_due_at timestamptz,
    tell_attempts integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    receipt_no text,
    UNIQUE (source, message_no),
    CHECK ((state IN ('done', 'refused', 'superseded')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'refused') = (code IS NOT NULL)),
    CHECK (state <> 'working' OR list_id IS NOT NULL)
);
CREATE INDEX exchange_record_latest ON exchange_record (received_at DESC, record_id DESC);
CREATE INDEX exchange_record_office ON exchange_record (office_code, received_at DESC, record_id DESC);
CREATE INDEX exchange_record_employer ON exchange_record (employer_no, received_at DESC, record_id DESC);
CREATE INDEX exchange_record_working ON exchange_record (record_id) WHERE state = 'working';
CREATE INDEX exchange_record_untold ON exchange_record (tell_due_at) WHERE told_at IS NULL AND ended_at IS NOT NULL;

-- What was decided of each row when the message was first worked on: a second run finds the same. Masked; the message
-- itself is sealed.
CREATE TABLE exchange_row (
    record_id bigint NOT NULL REFERENCES exchange_record (record_id),
    row_no integer NOT NULL CHECK (row_no > 0),
    employer_no bigint NOT NULL,
    -- rows of one person and stream are held against one another: employment, or the bases of a year
    stream text NOT NULL,
    person_key bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    name_masked text NOT NULL,
    document_masked text NOT NULL,
    action text NOT NULL,
    declared_fen bigint CHECK (declared_fen >= 0),
    base_fen bigint CHECK (base_fen >= 0),
    determined_by text CHECK (determined_by IN ('declared', 'ceiling', 'floor')),
    state text NOT NULL CHECK (state IN ('sent', 'superseded')),
    -- the row of the list that it became
    list_row_no integer,
    PRIMARY KEY (record_id, row_no),
    CHECK ((base_fen IS NULL) = (determined_by IS NULL)),
    CHECK ((state = 'sent') = (list_row_no IS NOT NULL))
);
CREATE INDEX exchange_row_person ON exchange_row (employer_no, person_key);

-- Of each employer, lists that carry a business mark: those made on the embedded page become records by it.
CREATE INDEX contribution_list_marked ON contribution_list (created_at) WHERE mark <> '';

-- 入口凭证: opens the list page in e窗通 once, for one agent of one employer, within minutes.
CREATE TABLE entry_ticket (
    ticket_hash bytea PRIMARY KEY CHECK (length(ticket_hash) = 32),
    source text NOT NULL,
    employer_no bigint NOT NULL,
    person_id bigint NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX entry_ticket_age ON entry_ticket (expires_at);

-- A session that may do less than its appointment: the embedded page has lists only.
ALTER TABLE login_session ADD COLUMN limited_to text[];

GRANT SELECT, INSERT, UPDATE ON exchange_record TO hpf_app;
-- Decisions about a push that was refused go when it is worked on again; old tickets go.
GRANT SELECT, INSERT, DELETE ON exchange_row TO hpf_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON entry_ticket TO hpf_app;

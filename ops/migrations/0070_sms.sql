-- SMS: routing, parts as carriers number and bill them, switching, templates by two persons, prices, invoices, alarms.
-- Money is milli-fen (a thousandth of a fen) where a single part is priced: 4.5 fen are 4500.

ALTER TABLE sms_message
    ADD COLUMN class text NOT NULL DEFAULT 'transactional' CHECK (class IN ('otp', 'transactional', 'bulk')),
    ADD COLUMN priority smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 0 AND 4),
    ADD COLUMN department text NOT NULL DEFAULT '',
    ADD COLUMN region text NOT NULL DEFAULT 'unknown' CHECK (region IN ('beijing', 'elsewhere', 'unknown')),
    ADD COLUMN mobile_index bytea,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN valid_until timestamptz,
    ADD COLUMN looked_at timestamptz,
    ADD COLUMN resends integer NOT NULL DEFAULT 0;
UPDATE sms_message SET due_at = created_at, valid_until = created_at + interval '24 hours',
    priority = CASE lane WHEN 'urgent' THEN 1 WHEN 'business' THEN 2 ELSE 3 END;
ALTER TABLE sms_message ALTER COLUMN due_at SET NOT NULL, ALTER COLUMN valid_until SET NOT NULL;
-- The queue: each lane is read from its front, whatever waits in the others.
CREATE INDEX sms_message_queue ON sms_message (priority, due_at) WHERE state = 'queued';
CREATE INDEX sms_message_unclear ON sms_message (sent_at) WHERE state IN ('sending', 'unknown');
CREATE INDEX sms_message_dead ON sms_message (created_at) WHERE state IN ('dead', 'rejected');
CREATE INDEX sms_message_person ON sms_message (mobile_index, created_at);

-- One row for each part that a carrier took: what is billed. `day` is Beijing's, of the submission.
CREATE TABLE sms_part (
    account_no bigint NOT NULL,
    message_id bigint NOT NULL,
    attempt integer NOT NULL,
    part_no smallint NOT NULL CHECK (part_no > 0),
    carrier text NOT NULL,
    carrier_number text,
    day date NOT NULL,
    region text NOT NULL,
    class text NOT NULL,
    template text NOT NULL,
    department text NOT NULL,
    state text NOT NULL CHECK (state IN ('submitted', 'delivered', 'failed')),
    code text,
    submitted_at timestamptz NOT NULL,
    handed_ms integer NOT NULL CHECK (handed_ms >= 0),
    done_at timestamptz,
    PRIMARY KEY (account_no, message_id, attempt, part_no)
);
CREATE INDEX sms_part_day ON sms_part (day, carrier);

-- A carrier's number of a part leads to the message (scale-out rule 8).
CREATE TABLE sms_carrier_number (
    carrier_number text NOT NULL,
    carrier text NOT NULL,
    account_no bigint NOT NULL,
    message_id bigint NOT NULL,
    attempt integer NOT NULL,
    part_no smallint NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (carrier_number, carrier)
);

-- Receipts that named no message when they came: the answer may still be on its way, or the message is not ours.
CREATE TABLE sms_stray_receipt (
    stray_id bigint PRIMARY KEY,
    carrier text NOT NULL,
    carrier_number text NOT NULL,
    status text NOT NULL CHECK (status IN ('delivered', 'failed')),
    code text NOT NULL,
    received_at timestamptz NOT NULL,
    mobile_index bytea,
    extension text NOT NULL,
    first_seen_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'matched', 'unknown')),
    UNIQUE (carrier, carrier_number, status)
);
CREATE INDEX sms_stray_waiting ON sms_stray_receipt (first_seen_at) WHERE state = 'waiting';

CREATE TABLE sms_inbound (
    inbound_id bigint PRIMARY KEY,
    carrier text NOT NULL,
    carrier_number text NOT NULL,
    mobile_index bytea NOT NULL,
    mobile_cipher bytea NOT NULL,
    text_cipher bytea NOT NULL,
    dest text NOT NULL,
    reference integer,
    part_total smallint NOT NULL,
    part_no smallint NOT NULL,
    meaning text NOT NULL CHECK (meaning IN ('opt_out', 'opt_in', 'other')),
    received_at timestamptz NOT NULL,
    UNIQUE (carrier, carrier_number)
);
CREATE TABLE sms_opt_out (
    mobile_index bytea PRIMARY KEY,
    since timestamptz NOT NULL,
    inbound_id bigint NOT NULL
);

-- Who holds a long connection, or sends at all: one row a place. A heartbeat that is old makes the place free.
CREATE TABLE sms_lease (
    name text NOT NULL,
    place smallint NOT NULL,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    taken_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    PRIMARY KEY (name, place)
);

-- What all workers saw of a carrier in ten seconds.
CREATE TABLE sms_evidence (
    carrier text NOT NULL,
    bucket timestamptz NOT NULL,
    submitted bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    slow bigint NOT NULL DEFAULT 0,
    handed_ms bigint NOT NULL DEFAULT 0,
    handed_ms_max bigint NOT NULL DEFAULT 0,
    receipts bigint NOT NULL DEFAULT 0,
    receipts_failed bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (bucket, carrier)
);
CREATE TABLE sms_standing (
    carrier text PRIMARY KEY,
    phase text NOT NULL CHECK (phase IN ('serving', 'away', 'returning', 'forced_on', 'forced_off')),
    share smallint NOT NULL CHECK (share BETWEEN 0 AND 100),
    since timestamptz NOT NULL,
    guard_until timestamptz NOT NULL,
    guard_seconds integer NOT NULL,
    reason text NOT NULL,
    was_slow boolean NOT NULL DEFAULT false,
    online boolean,
    condition text NOT NULL DEFAULT '',
    balance_parts bigint,
    seen_at timestamptz NOT NULL
);
CREATE TABLE sms_switch (
    switch_id bigint PRIMARY KEY,
    carrier text NOT NULL,
    at timestamptz NOT NULL,
    phase text NOT NULL,
    share_before smallint NOT NULL,
    share_after smallint NOT NULL,
    reason text NOT NULL,
    evidence jsonb NOT NULL,
    caused_by text NOT NULL
);
CREATE INDEX sms_switch_at ON sms_switch (at);
CREATE TABLE sms_override (
    override_id bigint PRIMARY KEY,
    carrier text NOT NULL,
    wanted text NOT NULL CHECK (wanted IN ('on', 'off', 'auto')),
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'agreed', 'declined', 'applied')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    CHECK (decided_by IS NULL OR state = 'declined' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX sms_override_open ON sms_override (carrier) WHERE state IN ('proposed', 'agreed');

CREATE TABLE sms_number_range (
    prefix text PRIMARY KEY CHECK (prefix ~ '^1[0-9]{2,6}$'),
    region text NOT NULL CHECK (region IN ('beijing', 'elsewhere')),
    place text NOT NULL,
    source text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE sms_template (
    code text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    class text NOT NULL CHECK (class IN ('otp', 'transactional', 'bulk')),
    lane text NOT NULL CHECK (lane IN ('urgent', 'business', 'courtesy')),
    department text NOT NULL,
    text text NOT NULL,
    variables jsonb NOT NULL,
    sample jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'declined', 'withdrawn')),
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (code, version),
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK (state <> 'approved' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX sms_template_open ON sms_template (code) WHERE state = 'proposed';

CREATE TABLE sms_contract (
    carrier text NOT NULL,
    valid_from date NOT NULL,
    basis text NOT NULL CHECK (basis IN ('submitted', 'delivered')),
    tiering text NOT NULL CHECK (tiering IN ('graduated', 'whole')),
    source text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (carrier, valid_from)
);
CREATE TABLE sms_price (
    carrier text NOT NULL,
    valid_from date NOT NULL,
    from_parts bigint NOT NULL CHECK (from_parts >= 0),
    price_milli bigint NOT NULL CHECK (price_milli >= 0),
    PRIMARY KEY (carrier, valid_from, from_parts),
    FOREIGN KEY (carrier, valid_from) REFERENCES sms_contract (carrier, valid_from)
);
CREATE TABLE sms_budget (
    period integer NOT NULL CHECK (period BETWEEN 200001 AND 299912),
    department text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    alarm_percent smallint NOT NULL CHECK (alarm_percent BETWEEN 1 AND 100),
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (period, department)
);

-- Parts of a day; made again while late receipts may still change them.
CREATE TABLE sms_count (
    day date NOT NULL,
    carrier text NOT NULL,
    region text NOT NULL,
    class text NOT NULL,
    template text NOT NULL,
    department text NOT NULL,
    submitted bigint NOT NULL,
    delivered bigint NOT NULL,
    failed bigint NOT NULL,
    PRIMARY KEY (day, carrier, region, class, template, department)
);

CREATE TABLE sms_invoice (
    invoice_id bigint PRIMARY KEY,
    carrier text NOT NULL,
    period integer NOT NULL,
    file_name text NOT NULL,
    file_digest bytea NOT NULL,
    line_count integer NOT NULL,
    told_parts bigint NOT NULL,
    told_milli bigint NOT NULL,
    our_parts bigint NOT NULL,
    our_milli bigint NOT NULL,
    differences integer NOT NULL,
    state text NOT NULL CHECK (state IN ('loaded', 'agreed', 'disputed')),
    note text NOT NULL DEFAULT '',
    loaded_by text NOT NULL,
    loaded_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    UNIQUE (carrier, period, file_digest),
    CHECK (decided_by IS NULL OR decided_by <> loaded_by)
);
CREATE TABLE sms_invoice_line (
    invoice_id bigint NOT NULL REFERENCES sms_invoice (invoice_id),
    line_no integer NOT NULL,
    carrier_number text NOT NULL,
    day date,
    told_parts integer,
    told_milli bigint,
    our_parts integer,
    our_milli bigint,
    outcome text NOT NULL CHECK (outcome IN
        ('matched', 'not_ours', 'not_told', 'not_billable', 'twice', 'parts_differ', 'price_differs', 'other_month')),
    PRIMARY KEY (invoice_id, line_no)
);

CREATE TABLE sms_alarm (
    alarm_id bigint PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    value bigint NOT NULL,
    threshold bigint NOT NULL,
    raised_at timestamptz NOT NULL,
    cleared_at timestamptz
);
CREATE UNIQUE INDEX sms_alarm_open ON sms_alarm (kind, subject) WHERE cleared_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON sms_part, sms_carrier_number, sms_stray_receipt, sms_lease, sms_evidence,
    sms_standing, sms_number_range, sms_opt_out, sms_count TO hpf_app;
GRANT SELECT, INSERT, UPDATE ON sms_override, sms_template, sms_contract, sms_price, sms_budget, sms_invoice, sms_alarm
    TO hpf_app;
GRANT SELECT, INSERT ON sms_inbound, sms_switch, sms_invoice_line TO hpf_app;

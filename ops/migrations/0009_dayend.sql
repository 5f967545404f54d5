-- The day-end (日终). All of it lives on the coordinator: a few hundred rows a day, written by one runner at a time.
-- A partition's effect on the business tables and its row here commit together, so that a day-end that was cut off
-- goes on with what has no mark (scale-out rule 10).

-- One row a business date, from its first start on. A finished date is never run again.
CREATE TABLE day_end_run (
    business_date date PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('running', 'stopped', 'finished', 'finished_with_exceptions')),
    -- Why a stopped run stopped: a code of domain.dayend.
    stop_reason text NOT NULL DEFAULT '',
    starts integer NOT NULL CHECK (starts > 0),
    runner text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    CHECK ((state IN ('finished', 'finished_with_exceptions')) = (finished_at IS NOT NULL)),
    CHECK ((state = 'stopped') = (stop_reason <> ''))
);

-- The steps of a date as they were declared when it began: what is declared later begins with the next date.
CREATE TABLE day_end_step (
    business_date date NOT NULL REFERENCES day_end_run (business_date),
    name text NOT NULL,
    position integer NOT NULL,
    title text NOT NULL,
    owner text NOT NULL,
    -- What its rows are numbered by, empty for a single step.
    subject text NOT NULL CHECK (subject IN ('account', 'employer', 'loan', '')),
    on_failure text NOT NULL CHECK (on_failure IN ('stop', 'continue')),
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'stopped', 'done', 'done_with_exceptions')),
    -- Set in the transaction that cuts the partitions, before the first of them runs.
    planned_at timestamptz,
    rows_expected bigint NOT NULL DEFAULT 0 CHECK (rows_expected >= 0),
    -- Time spent working, all starts together, without the time in which nobody ran.
    milliseconds bigint NOT NULL DEFAULT 0 CHECK (milliseconds >= 0),
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (business_date, name),
    UNIQUE (business_date, position)
);

-- Numbers from lo to hi, both included; disjoint within a step. One that fails is cut in two until a single number is
-- left, which becomes an exception.
CREATE TABLE day_end_partition (
    business_date date NOT NULL,
    step text NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    -- Which of the step's partitions it was cut from.
    no integer NOT NULL,
    rows_expected bigint NOT NULL CHECK (rows_expected >= 0),
    state text NOT NULL CHECK (state IN ('waiting', 'done', 'excepted')),
    rows_done bigint NOT NULL DEFAULT 0 CHECK (rows_done >= 0),
    milliseconds bigint NOT NULL DEFAULT 0 CHECK (milliseconds >= 0),
    ended_at timestamptz,
    PRIMARY KEY (business_date, step, lo),
    FOREIGN KEY (business_date, step) REFERENCES day_end_step (business_date, name),
    CHECK (lo <= hi),
    CHECK (state <> 'excepted' OR lo = hi),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX day_end_partition_waiting ON day_end_partition (business_date, step, lo) WHERE state = 'waiting';

-- What a step could not do, one row a number; 0 stands for the whole of a single step. `error_kind` is a class or a
-- code, never the words of an error, which may quote personal data.
CREATE TABLE day_end_exception (
    exception_id bigint PRIMARY KEY,
    business_date date NOT NULL,
    step text NOT NULL,
    subject_no bigint NOT NULL,
    error_kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'retried', 'resolved')),
    tries integer NOT NULL DEFAULT 1 CHECK (tries > 0),
    found_at timestamptz NOT NULL,
    tried_at timestamptz NOT NULL,
    -- Settled by hand: one proposes, another agrees.
    proposed_by text,
    proposed_reason text,
    ended_by text,
    ended_at timestamptz,
    UNIQUE (business_date, step, subject_no),
    FOREIGN KEY (business_date, step) REFERENCES day_end_step (business_date, name),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((proposed_by IS NULL) = (proposed_reason IS NULL)),
    CONSTRAINT day_end_exception_four_eyes CHECK (state <> 'resolved' OR ended_by <> proposed_by)
);
CREATE INDEX day_end_exception_open ON day_end_exception (subject_no, business_date) WHERE state = 'open';

-- Who runs. The lock itself is PostgreSQL's and falls with its connection; this row is what people see, and its epoch
-- keeps a runner that lost the lock from taking anything more.
CREATE TABLE day_end_lease (
    only_one boolean PRIMARY KEY CHECK (only_one),
    epoch bigint NOT NULL,
    runner text NOT NULL,
    taken_at timestamptz NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    released_at timestamptz
);

-- What staff ask the runner for; a page runs nothing itself.
CREATE TABLE day_end_request (
    request_id bigint PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('start', 'retry')),
    exception_id bigint REFERENCES day_end_exception (exception_id),
    -- The member of staff, whose name the audit trail tells when the runner carries it out.
    asked_by bigint NOT NULL,
    asked_name text NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'done', 'refused')),
    -- For people, in Chinese: what came of it.
    outcome text NOT NULL DEFAULT '',
    answered_at timestamptz,
    CHECK ((kind = 'retry') = (exception_id IS NOT NULL)),
    CHECK ((state = 'queued') = (answered_at IS NULL))
);
CREATE UNIQUE INDEX day_end_request_start ON day_end_request (kind) WHERE state = 'queued' AND kind = 'start';
CREATE UNIQUE INDEX day_end_request_retry ON day_end_request (exception_id) WHERE state = 'queued';

-- More days to catch up than usual: somebody has looked at the clock and says that they are real.
CREATE TABLE day_end_confirmation (
    through date PRIMARY KEY,
    since date NOT NULL,
    confirmed_by text NOT NULL,
    reason text NOT NULL,
    confirmed_at timestamptz NOT NULL,
    CHECK (since <= through)
);

GRANT SELECT, INSERT, UPDATE ON day_end_run, day_end_step, day_end_partition, day_end_exception, day_end_lease,
    day_end_request TO hpf_app;
GRANT SELECT, INSERT ON day_end_confirmation TO hpf_app;

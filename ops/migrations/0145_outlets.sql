-- 网点 (D24): branch centres, management departments, service windows and outlets of entrusted banks. Departments and
-- branch centres keep their tables, which give staff their scope; the others are here. A closed outlet stays, because
-- cases and employers of before name it.
ALTER TABLE branch_centre ADD COLUMN closed_on date;
ALTER TABLE management_office ADD COLUMN closed_on date;

CREATE TABLE service_outlet (
    code text PRIMARY KEY CHECK (code ~ '^[0-9A-Z-]{4,20}$'),
    kind text NOT NULL CHECK (kind IN ('window', 'bank_outlet')),
    name text NOT NULL,
    office_code text NOT NULL REFERENCES management_office (code),
    bank_code text REFERENCES entrusted_bank (code),
    address text NOT NULL,
    closed_on date,
    CHECK ((kind = 'bank_outlet') = (bank_code IS NOT NULL))
);

-- What two persons agreed to, with the date from which it is in force. `blocked` says why a change whose date has come
-- is not in force yet; it is tried again until it is.
CREATE TABLE outlet_change (
    change_id bigint PRIMARY KEY,
    approval_id bigint NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('branch', 'management', 'window', 'bank_outlet')),
    code text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    effective_on date NOT NULL,
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'applied', 'replaced')),
    blocked text,
    proposed_name text NOT NULL,
    approved_name text NOT NULL,
    approved_at timestamptz NOT NULL,
    applied_at timestamptz,
    CHECK ((state = 'applied') = (applied_at IS NOT NULL)),
    CHECK (blocked IS NULL OR state = 'waiting')
);
CREATE UNIQUE INDEX outlet_change_waiting ON outlet_change (code) WHERE state = 'waiting';
CREATE INDEX outlet_change_of ON outlet_change (code, approved_at DESC);
CREATE INDEX outlet_change_due ON outlet_change (effective_on) WHERE state = 'waiting';

GRANT SELECT, INSERT, UPDATE ON service_outlet, outlet_change TO hpf_app;

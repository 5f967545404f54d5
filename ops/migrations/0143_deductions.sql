-- 扣款 (D04): what an employer owes is taken from its 单位暂存款, whatever receipts that came from. One deduction is one
-- voucher and meets one expectation whole; its parts are movements of the items, set aside while it waits.
CREATE TABLE suspense_deduction (
    deduction_id bigint PRIMARY KEY,
    employer_no bigint NOT NULL REFERENCES employer (employer_no),
    expectation_id bigint NOT NULL REFERENCES expected_receipt (expectation_id),
    account_set text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'rejected')),
    proposed_by text NOT NULL,
    proposed_by_name text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_by_name text,
    decided_at timestamptz,
    decision_note text,
    voucher_id bigint,
    CONSTRAINT suspense_deduction_four_eyes CHECK (decided_by IS DISTINCT FROM proposed_by),
    CHECK ((state = 'proposed') = (decided_by IS NULL)),
    CHECK ((state = 'approved') = (voucher_id IS NOT NULL))
);
CREATE UNIQUE INDEX suspense_deduction_once ON suspense_deduction (expectation_id) WHERE state <> 'rejected';
CREATE INDEX suspense_deduction_employer ON suspense_deduction (employer_no, proposed_at DESC);
CREATE INDEX suspense_deduction_open ON suspense_deduction (proposed_at) WHERE state = 'proposed';

ALTER TABLE suspense_movement ADD COLUMN deduction_id bigint REFERENCES suspense_deduction (deduction_id);
CREATE INDEX suspense_movement_deduction ON suspense_movement (deduction_id) WHERE deduction_id IS NOT NULL;
ALTER TABLE suspense_movement DROP CONSTRAINT suspense_movement_kind_check;
ALTER TABLE suspense_movement ADD CONSTRAINT suspense_movement_kind_check
    CHECK (kind IN ('clear', 'assign', 'move', 'transfer', 'refund', 'bank_reversal', 'use', 'deduct'));
ALTER TABLE suspense_movement ADD CONSTRAINT suspense_movement_deduction_check
    CHECK ((kind = 'deduct') = (deduction_id IS NOT NULL));

GRANT SELECT, INSERT, UPDATE ON suspense_deduction TO hpf_app;

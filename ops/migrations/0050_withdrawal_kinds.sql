-- Withdrawals of every kind. What was the rent arrangement becomes the arrangement (约定提取) of any kind, in place; what a
-- withdrawal is for (a home, an invoice, a loan, a rented address) is a lookup of its own, so that limits hold across
-- the accounts of several persons without reading any of them (scale-out rule 8).

-- The server's text functions know Chinese letters only by their bytes: what is compared is written by the application
-- in letters that they do know (`domain/withdrawals/rules/addresses.py`).
CREATE SCHEMA trigram;
CREATE EXTENSION pg_trgm SCHEMA trigram;
GRANT USAGE ON SCHEMA trigram TO hpf_app;

ALTER TABLE rent_arrangement RENAME TO withdrawal_arrangement;
DROP INDEX rent_arrangement_one_running;
ALTER TABLE withdrawal_arrangement RENAME CONSTRAINT rent_arrangement_pkey TO withdrawal_arrangement_pkey;
ALTER TABLE withdrawal_arrangement RENAME CONSTRAINT rent_arrangement_consent TO withdrawal_arrangement_consent;
ALTER TABLE withdrawal_arrangement
    DROP CONSTRAINT rent_arrangement_frequency_check,
    DROP CONSTRAINT rent_arrangement_state_check,
    DROP CONSTRAINT rent_arrangement_monthly_limit_fen_check,
    ALTER COLUMN monthly_limit_fen DROP NOT NULL,
    ADD COLUMN kind text NOT NULL DEFAULT 'rent_no_home',
    -- Arrangements of one group exclude each other for an account; the kinds' data says which is in which.
    ADD COLUMN exclusion_group text NOT NULL DEFAULT 'agreed',
    ADD COLUMN subject_key text,
    -- What may be paid in all, and what was; NULL without such a limit.
    ADD COLUMN total_limit_fen bigint CHECK (total_limit_fen > 0),
    ADD COLUMN paid_fen bigint NOT NULL DEFAULT 0 CHECK (paid_fen >= 0),
    ADD COLUMN next_due_on date,
    ADD COLUMN insufficient_times smallint NOT NULL DEFAULT 0 CHECK (insufficient_times >= 0),
    ADD COLUMN paused_reason text,
    ADD COLUMN wait_reason text,
    ADD COLUMN reminded_on date,
    ADD COLUMN renewals smallint NOT NULL DEFAULT 0 CHECK (renewals >= 0),
    -- What the fresh check asks the agencies again, sealed: the spouse named and the numbers declared.
    ADD COLUMN asked_cipher bytea,
    ADD CONSTRAINT withdrawal_arrangement_frequency
        CHECK (frequency IN ('monthly', 'quarterly', 'semiannual', 'annual')),
    ADD CONSTRAINT withdrawal_arrangement_state CHECK (state IN ('requested', 'running', 'paused', 'ended')),
    ADD CONSTRAINT withdrawal_arrangement_limits CHECK (monthly_limit_fen > 0 OR total_limit_fen IS NOT NULL);
ALTER TABLE withdrawal_arrangement ALTER COLUMN kind DROP DEFAULT, ALTER COLUMN exclusion_group DROP DEFAULT;
CREATE UNIQUE INDEX withdrawal_arrangement_one_of_group ON withdrawal_arrangement (account_no, exclusion_group)
    WHERE state <> 'ended';
CREATE INDEX withdrawal_arrangement_due ON withdrawal_arrangement (account_no, arrangement_id, next_due_on)
    WHERE state = 'running';

-- The newest answer to each question that an arrangement asks again; written before the day it is needed.
CREATE TABLE arrangement_check (
    account_no bigint NOT NULL,
    arrangement_id bigint NOT NULL,
    kind text NOT NULL,
    agency text NOT NULL,
    asked_at timestamptz NOT NULL,
    as_of date,
    outcome text NOT NULL CHECK (outcome IN ('passed', 'failed', 'unanswered')),
    summary text NOT NULL,
    trace_no text NOT NULL,
    PRIMARY KEY (account_no, arrangement_id, kind),
    FOREIGN KEY (account_no, arrangement_id) REFERENCES withdrawal_arrangement (account_no, arrangement_id)
);

ALTER TABLE withdrawal
    ADD COLUMN kind text NOT NULL DEFAULT 'rent_no_home',
    ADD COLUMN card_id bigint,
    -- An heir is paid to a card of the heir's own account; NULL for one of this account.
    ADD COLUMN card_account_no bigint,
    ADD COLUMN subject_key text,
    -- The month from which a payment of an arrangement counts; 0 for what is paid once.
    ADD COLUMN from_period integer NOT NULL DEFAULT 0,
    ADD COLUMN months smallint NOT NULL DEFAULT 0,
    ADD COLUMN voucher_id bigint,
    ADD COLUMN explanation text NOT NULL DEFAULT '',
    ALTER COLUMN hold_id DROP NOT NULL;
UPDATE withdrawal w SET card_id = a.card_id, from_period = a.from_period,
    months = CASE a.frequency WHEN 'monthly' THEN 1 ELSE 3 END
FROM withdrawal_arrangement a WHERE a.account_no = w.account_no AND a.arrangement_id = w.arrangement_id;
UPDATE withdrawal w SET voucher_id = v.voucher_id
FROM voucher v WHERE v.account_no = w.account_no AND v.business_key = 'withdrawal:' || w.withdrawal_id;
UPDATE withdrawal_arrangement a SET paid_fen = w.amount_fen
FROM withdrawal w WHERE w.account_no = a.account_no AND w.arrangement_id = a.arrangement_id AND w.state = 'paid';
UPDATE withdrawal_arrangement SET next_due_on = make_date(paid_through_period / 100, paid_through_period % 100, 1)
    + interval '1 month' WHERE state = 'running' AND paid_through_period IS NOT NULL;
ALTER TABLE withdrawal ALTER COLUMN kind DROP DEFAULT, ALTER COLUMN card_id SET NOT NULL;
DROP INDEX withdrawal_case;
CREATE INDEX withdrawal_case ON withdrawal (account_no, case_id);
-- One payment a month of an arrangement, however often a run is repeated; one that the bank refused may be paid again.
CREATE UNIQUE INDEX withdrawal_of_period ON withdrawal (account_no, arrangement_id, from_period)
    WHERE arrangement_id IS NOT NULL AND state <> 'ended';

-- What withdrawals are for, over all accounts. `limit_fen` is what may be withdrawn for it in all, `used_fen` what was
-- paid or is set aside by claims.
CREATE TABLE withdrawal_subject (
    subject_key text PRIMARY KEY,
    used_for text NOT NULL,
    address text NOT NULL DEFAULT '',
    signs text NOT NULL DEFAULT '',
    limit_fen bigint NOT NULL CHECK (limit_fen >= 0),
    used_fen bigint NOT NULL DEFAULT 0,
    last_used_on date,
    CONSTRAINT withdrawal_subject_covers CHECK (used_fen BETWEEN 0 AND limit_fen)
);
CREATE INDEX withdrawal_subject_signs ON withdrawal_subject USING gin (signs trigram.gin_trgm_ops);

-- Who claims a part of it. `household` is made of the blind indexes of a person and spouse: one home, one household.
CREATE TABLE withdrawal_claim (
    subject_key text NOT NULL,
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    household text NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen >= 0),
    state text NOT NULL CHECK (state IN ('claimed', 'kept', 'released')),
    PRIMARY KEY (subject_key, account_no, case_id)
);

REVOKE DELETE ON withdrawal_subject, withdrawal_claim, arrangement_check FROM hpf_app;
GRANT SELECT, INSERT, UPDATE ON withdrawal_subject, withdrawal_claim, arrangement_check TO hpf_app;

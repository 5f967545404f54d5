-- 银行收回款项: money that a bank takes back after it was matched and distributed (a collection reversed, a cheque
-- bounced, a transfer returned). The distribution is undone by batch vouchers, the months are open again.

-- 应收单位追回款: what was taken back and is no longer in the accounts that it went to; owed by the employer.
INSERT INTO account_subject (account_set, code, name, normal_side, parent, auxiliary_kind) VALUES
    ('provident_fund', '11901', '应收单位追回款', 'D', '119', 'employer'),
    ('provident_fund', '11909', '其他应收款—其他', 'D', '119', '');
UPDATE account_subject SET postable = false WHERE account_set = 'provident_fund' AND code = '119';

-- taking_back: its accounts are being debited; afterwards it is open again and waits for money under a new reference.
ALTER TABLE remittance_statement DROP CONSTRAINT remittance_statement_state_check;
ALTER TABLE remittance_statement ADD CONSTRAINT remittance_statement_state_check
    CHECK (state IN ('open', 'collecting', 'paid', 'distributed', 'cancelled', 'taking_back'));
-- How often it was opened again: each distribution has business keys of its own.
ALTER TABLE remittance_statement ADD COLUMN reopened smallint NOT NULL DEFAULT 0;
DROP INDEX remittance_statement_open;
CREATE INDEX remittance_statement_open ON remittance_statement (due_on)
    WHERE state IN ('open', 'collecting', 'paid', 'taking_back');
CREATE INDEX remittance_statement_taking_back ON remittance_statement (statement_id) WHERE state = 'taking_back';

-- S: the bank has taken it back and nobody had it: owed by the employer under 11901 (with a voucher when it stands in
-- its account, without when it had come back to the employer's balance and was used). X: it had come back and goes with
-- what the bank took; it is no part of the statement any more.
ALTER TABLE remittance_line DROP CONSTRAINT remittance_line_state_check;
ALTER TABLE remittance_line ADD CONSTRAINT remittance_line_state_check CHECK (state IN ('W', 'P', 'R', 'S', 'X'));
ALTER TABLE remittance_line DROP CONSTRAINT remittance_line_check1;
ALTER TABLE remittance_line ADD CONSTRAINT remittance_line_voucher
    CHECK (CASE state WHEN 'P' THEN voucher_id IS NOT NULL WHEN 'S' THEN true ELSE voucher_id IS NULL END);

ALTER TABLE employer_balance_entry DROP CONSTRAINT employer_balance_entry_kind_check;
ALTER TABLE employer_balance_entry ADD CONSTRAINT employer_balance_entry_kind_check
    CHECK (kind IN ('returned', 'used', 'taken_back'));

-- One matter for each time a bank took a statement's money back.
-- working: accounts are being debited; short: what is left has to be made the employer's debt by two persons;
-- partial: less than the payment was taken, likewise; owed: that debt waits for money; done.
CREATE TABLE payment_taken_back (
    employer_no bigint NOT NULL,
    receipt_id bigint NOT NULL,
    statement_id bigint NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    booked_on date NOT NULL,
    identified_by text NOT NULL CHECK (identified_by IN ('remark', 'serial', 'payer', 'hand')),
    noticed_by text NOT NULL,
    noticed_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('working', 'short', 'partial', 'owed', 'done')),
    account_count integer NOT NULL DEFAULT 0,
    short_count integer NOT NULL DEFAULT 0,
    short_fen bigint NOT NULL DEFAULT 0,
    accepted_by text,
    accepted_by_name text,
    accepted_at timestamptz,
    expectation_id bigint,
    voucher_id bigint,
    ended_at timestamptz,
    PRIMARY KEY (employer_no, receipt_id),
    FOREIGN KEY (employer_no, statement_id) REFERENCES remittance_statement (employer_no, statement_id),
    CHECK ((state = 'done') = (ended_at IS NOT NULL)),
    CHECK (state <> 'owed' OR expectation_id IS NOT NULL)
);
CREATE UNIQUE INDEX payment_taken_back_running ON payment_taken_back (employer_no, statement_id)
    WHERE state IN ('working', 'short', 'partial');
CREATE INDEX payment_taken_back_desk ON payment_taken_back (state, noticed_at);
CREATE INDEX payment_taken_back_expected ON payment_taken_back (employer_no, expectation_id) WHERE state = 'owed';
GRANT SELECT, INSERT, UPDATE ON payment_taken_back TO hpf_app;
-- A reversal that names nothing is known by its payer and amount.
CREATE INDEX bank_receipt_matched_payer ON bank_receipt (payer_account_index, amount_fen) WHERE outcome = 'matched';

-- Debits many accounts of one set in one batch voucher: Dr each account, Cr one subject; the other way round of
-- ledger_credit_batch. Everything or nothing: the caller looks at states and balances under its locks first.
-- Locks: the key, then the accounts, then their balances, each in the order of account numbers, as everybody does.
-- Counts from p_effective_on, so that a distribution's interest is undone with it.
CREATE FUNCTION ledger_debit_batch(
    p_account_set text, p_voucher_id bigint, p_business_key text, p_input_hash bytea, p_kind text, p_summary text,
    p_effective_on date, p_posted_on date, p_now timestamptz, p_prepared_by text, p_credit_subject text,
    p_credit_auxiliary text, p_account_nos bigint[], p_amounts bigint[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '64MB' AS $$
DECLARE
    v_earlier general_voucher;
    v_balance account_balance;
    v_personal text;
    v_fits boolean;
    v_count bigint;
    v_total bigint;
    v_first bigint;
    v_last bigint;
    v_able bigint;
    v_moved bigint;
    v_index bigint;
    v_posted date;
    v_period integer;
BEGIN
    PERFORM pg_advisory_xact_lock(18513, hashtext(p_account_set || ':' || p_business_key));
    SELECT * INTO v_earlier FROM general_voucher WHERE account_set = p_account_set AND business_key = p_business_key;
    IF FOUND THEN
        IF v_earlier.input_hash <> p_input_hash THEN
            RAISE EXCEPTION 'business key % came with other input', p_business_key USING ERRCODE = 'HF002';
        END IF;
        RETURN v_earlier.voucher_id;
    END IF;
    SELECT personal_subject INTO v_personal FROM account_set WHERE code = p_account_set;
    SELECT postable AND NOT personal AND (auxiliary_kind = '' OR p_credit_auxiliary <> '') INTO v_fits
    FROM account_subject WHERE account_set = p_account_set AND code = p_credit_subject;
    SELECT count(*), coalesce(sum(amount_fen), 0), min(account_no), max(account_no)
    INTO v_count, v_total, v_first, v_last
    FROM unnest(p_account_nos, p_amounts) AS given (account_no, amount_fen) WHERE amount_fen > 0;
    IF v_personal IS NULL OR v_fits IS NOT TRUE OR v_count = 0 OR v_count <> cardinality(p_account_nos)
        OR v_count <> cardinality(p_amounts) OR v_count <> (SELECT count(DISTINCT n) FROM unnest(p_account_nos) AS n) THEN
        RAISE EXCEPTION 'a batch has a set with accounts, a subject, and each account once with an amount'
            USING ERRCODE = 'HF005';
    END IF;

    SELECT count(*) INTO v_able FROM (
        SELECT state, account_set FROM account WHERE account_no = ANY (p_account_nos)
        ORDER BY account_no FOR NO KEY UPDATE) AS locked
    WHERE state IN ('01', '02') AND account_set = p_account_set;
    IF v_able <> v_count THEN
        RAISE EXCEPTION '% of % accounts may not be moved', v_count - v_able, v_count USING ERRCODE = 'HF003';
    END IF;
    v_posted := ledger_posting_day(p_account_set, p_posted_on);
    v_period := (extract(year FROM v_posted) * 100 + extract(month FROM v_posted))::int;
    IF p_effective_on > v_posted THEN
        RAISE EXCEPTION 'a voucher of % cannot count from %', v_posted, p_effective_on USING ERRCODE = 'HF005';
    END IF;
    PERFORM 1 FROM account_balance WHERE account_no = ANY (p_account_nos) ORDER BY account_no FOR UPDATE;
    FOR v_balance IN
        SELECT * FROM account_balance
        WHERE account_no = ANY (p_account_nos) AND settled_through < ledger_settlement_before(v_posted)
        ORDER BY account_no
    LOOP
        PERFORM ledger_settle(v_balance, p_account_set, v_posted, p_now);
    END LOOP;
    SELECT count(*) INTO v_able FROM unnest(p_account_nos, p_amounts) AS given (account_no, amount_fen)
    JOIN account_balance b USING (account_no) WHERE b.balance_fen - b.held_fen >= given.amount_fen;
    IF v_able <> v_count THEN
        RAISE EXCEPTION '% of % accounts cannot cover their amount', v_count - v_able, v_count USING ERRCODE = 'HF001';
    END IF;

    v_index := ledger_rate_index(p_effective_on);
    INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary, debit_fen,
        credit_fen, effective_on, posted_on, recorded_at, prepared_by, is_batch, account_from, account_to, part)
    VALUES (p_account_set, v_period, p_voucher_id, p_business_key, p_input_hash, p_kind, p_summary, v_total, v_total,
        p_effective_on, v_posted, p_now, p_prepared_by, true, v_first, v_last, ledger_part(p_account_set, v_posted));
    INSERT INTO general_line (account_set, period, voucher_id, line_no, subject, auxiliary, side, amount_fen, detailed)
    VALUES (p_account_set, v_period, p_voucher_id, 1, v_personal, '', 'D', v_total, true),
           (p_account_set, v_period, p_voucher_id, 2, p_credit_subject, p_credit_auxiliary, 'C', v_total, false);
    -- What was carried over leaves first, as everywhere.
    WITH split AS (
        SELECT given.account_no, given.amount_fen, least(given.amount_fen, b.carried_over_fen) AS carried_fen
        FROM unnest(p_account_nos, p_amounts) AS given (account_no, amount_fen) JOIN account_balance b USING (account_no)
    ), moved AS (
        UPDATE account_balance b SET
            balance_fen = b.balance_fen - split.amount_fen,
            carried_over_fen = b.carried_over_fen - split.carried_fen,
            current_year_fen = b.current_year_fen - (split.amount_fen - split.carried_fen),
            posting_count = b.posting_count + 1,
            interest_offset = b.interest_offset - split.amount_fen * v_index
        FROM split WHERE b.account_no = split.account_no
        RETURNING b.account_no, split.amount_fen, split.carried_fen, b.balance_fen, b.posting_count
    ), posted AS (
        INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen, sequence,
                             balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
        SELECT account_no, v_period, p_voucher_id, 1, p_account_set, v_personal, 'D', amount_fen, posting_count,
               balance_fen + amount_fen, balance_fen, carried_fen, amount_fen - carried_fen
        FROM moved
    )
    SELECT count(*) INTO v_moved FROM moved;
    IF v_moved <> v_count THEN
        RAISE EXCEPTION '% of % accounts have no balance row', v_count - v_moved, v_count USING ERRCODE = 'HF003';
    END IF;
    RETURN p_voucher_id;
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_debit_batch TO hpf_app;

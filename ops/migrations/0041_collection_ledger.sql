-- The ledger's part of collection: many accounts opened and credited at once, and an employer's suspense used and given
-- back by the receipt it came from.

CREATE FUNCTION ledger_open_accounts(p_account_nos bigint[], p_opened_on date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO account_balance (account_no, settled_through)
    SELECT account_no, ledger_settlement_before(p_opened_on) FROM unnest(p_account_nos) AS account_no
    ON CONFLICT DO NOTHING
$$;

-- Credits many accounts of one set in one batch voucher: Dr one subject, Cr each account. For money that has come in and
-- is distributed; a frozen account takes it too, because freezing stops what leaves. Everything or nothing: the caller
-- looks at the accounts' states under its locks first.
-- Locks: the key, then the accounts, then their balances, each in the order of account numbers, as everybody does.
-- Returns the voucher's id: p_voucher_id when posted now, the earlier one when the business key stood already.
CREATE FUNCTION ledger_credit_batch(
    p_account_set text, p_voucher_id bigint, p_business_key text, p_input_hash bytea, p_kind text, p_summary text,
    p_effective_on date, p_posted_on date, p_now timestamptz, p_prepared_by text, p_debit_subject text,
    p_debit_auxiliary text, p_account_nos bigint[], p_amounts bigint[]
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
    v_states bigint;
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
    SELECT postable AND NOT personal AND (auxiliary_kind = '' OR p_debit_auxiliary <> '') INTO v_fits
    FROM account_subject WHERE account_set = p_account_set AND code = p_debit_subject;
    SELECT count(*), coalesce(sum(amount_fen), 0), min(account_no), max(account_no)
    INTO v_count, v_total, v_first, v_last
    FROM unnest(p_account_nos, p_amounts) AS given (account_no, amount_fen) WHERE amount_fen > 0;
    IF v_personal IS NULL OR v_fits IS NOT TRUE OR v_count = 0 OR v_count <> cardinality(p_account_nos)
        OR v_count <> cardinality(p_amounts) OR v_count <> (SELECT count(DISTINCT n) FROM unnest(p_account_nos) AS n) THEN
        RAISE EXCEPTION 'a batch has a set with accounts, a subject, and each account once with an amount'
            USING ERRCODE = 'HF005';
    END IF;

    SELECT count(*) INTO v_states FROM (
        SELECT state, account_set FROM account WHERE account_no = ANY (p_account_nos)
        ORDER BY account_no FOR NO KEY UPDATE) AS locked
    WHERE state IN ('01', '02', '06') AND account_set = p_account_set;
    IF v_states <> v_count THEN
        RAISE EXCEPTION '% of % accounts take no money', v_count - v_states, v_count USING ERRCODE = 'HF003';
    END IF;
    v_posted := ledger_posting_day(p_account_set, p_posted_on);
    v_period := (extract(year FROM v_posted) * 100 + extract(month FROM v_posted))::int;
    IF p_effective_on > v_posted THEN
        RAISE EXCEPTION 'a voucher of % cannot count from %', v_posted, p_effective_on USING ERRCODE = 'HF005';
    END IF;
    PERFORM 1 FROM account_balance WHERE account_no = ANY (p_account_nos) ORDER BY account_no FOR UPDATE;
    -- Hardly ever: between 30 June's midnight and the annual settlement.
    FOR v_balance IN
        SELECT * FROM account_balance
        WHERE account_no = ANY (p_account_nos) AND settled_through < ledger_settlement_before(v_posted)
        ORDER BY account_no
    LOOP
        PERFORM ledger_settle(v_balance, p_account_set, v_posted, p_now);
    END LOOP;

    v_index := ledger_rate_index(p_effective_on);
    INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary, debit_fen,
        credit_fen, effective_on, posted_on, recorded_at, prepared_by, is_batch, account_from, account_to, part)
    VALUES (p_account_set, v_period, p_voucher_id, p_business_key, p_input_hash, p_kind, p_summary, v_total, v_total,
        p_effective_on, v_posted, p_now, p_prepared_by, true, v_first, v_last, ledger_part(p_account_set, v_posted));
    INSERT INTO general_line (account_set, period, voucher_id, line_no, subject, auxiliary, side, amount_fen, detailed)
    VALUES (p_account_set, v_period, p_voucher_id, 1, p_debit_subject, p_debit_auxiliary, 'D', v_total, false),
           (p_account_set, v_period, p_voucher_id, 2, v_personal, '', 'C', v_total, true);
    WITH moved AS (
        UPDATE account_balance b SET
            balance_fen = b.balance_fen + given.amount_fen,
            current_year_fen = b.current_year_fen + given.amount_fen,
            posting_count = b.posting_count + 1,
            interest_offset = b.interest_offset + given.amount_fen * v_index
        FROM unnest(p_account_nos, p_amounts) AS given (account_no, amount_fen)
        WHERE b.account_no = given.account_no
        RETURNING b.account_no, given.amount_fen, b.balance_fen, b.posting_count
    ), posted AS (
        INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen, sequence,
                             balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
        SELECT account_no, v_period, p_voucher_id, 2, p_account_set, v_personal, 'C', amount_fen, posting_count,
               balance_fen - amount_fen, balance_fen, 0, amount_fen
        FROM moved
    )
    SELECT count(*) INTO v_moved FROM moved;
    IF v_moved <> v_count THEN
        RAISE EXCEPTION '% of % accounts have no balance row', v_count - v_moved, v_count USING ERRCODE = 'HF003';
    END IF;
    RETURN p_voucher_id;
END $$;

-- use: a share pays a statement of its employer. The money stays under 21903 until the statement is distributed, so that
-- the movement names the voucher that brought it there.
ALTER TABLE suspense_movement DROP CONSTRAINT suspense_movement_kind_check;
ALTER TABLE suspense_movement ADD CONSTRAINT suspense_movement_kind_check
    CHECK (kind IN ('clear', 'assign', 'move', 'transfer', 'refund', 'bank_reversal', 'use'));
ALTER TABLE suspense_movement ADD COLUMN purpose_reference text;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_open_accounts, ledger_credit_batch TO hpf_app;

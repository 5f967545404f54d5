-- Payments of agreed withdrawals with less work for each account (decision 130).

-- A payment's case is asked for once a statement, for all its rows together. The reference asked row by row and locked
-- every case: a sixth of a day's agreed withdrawals. Cases stay, so that none has to be held.
ALTER TABLE withdrawal DROP CONSTRAINT withdrawal_account_no_case_id_fkey;

CREATE FUNCTION withdrawal_has_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_missing bigint;
BEGIN
    SELECT n.case_id INTO v_missing FROM written n
    LEFT JOIN service_case c ON c.account_no = n.account_no AND c.case_id = n.case_id
    WHERE c.case_id IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'no case %', v_missing USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER withdrawal_inserted_has_case AFTER INSERT ON withdrawal REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION withdrawal_has_case();

CREATE FUNCTION withdrawal_keep_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a case is neither renumbered nor removed' USING ERRCODE = 'HF099';
END $$;
CREATE TRIGGER service_case_kept BEFORE DELETE OR UPDATE OF account_no, case_id ON service_case
    FOR EACH STATEMENT EXECUTE FUNCTION withdrawal_keep_case();
CREATE TRIGGER withdrawal_case_kept BEFORE UPDATE OF account_no, case_id ON withdrawal
    FOR EACH STATEMENT EXECUTE FUNCTION withdrawal_keep_case();

-- Sets that the range has no account of are passed over: each was a join over the whole range that found nobody.
CREATE OR REPLACE FUNCTION ledger_withdraw_batch(
    p_lo bigint, p_hi bigint, p_on date, p_now timestamptz, p_accounts bigint[], p_amounts bigint[]
) RETURNS TABLE (taken_from bigint, taken_fen bigint, batch_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '64MB' SET enable_nestloop = off AS $$
DECLARE
    v_set account_set;
    v_posted date;
    v_period integer;
    v_index bigint := ledger_rate_index(p_on);
    v_key text;
    v_voucher_id bigint;
BEGIN
    PERFORM ledger_settle_range(p_lo, p_hi, ledger_settlement_before(p_on), p_now);
    PERFORM 1 FROM account_balance WHERE account_no BETWEEN p_lo AND p_hi AND account_no = ANY(p_accounts)
    ORDER BY account_no FOR UPDATE;
    FOR v_set IN
        SELECT s.* FROM account_set s
        WHERE s.personal_subject IS NOT NULL AND (s.code = 'provident_fund' OR EXISTS (
            SELECT FROM account a
            WHERE a.account_no BETWEEN p_lo AND p_hi AND a.account_set = s.code AND a.account_set <> 'provident_fund'))
        ORDER BY s.code
    LOOP
        v_posted := ledger_posting_day(v_set.code, p_on, p_passes_on => true);
        v_period := (extract(year FROM v_posted) * 100 + extract(month FROM v_posted))::int;
        v_key := format('withdrawal:%s:%s-%s:', p_on, p_lo, p_hi);
        -- What waited for an answer may be paid by a second run of the same day.
        SELECT v_key || count(*) INTO v_key FROM general_voucher
        WHERE account_set = v_set.code AND is_batch AND posted_on = v_posted AND starts_with(business_key, v_key);
        v_voucher_id := hashtextextended(v_set.code || ':' || v_key, 0) & 4611686018427387903 | 4611686018427387904;
        RETURN QUERY
        WITH due AS MATERIALIZED (
            SELECT b.account_no, b.balance_fen, b.posting_count, least(w.amount, b.balance_fen - b.held_fen) AS taken,
                   least(w.amount, b.balance_fen - b.held_fen, b.carried_over_fen) AS carried
            FROM unnest(p_accounts, p_amounts) AS w (no, amount)
            JOIN account_balance b ON b.account_no = w.no AND b.account_no BETWEEN p_lo AND p_hi
            JOIN account a ON a.account_no = w.no AND a.account_no BETWEEN p_lo AND p_hi AND a.account_set = v_set.code
            WHERE least(w.amount, b.balance_fen - b.held_fen) > 0
        ), whole AS (
            SELECT sum(taken)::bigint AS total FROM due HAVING count(*) > 0
        ), moved AS (
            UPDATE account_balance b SET
                balance_fen = d.balance_fen - d.taken,
                carried_over_fen = b.carried_over_fen - d.carried,
                current_year_fen = b.current_year_fen - (d.taken - d.carried),
                posting_count = d.posting_count + 1,
                interest_offset = b.interest_offset - d.taken * v_index
            FROM due d WHERE b.account_no = d.account_no AND b.account_no BETWEEN p_lo AND p_hi
        ), posted AS (
            INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen,
                                 sequence, balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
            SELECT d.account_no, v_period, v_voucher_id, 1, v_set.code, v_set.personal_subject, 'D', d.taken,
                   d.posting_count + 1, d.balance_fen, d.balance_fen - d.taken, d.carried, d.taken - d.carried
            FROM due d
        ), headed AS (
            INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary,
                debit_fen, credit_fen, effective_on, posted_on, recorded_at, prepared_by, is_batch, account_from,
                account_to, part)
            SELECT v_set.code, v_period, v_voucher_id, v_key, '\x', '11', to_char(p_on, 'YYYY-MM-DD') || '约定提取',
                   total, total, p_on, v_posted, p_now, 'system', true, p_lo, p_hi, ledger_part(v_set.code, v_posted)
            FROM whole
        ), lined AS (
            INSERT INTO general_line (account_set, period, voucher_id, line_no, subject, side, amount_fen, detailed)
            SELECT v_set.code, v_period, v_voucher_id, l.no, l.subject, l.side, total, l.detailed
            FROM whole, (VALUES (1, v_set.personal_subject, 'D', true), (2, '21909', 'C', false))
                AS l (no, subject, side, detailed)
        )
        SELECT d.account_no, d.taken, v_voucher_id FROM due d;
    END LOOP;
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_withdraw_batch TO hpf_app;

-- Posting a voucher by typed arrays, with fewer and shorter statements.
--
-- What one voucher of two lines cost on the server, measured statement by statement: 424 µs, of which 119 are the bare
-- writes. A function in SQL that does not fold into its caller was planned anew at each call, lines were taken out of
-- JSON twice and joined twice with the whole chart, and the account was looked up once more for a foreign key.

-- In PL/pgSQL, whose statements keep their plans.
CREATE OR REPLACE FUNCTION ledger_part(p_account_set text, p_posted_on date) RETURNS smallint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((
        SELECT p.openings FROM book_calendar c, book_period p
        WHERE c.closed_through >= p_posted_on AND p.state = 'reopened' AND p.account_set = p_account_set
            AND p.period = (extract(year FROM p_posted_on) * 100 + extract(month FROM p_posted_on))::int), 0::smallint);
END $$;

-- The only writers of vouchers lock the account's row before they write, and every account with a voucher has a balance,
-- whose own reference keeps the account from vanishing.
ALTER TABLE voucher DROP CONSTRAINT voucher_account_no_fkey;

DROP FUNCTION ledger_post(bigint, bigint, text, bytea, text, text, text, bigint, date, date, timestamptz, bigint, jsonb,
    bigint, text, bigint, text, jsonb);

-- Posts one voucher; its lines are the four arrays side by side, in the order of their line numbers.
-- With p_hold_id the hold is posted in the same step and must equal the amount taken from the account.
-- Returns the voucher's id: p_voucher_id when posted now, the earlier one when the business key stood already.
CREATE FUNCTION ledger_post(
    p_account_no bigint, p_voucher_id bigint, p_business_key text, p_input_hash bytea, p_account_set text, p_kind text,
    p_summary text, p_case_id bigint, p_effective_on date, p_posted_on date, p_now timestamptz, p_hold_id bigint,
    p_subjects text[], p_sides text[], p_amounts bigint[], p_auxiliaries text[], p_reverses_voucher_id bigint,
    p_reason text, p_event_id bigint, p_event_kind text, p_event jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_state text;
    v_set text;
    v_balance account_balance;
    v_earlier bigint;
    v_hash bytea;
    v_hold hold;
    v_posted_on date := p_posted_on;
    v_part smallint := 0;
    v_period integer;
    v_closed date;
    v_index bigint;
    v_count integer := coalesce(cardinality(p_subjects), 0);
    v_is_personal boolean;
    v_postable boolean;
    v_auxiliary_kind text;
    v_personal boolean[] := '{}';
    v_amount bigint;
    v_debit bigint := 0;
    v_credit bigint := 0;
    v_in bigint := 0;
    v_out bigint := 0;
    v_malformed integer := 0;
    v_lines posting[] := '{}';
    v_moved bigint;
    v_carried bigint;
BEGIN
    SELECT state, account_set INTO v_state, v_set FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    SELECT * INTO v_balance FROM account_balance WHERE account_no = p_account_no FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % has no balance row', p_account_no USING ERRCODE = 'HF003';
    END IF;
    SELECT voucher_id, input_hash INTO v_earlier, v_hash FROM voucher
    WHERE account_no = p_account_no AND business_key = p_business_key;
    IF FOUND THEN
        IF v_hash <> p_input_hash THEN
            RAISE EXCEPTION 'business key % came with other input', p_business_key USING ERRCODE = 'HF002';
        END IF;
        RETURN v_earlier;
    END IF;
    -- A hold was judged when it was placed: what the bank has paid meanwhile is booked whatever the account became.
    IF p_hold_id IS NULL AND v_state NOT IN ('01', '02') THEN
        RAISE EXCEPTION 'account % is in state %', p_account_no, v_state USING ERRCODE = 'HF003';
    END IF;
    IF p_account_set IS DISTINCT FROM v_set THEN
        RAISE EXCEPTION 'account % belongs to set %', p_account_no, v_set USING ERRCODE = 'HF005';
    END IF;

    -- The day, as ledger_posting_day finds it; nearly always it is open, and the rate comes with the same look.
    PERFORM pg_advisory_xact_lock_shared(18512, p_posted_on - DATE '2000-01-01');
    SELECT c.closed_through, (
        SELECT r.index_before + r.rate_ppm * (p_effective_on - r.effective_from) FROM deposit_rate r
        WHERE r.effective_from <= p_effective_on ORDER BY r.effective_from DESC LIMIT 1)
    INTO v_closed, v_index FROM book_calendar c;
    IF v_index IS NULL THEN
        RAISE EXCEPTION 'no deposit rate on %', p_effective_on USING ERRCODE = 'HF007';
    END IF;
    IF p_posted_on <= v_closed THEN
        v_posted_on := ledger_posting_day(p_account_set, p_posted_on);
        v_part := ledger_part(p_account_set, v_posted_on);
    END IF;
    v_period := (date_part('year', v_posted_on) * 100 + date_part('month', v_posted_on))::int;
    IF p_effective_on > v_posted_on THEN
        RAISE EXCEPTION 'a voucher of % cannot count from %', v_posted_on, p_effective_on USING ERRCODE = 'HF005';
    END IF;
    IF v_balance.settled_through < ledger_settlement_before(v_posted_on) THEN
        v_balance := ledger_settle(v_balance, p_account_set, v_posted_on, p_now);
    END IF;

    IF cardinality(p_sides) IS DISTINCT FROM v_count OR cardinality(p_amounts) IS DISTINCT FROM v_count
        OR cardinality(p_auxiliaries) IS DISTINCT FROM v_count THEN
        RAISE EXCEPTION 'the lines have no side, amount and auxiliary each' USING ERRCODE = 'HF005';
    END IF;
    FOR i IN 1..v_count LOOP
        SELECT personal, postable, auxiliary_kind INTO v_is_personal, v_postable, v_auxiliary_kind FROM account_subject
        WHERE account_set = p_account_set AND code = p_subjects[i];
        v_amount := p_amounts[i];
        IF (v_postable AND v_amount > 0 AND p_sides[i] IN ('D', 'C') AND p_auxiliaries[i] IS NOT NULL
            AND (v_auxiliary_kind = '' OR p_auxiliaries[i] <> '')) IS NOT TRUE THEN
            v_malformed := v_malformed + 1;
        ELSIF p_sides[i] = 'D' THEN
            v_debit := v_debit + v_amount;
            v_out := v_out + CASE WHEN v_is_personal THEN v_amount ELSE 0 END;
        ELSE
            v_credit := v_credit + v_amount;
            v_in := v_in + CASE WHEN v_is_personal THEN v_amount ELSE 0 END;
        END IF;
        v_personal := v_personal || v_is_personal;
    END LOOP;
    IF v_malformed > 0 THEN
        RAISE EXCEPTION '% lines have no known subject, no side, no auxiliary or no positive amount', v_malformed
            USING ERRCODE = 'HF005';
    END IF;
    IF v_in > 0 AND v_out > 0 THEN
        RAISE EXCEPTION 'a voucher moves a personal account one way' USING ERRCODE = 'HF005';
    END IF;

    IF p_hold_id IS NOT NULL THEN
        SELECT * INTO v_hold FROM hold WHERE account_no = p_account_no AND hold_id = p_hold_id;
        IF v_hold.state IS DISTINCT FROM 'placed' THEN
            RAISE EXCEPTION 'hold % is %', p_hold_id, coalesce(v_hold.state, 'unknown') USING ERRCODE = 'HF004';
        END IF;
        IF v_hold.expires_on < v_posted_on THEN
            RAISE EXCEPTION 'hold % was good until %', p_hold_id, v_hold.expires_on USING ERRCODE = 'HF004';
        END IF;
        IF v_hold.amount_fen <> v_out THEN
            RAISE EXCEPTION 'hold of % fen does not match % fen', v_hold.amount_fen, v_out USING ERRCODE = 'HF001';
        END IF;
        UPDATE hold SET state = 'posted', ended_at = p_now WHERE account_no = p_account_no AND hold_id = p_hold_id;
        v_balance.held_fen := v_balance.held_fen - v_hold.amount_fen;
    END IF;
    IF v_balance.balance_fen - v_balance.held_fen < v_out THEN
        RAISE EXCEPTION 'account % cannot cover % fen', p_account_no, v_out USING ERRCODE = 'HF001';
    END IF;

    INSERT INTO voucher (account_no, period, voucher_id, business_key, input_hash, account_set, kind, summary, case_id,
                         debit_fen, credit_fen, effective_on, posted_on, recorded_at, reverses_voucher_id, reason, part)
    VALUES (p_account_no, v_period, p_voucher_id, p_business_key, p_input_hash, p_account_set, p_kind, p_summary, p_case_id,
            v_debit, v_credit, p_effective_on, v_posted_on, p_now, p_reverses_voucher_id, p_reason, v_part);

    -- What was carried over leaves first (SNJZFSE before DNGJFSE); what comes in belongs to the current year. The
    -- balance in hand moves on line by line.
    FOR i IN 1..v_count LOOP
        v_amount := p_amounts[i];
        IF NOT v_personal[i] THEN
            v_lines := v_lines || ROW(p_account_no, v_period, p_voucher_id, i, p_account_set, p_subjects[i],
                p_auxiliaries[i], p_sides[i], v_amount, NULL, NULL, NULL, 0, 0)::posting;
            CONTINUE;
        END IF;
        v_moved := CASE WHEN v_out > 0 THEN -v_amount ELSE v_amount END;
        v_carried := CASE WHEN v_out > 0 THEN least(v_amount, v_balance.carried_over_fen) ELSE 0 END;
        v_balance.posting_count := v_balance.posting_count + 1;
        v_lines := v_lines || ROW(p_account_no, v_period, p_voucher_id, i, p_account_set, p_subjects[i],
            p_auxiliaries[i], p_sides[i], v_amount, v_balance.posting_count, v_balance.balance_fen,
            v_balance.balance_fen + v_moved, v_carried, v_amount - v_carried)::posting;
        v_balance.balance_fen := v_balance.balance_fen + v_moved;
        v_balance.carried_over_fen := v_balance.carried_over_fen - v_carried;
    END LOOP;
    INSERT INTO posting SELECT l.* FROM unnest(v_lines) AS l;

    UPDATE account_balance SET
        balance_fen = v_balance.balance_fen,
        held_fen = v_balance.held_fen,
        carried_over_fen = v_balance.carried_over_fen,
        current_year_fen = v_balance.balance_fen - v_balance.carried_over_fen,
        posting_count = v_balance.posting_count,
        interest_offset = v_balance.interest_offset + (v_in - v_out) * v_index
    WHERE account_no = p_account_no;

    IF p_event_id IS NOT NULL THEN
        INSERT INTO outbox (account_no, event_id, kind, payload, created_at)
        VALUES (p_account_no, p_event_id, p_event_kind, p_event || jsonb_build_object('voucher_id', p_voucher_id::text), p_now);
    END IF;
    RETURN p_voucher_id;
END $$;

-- Reverses a voucher of one account: the same lines the other way, counting from the same day, so that interest is
-- undone with it. A line of a batch is reversed for this account alone, against the batch's other side.
CREATE OR REPLACE FUNCTION ledger_reverse(
    p_account_no bigint, p_reversed_voucher_id bigint, p_voucher_id bigint, p_business_key text, p_input_hash bytea,
    p_reason text, p_posted_on date, p_now timestamptz, p_event_id bigint, p_event_kind text, p_event jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_voucher voucher;
    v_batch general_voucher;
    v_earlier voucher;
    v_subjects text[];
    v_sides text[];
    v_amounts bigint[];
    v_auxiliaries text[];
BEGIN
    PERFORM 1 FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    SELECT * INTO v_earlier FROM voucher WHERE account_no = p_account_no AND business_key = p_business_key;
    IF FOUND THEN
        IF v_earlier.input_hash <> p_input_hash THEN
            RAISE EXCEPTION 'business key % came with other input', p_business_key USING ERRCODE = 'HF002';
        END IF;
        RETURN v_earlier.voucher_id;
    END IF;
    SELECT * INTO v_voucher FROM voucher WHERE account_no = p_account_no AND voucher_id = p_reversed_voucher_id;
    IF NOT FOUND THEN
        SELECT * INTO v_batch FROM general_voucher WHERE voucher_id = p_reversed_voucher_id AND is_batch;
        v_voucher.account_set := v_batch.account_set;
        v_voucher.period := v_batch.period;
        v_voucher.kind := v_batch.kind;
        v_voucher.summary := v_batch.summary;
        v_voucher.effective_on := v_batch.effective_on;
    END IF;
    IF v_voucher.account_set IS NULL THEN
        RAISE EXCEPTION 'account % has no voucher %', p_account_no, p_reversed_voucher_id USING ERRCODE = 'HF005';
    END IF;
    IF v_voucher.reverses_voucher_id IS NOT NULL THEN
        RAISE EXCEPTION 'voucher % is a reversal itself', p_reversed_voucher_id USING ERRCODE = 'HF008';
    END IF;
    IF EXISTS (SELECT FROM voucher WHERE account_no = p_account_no AND reverses_voucher_id = p_reversed_voucher_id) THEN
        RAISE EXCEPTION 'voucher % is reversed already', p_reversed_voucher_id USING ERRCODE = 'HF009';
    END IF;
    SELECT array_agg(subject ORDER BY line_no), array_agg(CASE side WHEN 'D' THEN 'C' ELSE 'D' END ORDER BY line_no),
           array_agg(amount_fen ORDER BY line_no), array_agg(auxiliary ORDER BY line_no)
    INTO v_subjects, v_sides, v_amounts, v_auxiliaries
    FROM (
        SELECT line_no, subject, side, amount_fen, auxiliary FROM posting
        WHERE account_no = p_account_no AND period = v_voucher.period AND voucher_id = p_reversed_voucher_id
        UNION ALL
        SELECT 1000, g.subject, g.side, p.amount_fen, g.auxiliary
        FROM posting p JOIN general_line g ON g.account_set = p.account_set AND g.period = v_batch.period
            AND g.voucher_id = p.voucher_id AND NOT g.detailed
        WHERE p.account_no = p_account_no AND p.period = v_batch.period AND p.voucher_id = p_reversed_voucher_id
            AND p.sequence IS NOT NULL
    ) AS lines;
    IF v_subjects IS NULL THEN
        RAISE EXCEPTION 'account % has no voucher %', p_account_no, p_reversed_voucher_id USING ERRCODE = 'HF005';
    END IF;
    RETURN ledger_post(p_account_no, p_voucher_id, p_business_key, p_input_hash, v_voucher.account_set, v_voucher.kind,
        '冲正：' || v_voucher.summary, v_voucher.case_id, v_voucher.effective_on, p_posted_on, p_now, NULL, v_subjects,
        v_sides, v_amounts, v_auxiliaries, p_reversed_voucher_id, p_reason, p_event_id, p_event_kind, p_event);
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_post TO hpf_app;

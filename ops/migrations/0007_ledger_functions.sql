-- The ledger's functions again, for account sets, the calendar of the books and interest: whoever touches an account has
-- it settled first, in the same transaction, so that the annual settlement never has to keep anybody out.

CREATE OR REPLACE FUNCTION ledger_place_hold(
    p_account_no bigint, p_hold_id bigint, p_business_key text, p_input_hash bytea, p_amount_fen bigint,
    p_case_id bigint, p_reason text, p_expires_on date, p_now timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_balance account_balance;
    v_state char(2);
    v_set text;
    v_hash bytea;
    v_today date := (p_now AT TIME ZONE 'Asia/Shanghai')::date;
BEGIN
    SELECT state, account_set INTO v_state, v_set FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    SELECT * INTO v_balance FROM account_balance WHERE account_no = p_account_no FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % has no balance row', p_account_no USING ERRCODE = 'HF003';
    END IF;
    SELECT input_hash INTO v_hash FROM hold WHERE account_no = p_account_no AND business_key = p_business_key;
    IF FOUND THEN
        IF v_hash <> p_input_hash THEN
            RAISE EXCEPTION 'hold key % came with other input', p_business_key USING ERRCODE = 'HF002';
        END IF;
        RETURN false;
    END IF;
    IF v_state NOT IN ('01', '02') THEN
        RAISE EXCEPTION 'account % is in state %', p_account_no, v_state USING ERRCODE = 'HF003';
    END IF;
    IF v_balance.settled_through < ledger_settlement_before(v_today) THEN
        v_balance := ledger_settle(v_balance, v_set, v_today, p_now);
    END IF;
    IF v_balance.balance_fen - v_balance.held_fen < p_amount_fen THEN
        RAISE EXCEPTION 'account % cannot cover % fen', p_account_no, p_amount_fen USING ERRCODE = 'HF001';
    END IF;
    INSERT INTO hold (account_no, hold_id, business_key, input_hash, amount_fen, state, case_id, reason, placed_at,
                      expires_on)
    VALUES (p_account_no, p_hold_id, p_business_key, p_input_hash, p_amount_fen, 'placed', p_case_id, p_reason, p_now,
            p_expires_on);
    UPDATE account_balance SET held_fen = held_fen + p_amount_fen WHERE account_no = p_account_no;
    RETURN true;
END $$;

-- As before; a hold expires only after its last day.
CREATE OR REPLACE FUNCTION ledger_end_hold(p_account_no bigint, p_hold_id bigint, p_state text, p_now timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_hold hold;
BEGIN
    IF p_state NOT IN ('voided', 'expired') THEN
        RAISE EXCEPTION 'a hold does not end as %', p_state;
    END IF;
    PERFORM 1 FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    PERFORM 1 FROM account_balance WHERE account_no = p_account_no FOR UPDATE;
    SELECT * INTO v_hold FROM hold WHERE account_no = p_account_no AND hold_id = p_hold_id;
    IF v_hold.state = p_state THEN
        RETURN false;
    END IF;
    IF v_hold.state IS DISTINCT FROM 'placed' THEN
        RAISE EXCEPTION 'hold % is %', p_hold_id, v_hold.state USING ERRCODE = 'HF004';
    END IF;
    IF p_state = 'expired' AND v_hold.expires_on >= (p_now AT TIME ZONE 'Asia/Shanghai')::date THEN
        RAISE EXCEPTION 'hold % is good until %', p_hold_id, v_hold.expires_on USING ERRCODE = 'HF004';
    END IF;
    UPDATE hold SET state = p_state, ended_at = p_now WHERE account_no = p_account_no AND hold_id = p_hold_id;
    UPDATE account_balance SET held_fen = held_fen - v_hold.amount_fen WHERE account_no = p_account_no;
    RETURN true;
END $$;

-- Keeps a placed hold longer: for a matter that is still open, and for as long as a bank has its payment.
CREATE FUNCTION ledger_extend_hold(p_account_no bigint, p_hold_id bigint, p_expires_on date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_hold hold;
BEGIN
    PERFORM 1 FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    SELECT * INTO v_hold FROM hold WHERE account_no = p_account_no AND hold_id = p_hold_id FOR UPDATE;
    IF v_hold.state IS DISTINCT FROM 'placed' THEN
        RAISE EXCEPTION 'hold % is %', p_hold_id, coalesce(v_hold.state, 'unknown') USING ERRCODE = 'HF004';
    END IF;
    UPDATE hold SET expires_on = p_expires_on
    WHERE account_no = p_account_no AND hold_id = p_hold_id AND expires_on < p_expires_on;
    RETURN FOUND;
END $$;

DROP FUNCTION ledger_post(bigint, integer, bigint, text, bytea, text, text, text, bigint, date, date, timestamptz, bigint,
    jsonb, bigint, bigint, text, jsonb);

-- Posts one voucher. p_lines: [{"subject","side","amount_fen","auxiliary"}], in the order of their line numbers.
-- With p_hold_id the hold is posted in the same step and must equal the amount taken from the account.
-- Returns the voucher's id: p_voucher_id when posted now, the earlier one when the business key stood already.
CREATE FUNCTION ledger_post(
    p_account_no bigint, p_voucher_id bigint, p_business_key text, p_input_hash bytea, p_account_set text, p_kind text,
    p_summary text, p_case_id bigint, p_effective_on date, p_posted_on date, p_now timestamptz, p_hold_id bigint,
    p_lines jsonb, p_reverses_voucher_id bigint, p_reason text, p_event_id bigint, p_event_kind text, p_event jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_account account;
    v_balance account_balance;
    v_earlier voucher;
    v_hold hold;
    v_posted_on date;
    v_period integer;
    v_debit bigint;
    v_credit bigint;
    v_in bigint;
    v_out bigint;
    v_count bigint;
    v_malformed bigint;
    v_from_carried bigint;
BEGIN
    SELECT * INTO v_account FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    SELECT * INTO v_balance FROM account_balance WHERE account_no = p_account_no FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % has no balance row', p_account_no USING ERRCODE = 'HF003';
    END IF;
    SELECT * INTO v_earlier FROM voucher WHERE account_no = p_account_no AND business_key = p_business_key;
    IF FOUND THEN
        IF v_earlier.input_hash <> p_input_hash THEN
            RAISE EXCEPTION 'business key % came with other input', p_business_key USING ERRCODE = 'HF002';
        END IF;
        RETURN v_earlier.voucher_id;
    END IF;
    -- A hold was judged when it was placed: what the bank has paid meanwhile is booked whatever the account became.
    IF p_hold_id IS NULL AND v_account.state NOT IN ('01', '02') THEN
        RAISE EXCEPTION 'account % is in state %', p_account_no, v_account.state USING ERRCODE = 'HF003';
    END IF;
    IF p_account_set IS DISTINCT FROM v_account.account_set THEN
        RAISE EXCEPTION 'account % belongs to set %', p_account_no, v_account.account_set USING ERRCODE = 'HF005';
    END IF;
    v_posted_on := ledger_posting_day(p_account_set, p_posted_on);
    v_period := (extract(year FROM v_posted_on) * 100 + extract(month FROM v_posted_on))::int;
    IF p_effective_on > v_posted_on THEN
        RAISE EXCEPTION 'a voucher of % cannot count from %', v_posted_on, p_effective_on USING ERRCODE = 'HF005';
    END IF;
    IF v_balance.settled_through < ledger_settlement_before(v_posted_on) THEN
        v_balance := ledger_settle(v_balance, p_account_set, v_posted_on, p_now);
    END IF;

    SELECT coalesce(sum(amount_fen) FILTER (WHERE side = 'D'), 0), coalesce(sum(amount_fen) FILTER (WHERE side = 'C'), 0),
           coalesce(sum(amount_fen) FILTER (WHERE side = 'C' AND s.personal), 0),
           coalesce(sum(amount_fen) FILTER (WHERE side = 'D' AND s.personal), 0),
           count(*) FILTER (WHERE s.personal),
           count(*) FILTER (WHERE (s.postable AND side IN ('D', 'C') AND amount_fen > 0
                                   AND (s.auxiliary_kind = '' OR auxiliary <> '')) IS NOT TRUE)
    INTO v_debit, v_credit, v_in, v_out, v_count, v_malformed
    FROM jsonb_to_recordset(p_lines) AS l (subject text, side text, amount_fen bigint, auxiliary text)
    LEFT JOIN account_subject s ON s.account_set = p_account_set AND s.code = l.subject;
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
            v_debit, v_credit, p_effective_on, v_posted_on, p_now, p_reverses_voucher_id, p_reason,
            ledger_part(p_account_set, v_posted_on));

    -- What was carried over leaves first (SNJZFSE before DNGJFSE); what comes in belongs to the current year.
    v_from_carried := least(v_out, v_balance.carried_over_fen);
    INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, auxiliary, side, amount_fen, sequence,
                         balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
    SELECT p_account_no, v_period, p_voucher_id, l.line_no, p_account_set, l.subject, l.auxiliary, l.side, l.amount_fen,
           CASE WHEN l.personal THEN v_balance.posting_count + l.nth END,
           CASE WHEN l.personal THEN v_balance.balance_fen + l.moved - l.move END,
           CASE WHEN l.personal THEN v_balance.balance_fen + l.moved END,
           CASE WHEN l.personal AND l.side = 'D' THEN
               greatest(0, least(-l.moved, v_from_carried) - least(l.move - l.moved, v_from_carried)) ELSE 0 END,
           CASE WHEN NOT l.personal THEN 0 WHEN l.side = 'C' THEN l.amount_fen ELSE
               l.amount_fen - greatest(0, least(-l.moved, v_from_carried) - least(l.move - l.moved, v_from_carried)) END
    FROM (
        SELECT t.ordinality::smallint AS line_no, t.line ->> 'subject' AS subject, t.line ->> 'side' AS side,
               coalesce(t.line ->> 'auxiliary', '') AS auxiliary, (t.line ->> 'amount_fen')::bigint AS amount_fen, s.personal,
               m.move, sum(m.move) OVER w AS moved, sum(s.personal::int) OVER w AS nth
        FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS t (line, ordinality)
        JOIN account_subject s ON s.account_set = p_account_set AND s.code = t.line ->> 'subject'
        CROSS JOIN LATERAL (
            SELECT CASE WHEN NOT s.personal THEN 0
                        WHEN t.line ->> 'side' = 'C' THEN (t.line ->> 'amount_fen')::bigint
                        ELSE -(t.line ->> 'amount_fen')::bigint END AS move) m
        WINDOW w AS (ORDER BY t.ordinality)
    ) l;

    UPDATE account_balance SET
        balance_fen = v_balance.balance_fen + v_in - v_out,
        held_fen = v_balance.held_fen,
        carried_over_fen = v_balance.carried_over_fen - v_from_carried,
        current_year_fen = v_balance.current_year_fen + v_in - (v_out - v_from_carried),
        posting_count = v_balance.posting_count + v_count,
        interest_offset = v_balance.interest_offset + (v_in - v_out) * ledger_rate_index(p_effective_on)
    WHERE account_no = p_account_no;

    IF p_event_id IS NOT NULL THEN
        INSERT INTO outbox (account_no, event_id, kind, payload, created_at)
        VALUES (p_account_no, p_event_id, p_event_kind, p_event || jsonb_build_object('voucher_id', p_voucher_id::text), p_now);
    END IF;
    RETURN p_voucher_id;
END $$;

-- Reverses a voucher of one account: the same lines the other way, counting from the same day, so that interest is
-- undone with it. A line of a batch is reversed for this account alone, against the batch's other side.
CREATE FUNCTION ledger_reverse(
    p_account_no bigint, p_reversed_voucher_id bigint, p_voucher_id bigint, p_business_key text, p_input_hash bytea,
    p_reason text, p_posted_on date, p_now timestamptz, p_event_id bigint, p_event_kind text, p_event jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_voucher voucher;
    v_batch general_voucher;
    v_earlier voucher;
    v_lines jsonb;
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
    SELECT jsonb_agg(jsonb_build_object('subject', subject, 'side', CASE side WHEN 'D' THEN 'C' ELSE 'D' END,
                                        'amount_fen', amount_fen, 'auxiliary', auxiliary) ORDER BY line_no)
    INTO v_lines
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
    IF v_lines IS NULL THEN
        RAISE EXCEPTION 'account % has no voucher %', p_account_no, p_reversed_voucher_id USING ERRCODE = 'HF005';
    END IF;
    RETURN ledger_post(p_account_no, p_voucher_id, p_business_key, p_input_hash, v_voucher.account_set, v_voucher.kind,
        '冲正：' || v_voucher.summary, v_voucher.case_id, v_voucher.effective_on, p_posted_on, p_now, NULL, v_lines,
        p_reversed_voucher_id, p_reason, p_event_id, p_event_kind, p_event);
END $$;

-- Posts a voucher that no personal account has a part in.
CREATE FUNCTION ledger_post_general(
    p_account_set text, p_voucher_id bigint, p_business_key text, p_input_hash bytea, p_kind text, p_summary text,
    p_case_id bigint, p_effective_on date, p_posted_on date, p_now timestamptz, p_prepared_by text, p_lines jsonb,
    p_reverses_voucher_id bigint, p_reason text, p_event_id bigint, p_event_kind text, p_event jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_earlier general_voucher;
    v_reversed general_voucher;
    v_posted_on date;
    v_period integer;
    v_debit bigint;
    v_credit bigint;
    v_malformed bigint;
    v_lines jsonb := p_lines;
    v_effective_on date := p_effective_on;
BEGIN
    -- The same key at the same time waits for the other and then finds it.
    PERFORM pg_advisory_xact_lock(18513, hashtext(p_account_set || ':' || p_business_key));
    SELECT * INTO v_earlier FROM general_voucher WHERE account_set = p_account_set AND business_key = p_business_key;
    IF FOUND THEN
        IF v_earlier.input_hash <> p_input_hash THEN
            RAISE EXCEPTION 'business key % came with other input', p_business_key USING ERRCODE = 'HF002';
        END IF;
        RETURN v_earlier.voucher_id;
    END IF;
    IF p_reverses_voucher_id IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(18514, (p_reverses_voucher_id % 2147483647)::int);
        SELECT * INTO v_reversed FROM general_voucher
        WHERE account_set = p_account_set AND voucher_id = p_reverses_voucher_id AND NOT is_batch;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'set % has no voucher %', p_account_set, p_reverses_voucher_id USING ERRCODE = 'HF005';
        END IF;
        IF v_reversed.reverses_voucher_id IS NOT NULL THEN
            RAISE EXCEPTION 'voucher % is a reversal itself', p_reverses_voucher_id USING ERRCODE = 'HF008';
        END IF;
        IF EXISTS (SELECT FROM general_voucher
                   WHERE account_set = p_account_set AND reverses_voucher_id = p_reverses_voucher_id) THEN
            RAISE EXCEPTION 'voucher % is reversed already', p_reverses_voucher_id USING ERRCODE = 'HF009';
        END IF;
        v_effective_on := v_reversed.effective_on;
        SELECT jsonb_agg(jsonb_build_object('subject', subject, 'side', CASE side WHEN 'D' THEN 'C' ELSE 'D' END,
                                            'amount_fen', amount_fen, 'auxiliary', auxiliary) ORDER BY line_no)
        INTO v_lines FROM general_line
        WHERE account_set = p_account_set AND period = v_reversed.period AND voucher_id = p_reverses_voucher_id;
    END IF;
    v_posted_on := ledger_posting_day(p_account_set, p_posted_on);
    v_period := (extract(year FROM v_posted_on) * 100 + extract(month FROM v_posted_on))::int;
    SELECT coalesce(sum(amount_fen) FILTER (WHERE side = 'D'), 0), coalesce(sum(amount_fen) FILTER (WHERE side = 'C'), 0),
           count(*) FILTER (WHERE (s.postable AND NOT s.personal AND side IN ('D', 'C') AND amount_fen > 0
                                   AND (s.auxiliary_kind = '' OR auxiliary <> '')) IS NOT TRUE)
    INTO v_debit, v_credit, v_malformed
    FROM jsonb_to_recordset(v_lines) AS l (subject text, side text, amount_fen bigint, auxiliary text)
    LEFT JOIN account_subject s ON s.account_set = p_account_set AND s.code = l.subject;
    IF v_malformed > 0 THEN
        RAISE EXCEPTION '% lines have no known subject, no side, no auxiliary or no positive amount', v_malformed
            USING ERRCODE = 'HF005';
    END IF;
    INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary, case_id,
                                 debit_fen, credit_fen, effective_on, posted_on, recorded_at, prepared_by,
                                 reverses_voucher_id, reason, part)
    VALUES (p_account_set, v_period, p_voucher_id, p_business_key, p_input_hash, p_kind, p_summary, p_case_id,
            v_debit, v_credit, v_effective_on, v_posted_on, p_now, p_prepared_by, p_reverses_voucher_id, p_reason,
            ledger_part(p_account_set, v_posted_on));
    INSERT INTO general_line (account_set, period, voucher_id, line_no, subject, auxiliary, side, amount_fen)
    SELECT p_account_set, v_period, p_voucher_id, t.ordinality, t.line ->> 'subject',
           coalesce(t.line ->> 'auxiliary', ''), t.line ->> 'side', (t.line ->> 'amount_fen')::bigint
    FROM jsonb_array_elements(v_lines) WITH ORDINALITY AS t (line, ordinality);
    IF p_event_id IS NOT NULL THEN
        INSERT INTO outbox (account_no, event_id, kind, payload, created_at)
        VALUES (0, p_event_id, p_event_kind, p_event || jsonb_build_object('voucher_id', p_voucher_id::text), p_now);
    END IF;
    RETURN p_voucher_id;
END $$;

-- A new rate from a day that is still to come for every account's books.
CREATE FUNCTION ledger_set_deposit_rate(p_effective_from date, p_rate_ppm bigint, p_source text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_closed date;
    v_last date;
BEGIN
    LOCK TABLE deposit_rate IN SHARE ROW EXCLUSIVE MODE;
    SELECT closed_through INTO v_closed FROM book_calendar;
    SELECT max(effective_from) INTO v_last FROM deposit_rate;
    IF p_effective_from <= coalesce(v_closed, v_last) OR p_effective_from <= v_last THEN
        RAISE EXCEPTION 'a rate from % comes too late', p_effective_from USING ERRCODE = 'HF006';
    END IF;
    INSERT INTO deposit_rate (effective_from, rate_ppm, index_before, source)
    VALUES (p_effective_from, p_rate_ppm, ledger_rate_index(p_effective_from), p_source);
END $$;

GRANT SELECT ON account_set, deposit_rate, general_voucher, general_line, ledger_line, book_calendar, book_period TO hpf_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_open_account, ledger_place_hold, ledger_end_hold, ledger_extend_hold, ledger_post,
    ledger_reverse, ledger_post_general, ledger_settle_account, ledger_set_deposit_rate,
    ledger_rate_index, ledger_interest, ledger_settlement_before TO hpf_app;

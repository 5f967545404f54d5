-- The ledger. Its only writers are the functions below (SECURITY DEFINER); nobody else has rights to change a row.
-- A voucher touches one personal account: the bank-side lines carry its account_no and are summed, never updated.
--
-- Errors raised for people carry their own SQLSTATE:
--   HF001 the available balance does not cover the amount   HF002 the business key came with other input
--   HF003 the account may not be moved in its state          HF004 the hold is not placed any more
-- Those that only a bug raises: HF005 the lines are no voucher   HF099 a row that never changes
--
-- Every function locks the account's row, then its balance: whoever locks the account before it calls (a case's
-- action) or changes it afterwards (缴至年月) waits in the same order, and the state that is read here stays.

CREATE TABLE voucher (
    account_no bigint NOT NULL REFERENCES account (account_no),
    period integer NOT NULL,
    voucher_id bigint NOT NULL,
    business_key text NOT NULL,
    input_hash bytea NOT NULL,
    account_set text NOT NULL DEFAULT 'provident_fund',
    kind char(2) NOT NULL,
    summary text NOT NULL,
    case_id bigint,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    effective_on date NOT NULL,
    posted_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    reverses_voucher_id bigint,
    PRIMARY KEY (account_no, period, voucher_id),
    UNIQUE (account_no, business_key),
    CONSTRAINT voucher_balances CHECK (debit_fen = credit_fen AND debit_fen > 0)
);

CREATE TABLE posting (
    account_no bigint NOT NULL,
    period integer NOT NULL,
    voucher_id bigint NOT NULL,
    line_no smallint NOT NULL,
    account_set text NOT NULL,
    subject text NOT NULL,
    -- 辅助项: for bank subjects the entrusted bank's code.
    auxiliary text NOT NULL DEFAULT '',
    side char(1) NOT NULL CHECK (side IN ('D', 'C')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    -- Only on lines that move the personal balance; sequence orders them within the account.
    sequence bigint,
    balance_before_fen bigint,
    balance_after_fen bigint,
    carried_over_fen bigint NOT NULL DEFAULT 0,
    current_year_fen bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_no, period, voucher_id, line_no),
    FOREIGN KEY (account_set, subject) REFERENCES account_subject (account_set, code),
    CONSTRAINT posting_moves_balance CHECK (
        sequence IS NULL
        OR balance_after_fen = balance_before_fen + CASE side WHEN 'C' THEN amount_fen ELSE -amount_fen END)
) PARTITION BY RANGE (period);

CREATE INDEX posting_history ON posting (account_no, sequence DESC) WHERE sequence IS NOT NULL;

CREATE TABLE hold (
    account_no bigint NOT NULL REFERENCES account (account_no),
    hold_id bigint NOT NULL,
    business_key text NOT NULL,
    input_hash bytea NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN ('placed', 'posted', 'voided', 'expired')),
    case_id bigint,
    reason text NOT NULL,
    placed_at timestamptz NOT NULL,
    expires_on date NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (account_no, hold_id),
    UNIQUE (account_no, business_key)
);
CREATE INDEX hold_expiry ON hold (expires_on) WHERE state = 'placed';

-- Written by the posting function or by the action in its transaction; the relay marks it (scale-out rule 9).
CREATE TABLE outbox (
    account_no bigint NOT NULL,
    event_id bigint NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    PRIMARY KEY (account_no, event_id)
);
CREATE INDEX outbox_unsent ON outbox (event_id) WHERE sent_at IS NULL;

-- What a consumer of an event has done already, kept in the transaction of its effect.
CREATE TABLE event_consumed (
    account_no bigint NOT NULL,
    event_id bigint NOT NULL,
    consumer text NOT NULL,
    consumed_at timestamptz NOT NULL,
    PRIMARY KEY (account_no, event_id, consumer)
);

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME USING ERRCODE = 'HF099';
END $$;

CREATE TRIGGER voucher_immutable BEFORE UPDATE OR DELETE ON voucher
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER posting_immutable BEFORE UPDATE OR DELETE ON posting
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();

CREATE FUNCTION ledger_open_account(p_account_no bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO account_balance (account_no) VALUES (p_account_no) ON CONFLICT DO NOTHING
$$;

-- Places a hold, once per business key. Returns true when placed now, false when it stood already.
CREATE FUNCTION ledger_place_hold(
    p_account_no bigint, p_hold_id bigint, p_business_key text, p_input_hash bytea, p_amount_fen bigint,
    p_case_id bigint, p_reason text, p_expires_on date, p_now timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_balance account_balance;
    v_state char(2);
    v_hash bytea;
BEGIN
    SELECT state INTO v_state FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
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

-- Ends a placed hold without posting it. Returns false when it had ended the same way already.
CREATE FUNCTION ledger_end_hold(p_account_no bigint, p_hold_id bigint, p_state text, p_now timestamptz) RETURNS boolean
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
    UPDATE hold SET state = p_state, ended_at = p_now WHERE account_no = p_account_no AND hold_id = p_hold_id;
    UPDATE account_balance SET held_fen = held_fen - v_hold.amount_fen WHERE account_no = p_account_no;
    RETURN true;
END $$;

-- Posts one voucher. p_lines: [{"subject","side","amount_fen","auxiliary"}], in the order of their line numbers.
-- With p_hold_id the hold is posted in the same step and must equal the amount taken from the account.
-- Returns the voucher's id: p_voucher_id when posted now, the earlier one when the business key stood already.
CREATE FUNCTION ledger_post(
    p_account_no bigint, p_period integer, p_voucher_id bigint, p_business_key text, p_input_hash bytea,
    p_account_set text, p_kind text, p_summary text, p_case_id bigint, p_effective_on date, p_posted_on date,
    p_now timestamptz, p_hold_id bigint, p_lines jsonb, p_reverses_voucher_id bigint,
    p_event_id bigint, p_event_kind text, p_event jsonb
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_balance account_balance;
    v_earlier voucher;
    v_hold hold;
    v_state char(2);
    v_debit bigint;
    v_credit bigint;
    v_in bigint;
    v_out bigint;
    v_malformed bigint;
    v_from_carried bigint;
BEGIN
    SELECT state INTO v_state FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
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
    IF p_hold_id IS NULL AND v_state NOT IN ('01', '02') THEN
        RAISE EXCEPTION 'account % is in state %', p_account_no, v_state USING ERRCODE = 'HF003';
    END IF;

    SELECT coalesce(sum(amount_fen) FILTER (WHERE side = 'D'), 0), coalesce(sum(amount_fen) FILTER (WHERE side = 'C'), 0),
           coalesce(sum(amount_fen) FILTER (WHERE side = 'C' AND s.personal), 0),
           coalesce(sum(amount_fen) FILTER (WHERE side = 'D' AND s.personal), 0),
           count(*) FILTER (WHERE (s.code IS NOT NULL AND side IN ('D', 'C') AND amount_fen > 0) IS NOT TRUE)
    INTO v_debit, v_credit, v_in, v_out, v_malformed
    FROM jsonb_to_recordset(p_lines) AS l (subject text, side text, amount_fen bigint)
    LEFT JOIN account_subject s ON s.account_set = p_account_set AND s.code = l.subject;
    IF v_malformed > 0 THEN
        RAISE EXCEPTION '% lines have no known subject, no side or no positive amount', v_malformed USING ERRCODE = 'HF005';
    END IF;
    IF v_in > 0 AND v_out > 0 THEN
        RAISE EXCEPTION 'a voucher moves a personal account one way' USING ERRCODE = 'HF005';
    END IF;

    IF p_hold_id IS NOT NULL THEN
        SELECT * INTO v_hold FROM hold WHERE account_no = p_account_no AND hold_id = p_hold_id;
        IF v_hold.state IS DISTINCT FROM 'placed' THEN
            RAISE EXCEPTION 'hold % is %', p_hold_id, coalesce(v_hold.state, 'unknown') USING ERRCODE = 'HF004';
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
                         debit_fen, credit_fen, effective_on, posted_on, recorded_at, reverses_voucher_id)
    VALUES (p_account_no, p_period, p_voucher_id, p_business_key, p_input_hash, p_account_set, p_kind, p_summary, p_case_id,
            v_debit, v_credit, p_effective_on, p_posted_on, p_now, p_reverses_voucher_id);

    -- What was carried over leaves first (SNJZFSE before DNGJFSE); what comes in belongs to the current year.
    v_from_carried := least(v_out, v_balance.carried_over_fen);
    INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, auxiliary, side, amount_fen, sequence,
                         balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
    SELECT p_account_no, p_period, p_voucher_id, l.line_no, p_account_set, l.subject, l.auxiliary, l.side, l.amount_fen,
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
        balance_fen = balance_fen + v_in - v_out,
        held_fen = v_balance.held_fen,
        carried_over_fen = carried_over_fen - v_from_carried,
        current_year_fen = current_year_fen + v_in - (v_out - v_from_carried),
        posting_count = posting_count + (SELECT count(*) FROM posting p
            WHERE p.account_no = p_account_no AND p.period = p_period AND p.voucher_id = p_voucher_id
              AND p.sequence IS NOT NULL)
    WHERE account_no = p_account_no;

    IF p_event_id IS NOT NULL THEN
        INSERT INTO outbox (account_no, event_id, kind, payload, created_at)
        VALUES (p_account_no, p_event_id, p_event_kind, p_event || jsonb_build_object('voucher_id', p_voucher_id::text), p_now);
    END IF;
    RETURN p_voucher_id;
END $$;

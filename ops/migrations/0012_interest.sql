-- Interest for many accounts at once, and interest to the day of a closing or a transfer.

-- A subject is checked by the functions that write postings, the only writers there are. The foreign key asked again for
-- every line by itself, which was two fifths of an annual settlement; what it also gave, that a subject in use does not
-- vanish, the chart now gives by itself.
ALTER TABLE posting DROP CONSTRAINT posting_account_set_subject_fkey;

CREATE FUNCTION ledger_keep_subject() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a subject of the chart is neither renamed nor removed' USING ERRCODE = 'HF099';
END $$;
CREATE TRIGGER account_subject_kept BEFORE DELETE OR UPDATE OF account_set, code ON account_subject
    FOR EACH ROW EXECUTE FUNCTION ledger_keep_subject();

-- Most accounts are of one set: says at once whether a range holds any other.
CREATE INDEX account_of_other_set ON account (account_no) WHERE account_set <> 'provident_fund';

-- The 30 June that ends the fund year after a day on which an account was settled.
CREATE FUNCTION ledger_settlement_after(p_settled date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT make_date(extract(year FROM p_settled)::int
                     + (p_settled >= make_date(extract(year FROM p_settled)::int, 6, 30))::int,
                     6, 30)
$$;

-- Settles every account from p_lo to p_hi that has not had the interest of 30 June p_on: set by set and year by year,
-- which is one statement where nobody missed a year; one posting an account, one batch voucher a statement.
--
-- It takes the balances' locks in the order of account numbers and waits for whoever holds one: an account that an
-- action has touched meanwhile was settled by it and is left as it is, because UPDATE looks again at the row it waited
-- for. For the same reason the new values are computed from the row itself and from nothing that was read before. No
-- account's row is locked: an action locks the account, then its balance, and never waits for us at the account.
-- Balances of nought that earned nothing are passed over; their next movement sets them right (ledger_settle).
-- Returns the number of accounts settled.
CREATE FUNCTION ledger_settle_range(p_lo bigint, p_hi bigint, p_on date, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET work_mem = '64MB'
-- By the key, so that locks are taken in its order.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off AS $$
DECLARE
    v_sets text[];
    v_first date;
    v_set account_set;
    v_bears integer;
    v_on date;
    v_index bigint;
    v_posted date;
    v_period integer;
    v_key text;
    v_voucher_id bigint;
    v_rows bigint;
    v_interest bigint;
    v_settled bigint := 0;
BEGIN
    IF p_on <> ledger_settlement_before(p_on + 1) THEN
        RAISE EXCEPTION '% is no day of settlement', p_on USING ERRCODE = 'HF005';
    END IF;
    SELECT min(settled_through) INTO v_first FROM account_balance
    WHERE account_no BETWEEN p_lo AND p_hi AND settled_through < p_on AND (balance_fen <> 0 OR interest_offset <> 0);
    IF v_first IS NULL THEN
        RETURN 0;
    END IF;
    v_sets := ARRAY['provident_fund'];
    IF EXISTS (SELECT FROM account WHERE account_no BETWEEN p_lo AND p_hi AND account_set <> 'provident_fund') THEN
        SELECT array_agg(code) INTO v_sets FROM account_set WHERE personal_subject IS NOT NULL;
    END IF;
    v_first := ledger_settlement_after(v_first);
    IF v_first < p_on OR cardinality(v_sets) > 1 THEN
        -- More than one statement will go over the range: all its locks first, in order.
        PERFORM 1 FROM account_balance WHERE account_no BETWEEN p_lo AND p_hi AND settled_through < p_on
        ORDER BY account_no FOR UPDATE;
    END IF;
    FOR v_set IN SELECT * FROM account_set WHERE code = ANY(v_sets) ORDER BY code LOOP
        v_bears := (v_set.interest_subject IS NOT NULL)::int;
        v_on := v_first;
        WHILE v_on <= p_on LOOP
            v_index := ledger_rate_index(v_on + 1);
            v_posted := ledger_posting_day(v_set.code, v_on, p_passes_on => true);
            v_period := (extract(year FROM v_posted) * 100 + extract(month FROM v_posted))::int;
            v_key := format('interest:%s:%s-%s', extract(year FROM v_on)::int, p_lo, p_hi);
            -- Made of the key, and above every number that the application makes.
            v_voucher_id := hashtextextended(v_set.code || ':' || v_key, 0) & 4611686018427387903 | 4611686018427387904;
            WITH settled AS (
                UPDATE account_balance b SET
                    balance_fen = balance_fen + v_bears * ledger_interest(balance_fen * v_index - interest_offset),
                    carried_over_fen = balance_fen + v_bears * ledger_interest(balance_fen * v_index - interest_offset),
                    current_year_fen = 0,
                    posting_count = posting_count
                        + (v_bears * ledger_interest(balance_fen * v_index - interest_offset) > 0)::int,
                    settled_sequence = posting_count
                        + (v_bears * ledger_interest(balance_fen * v_index - interest_offset) > 0)::int,
                    last_interest_fen = v_bears * ledger_interest(balance_fen * v_index - interest_offset),
                    interest_offset =
                        (balance_fen + v_bears * ledger_interest(balance_fen * v_index - interest_offset)) * v_index
                        - least(balance_fen * v_index - interest_offset, 0),
                    settled_through = v_on
                WHERE account_no BETWEEN p_lo AND p_hi AND settled_through < v_on
                    AND settled_through >= v_on - interval '1 year' AND (balance_fen <> 0 OR interest_offset <> 0)
                    AND (cardinality(v_sets) = 1 OR EXISTS (
                        SELECT FROM account a WHERE a.account_no = b.account_no AND a.account_set = v_set.code))
                RETURNING account_no, balance_fen, posting_count, last_interest_fen
            ), posted AS (
                INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen,
                                     sequence, balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
                SELECT account_no, v_period, v_voucher_id, 2, v_set.code, v_set.personal_subject, 'C', last_interest_fen,
                       posting_count, balance_fen - last_interest_fen, balance_fen, 0, last_interest_fen
                FROM settled WHERE last_interest_fen > 0
            )
            SELECT count(*), coalesce(sum(last_interest_fen), 0) INTO v_rows, v_interest FROM settled;
            IF v_interest > 0 THEN
                INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary,
                    debit_fen, credit_fen, effective_on, posted_on, recorded_at, prepared_by, is_batch, account_from,
                    account_to, part)
                VALUES (v_set.code, v_period, v_voucher_id, v_key, '\x', '09',
                    extract(year FROM v_on)::int || '年6月30日结息', v_interest, v_interest, v_on + 1, v_posted, p_now,
                    'system', true, p_lo, p_hi, ledger_part(v_set.code, v_posted));
                INSERT INTO general_line (account_set, period, voucher_id, line_no, subject, side, amount_fen, detailed)
                VALUES (v_set.code, v_period, v_voucher_id, 1, v_set.interest_subject, 'D', v_interest, false),
                       (v_set.code, v_period, v_voucher_id, 2, v_set.personal_subject, 'C', v_interest, true);
            END IF;
            v_settled := v_settled + v_rows;
            v_on := ledger_settlement_after(v_on);
        END LOOP;
    END LOOP;
    RETURN v_settled;
END $$;

-- What an account would be given if it were settled to the day before p_on: every 30 June that it has not had yet, each
-- rounded by itself, and the days since. Reads only.
CREATE FUNCTION ledger_interest_due(p_account_no bigint, p_on date) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    v_balance account_balance;
    v_subject text;
    v_on date;
    v_index bigint;
    v_product bigint;
    v_interest bigint;
    v_due bigint := 0;
BEGIN
    SELECT * INTO v_balance FROM account_balance WHERE account_no = p_account_no;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % has no balance row', p_account_no USING ERRCODE = 'HF003';
    END IF;
    SELECT s.interest_subject INTO v_subject
    FROM account a JOIN account_set s ON s.code = a.account_set WHERE a.account_no = p_account_no;
    v_on := v_balance.settled_through;
    WHILE v_subject IS NOT NULL AND v_on < p_on - 1 LOOP
        v_on := least(ledger_settlement_after(v_on), p_on - 1);
        v_index := ledger_rate_index(v_on + 1);
        v_product := v_balance.balance_fen * v_index - v_balance.interest_offset;
        v_interest := ledger_interest(v_product);
        v_due := v_due + v_interest;
        v_balance.balance_fen := v_balance.balance_fen + v_interest;
        v_balance.interest_offset := v_balance.balance_fen * v_index - least(v_product, 0);
    END LOOP;
    RETURN v_due;
END $$;

-- Capitalises interest to the day before p_closing_on, from which the money is to leave: for a closing or a transfer to
-- another centre. The account is settled through that day; the year is not carried over, because it goes on if the
-- account stays after all. Returns the interest of this voucher; the same key again answers as before.
CREATE FUNCTION ledger_settle_for_closing(
    p_account_no bigint, p_voucher_id bigint, p_business_key text, p_input_hash bytea, p_closing_on date, p_posted_on date,
    p_now timestamptz
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_account account;
    v_balance account_balance;
    v_set account_set;
    v_earlier voucher;
    v_posted date;
    v_period integer;
    v_index bigint;
    v_product bigint;
    v_interest bigint;
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
        RETURN v_earlier.debit_fen;
    END IF;
    IF v_account.state NOT IN ('01', '02') THEN
        RAISE EXCEPTION 'account % is in state %', p_account_no, v_account.state USING ERRCODE = 'HF003';
    END IF;
    SELECT * INTO v_set FROM account_set WHERE code = v_account.account_set;
    v_posted := ledger_posting_day(v_set.code, p_posted_on);
    IF p_closing_on > v_posted + 1 THEN
        RAISE EXCEPTION 'interest to % cannot be booked on %', p_closing_on - 1, v_posted USING ERRCODE = 'HF005';
    END IF;
    IF v_balance.settled_through < ledger_settlement_before(p_closing_on) THEN
        v_balance := ledger_settle(v_balance, v_set.code, p_closing_on, p_now);
    END IF;
    IF v_balance.settled_through > p_closing_on - 1 THEN
        RAISE EXCEPTION 'account % is settled through % already', p_account_no, v_balance.settled_through
            USING ERRCODE = 'HF005';
    END IF;
    v_period := (extract(year FROM v_posted) * 100 + extract(month FROM v_posted))::int;
    v_index := ledger_rate_index(p_closing_on);
    v_product := v_balance.balance_fen * v_index - v_balance.interest_offset;
    v_interest := CASE WHEN v_set.interest_subject IS NULL THEN 0 ELSE ledger_interest(v_product) END;
    IF v_interest > 0 THEN
        INSERT INTO voucher (account_no, period, voucher_id, business_key, input_hash, account_set, kind, summary,
                             debit_fen, credit_fen, effective_on, posted_on, recorded_at, part)
        VALUES (p_account_no, v_period, p_voucher_id, p_business_key, p_input_hash, v_set.code, '99',
                '结清利息（计至' || to_char(p_closing_on - 1, 'YYYY-MM-DD') || '）', v_interest, v_interest,
                p_closing_on, v_posted, p_now, ledger_part(v_set.code, v_posted));
        INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen, sequence,
                             balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
        VALUES (p_account_no, v_period, p_voucher_id, 1, v_set.code, v_set.interest_subject, 'D', v_interest, NULL, NULL,
                NULL, 0, 0),
               (p_account_no, v_period, p_voucher_id, 2, v_set.code, v_set.personal_subject, 'C', v_interest,
                v_balance.posting_count + 1, v_balance.balance_fen, v_balance.balance_fen + v_interest, 0, v_interest);
    END IF;
    UPDATE account_balance SET
        balance_fen = v_balance.balance_fen + v_interest,
        current_year_fen = v_balance.current_year_fen + v_interest,
        posting_count = v_balance.posting_count + (v_interest > 0)::int,
        settled_sequence = v_balance.posting_count + (v_interest > 0)::int,
        interest_offset = (v_balance.balance_fen + v_interest) * v_index - least(v_product, 0),
        last_interest_fen = v_interest,
        settled_through = p_closing_on - 1
    WHERE account_no = p_account_no;
    RETURN v_interest;
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_settle_range, ledger_interest_due, ledger_settle_for_closing, ledger_settlement_after
    TO hpf_app;

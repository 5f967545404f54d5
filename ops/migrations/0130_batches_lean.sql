-- Less work for each account where many are moved at once (decision 130): measured statement by statement.

-- One index of a posting is enough. An account has a handful of lines a month, which its key finds; the second index was
-- a fifth of the annual settlement and of every other posting, and saved the reader a sort of some ten rows.
DROP INDEX posting_history;

-- The interest of 30 June comes between the lines that June has already: leaves that are half full take it without being
-- split. `ops.migrate` makes the Junes to come so.
DO $$
DECLARE
    v_index text;
BEGIN
    FOR v_index IN
        SELECT i.indexrelid::regclass FROM pg_inherits h JOIN pg_index i ON i.indrelid = h.inhrelid
        WHERE h.inhparent = 'posting'::regclass AND i.indisprimary AND h.inhrelid::regclass::text ~ '^posting_[0-9]{4}06$'
    LOOP
        EXECUTE format('ALTER INDEX %s SET (fillfactor = 50)', v_index);
    END LOOP;
END $$;

-- Each update of a balance looked at its old row once more to see that the account's number had not changed, and each
-- opening locked the account by itself. Accounts now stay by a rule of their own, and the functions that open a balance,
-- the only ones, ask for all its accounts at once.
ALTER TABLE account_balance DROP CONSTRAINT account_balance_account_no_fkey;

CREATE FUNCTION ledger_keep_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account is neither renumbered nor removed' USING ERRCODE = 'HF099';
END $$;
CREATE TRIGGER account_kept BEFORE DELETE OR UPDATE OF account_no ON account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep_account();

-- The same for the months that are paid: their accounts are asked for once a statement.
ALTER TABLE contribution_month DROP CONSTRAINT contribution_month_account_no_fkey;

CREATE FUNCTION contribution_month_has_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_missing bigint;
BEGIN
    SELECT n.account_no INTO v_missing FROM written n LEFT JOIN account a ON a.account_no = n.account_no
    WHERE a.account_no IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'no account %', v_missing USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contribution_month_inserted AFTER INSERT ON contribution_month REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION contribution_month_has_account();

CREATE OR REPLACE FUNCTION ledger_open_account(p_account_no bigint, p_opened_on date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM ledger_open_accounts(ARRAY[p_account_no], p_opened_on);
END $$;

CREATE OR REPLACE FUNCTION ledger_open_accounts(p_account_nos bigint[], p_opened_on date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_settled date := ledger_settlement_before(p_opened_on);
BEGIN
    IF (SELECT count(*) FROM account WHERE account_no = ANY (p_account_nos))
        <> (SELECT count(DISTINCT n) FROM unnest(p_account_nos) AS n) THEN
        RAISE EXCEPTION 'a balance is opened for accounts that are there' USING ERRCODE = 'HF005';
    END IF;
    INSERT INTO account_balance (account_no, settled_through)
    SELECT account_no, v_settled FROM unnest(p_account_nos) AS account_no
    ON CONFLICT DO NOTHING;
END $$;

-- Settles every account from p_lo to p_hi that has not had the interest of 30 June p_on: set by set and year by year,
-- which is one statement where nobody missed a year; one posting an account, one batch voucher a statement.
--
-- It takes the balances' locks in the order of account numbers and waits for whoever holds one: an account that an
-- action has touched meanwhile was settled by it and is left as it is, because UPDATE looks again at the row it waited
-- for. For the same reason the new values are computed from the row itself and from nothing that was read before. No
-- account's row is locked: an action locks the account, then its balance, and never waits for us at the account.
-- Balances of nought that earned nothing are passed over; their next movement sets them right (ledger_settle).
-- Returns the number of accounts settled.
CREATE OR REPLACE FUNCTION ledger_settle_range(p_lo bigint, p_hi bigint, p_on date, p_now timestamptz) RETURNS bigint
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
    v_since date;
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
            v_since := (v_on - interval '1 year')::date;
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
                    AND settled_through >= v_since AND (balance_fen <> 0 OR interest_offset <> 0)
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

DROP FUNCTION ledger_credit_batch(text, bigint, text, bytea, text, text, date, date, timestamptz, text, text, text,
    bigint[], bigint[]);

-- Credits many accounts of one set in one batch voucher: Dr one subject, Cr each account, given in the order of their
-- numbers. For money that has come in and is distributed; a frozen account takes it too, because freezing stops what
-- leaves. Everything or nothing: the caller looks at the accounts' states under its locks first.
-- Locks: the key, then the accounts, then their balances, each in the order of account numbers, as everybody does.
-- What it was given is kept as a digest (SHA-256: PostgreSQL has no SM3; it is compared with and proves nothing else).
-- Returns the voucher's id: p_voucher_id when posted now, the earlier one when the business key stood already.
CREATE FUNCTION ledger_credit_batch(
    p_account_set text, p_voucher_id bigint, p_business_key text, p_kind text, p_summary text, p_effective_on date,
    p_posted_on date, p_now timestamptz, p_prepared_by text, p_debit_subject text, p_debit_auxiliary text,
    p_account_nos bigint[], p_amounts bigint[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '64MB'
-- Row by row as they are given, so that balances are locked in the order of account numbers.
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_earlier general_voucher;
    v_hash bytea := sha256(convert_to(
        concat_ws('|', p_kind, p_debit_subject, p_debit_auxiliary, p_account_nos::text, p_amounts::text), 'UTF8'));
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
    v_due date;
    v_period integer;
BEGIN
    PERFORM pg_advisory_xact_lock(18513, hashtext(p_account_set || ':' || p_business_key));
    SELECT * INTO v_earlier FROM general_voucher WHERE account_set = p_account_set AND business_key = p_business_key;
    IF FOUND THEN
        IF v_earlier.input_hash <> v_hash THEN
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
        OR v_count <> cardinality(p_amounts)
        OR p_account_nos <> (SELECT array_agg(DISTINCT n ORDER BY n) FROM unnest(p_account_nos) AS n) THEN
        RAISE EXCEPTION 'a batch has a set with accounts, a subject, and each account once, in order, with an amount'
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
    -- Hardly ever: between 30 June's midnight and the annual settlement. More than one statement then goes over the
    -- balances, so all their locks come first.
    v_due := ledger_settlement_before(v_posted);
    IF EXISTS (SELECT FROM account_balance WHERE account_no = ANY (p_account_nos) AND settled_through < v_due) THEN
        PERFORM 1 FROM account_balance WHERE account_no = ANY (p_account_nos) ORDER BY account_no FOR UPDATE;
        FOR v_balance IN
            SELECT * FROM account_balance WHERE account_no = ANY (p_account_nos) AND settled_through < v_due
            ORDER BY account_no
        LOOP
            PERFORM ledger_settle(v_balance, p_account_set, v_posted, p_now);
        END LOOP;
    END IF;

    v_index := ledger_rate_index(p_effective_on);
    INSERT INTO general_voucher (account_set, period, voucher_id, business_key, input_hash, kind, summary, debit_fen,
        credit_fen, effective_on, posted_on, recorded_at, prepared_by, is_batch, account_from, account_to, part)
    VALUES (p_account_set, v_period, p_voucher_id, p_business_key, v_hash, p_kind, p_summary, v_total, v_total,
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

-- A line of a statement is marked once when its money is distributed: on its page.
ALTER TABLE remittance_line SET (fillfactor = 60);

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_credit_batch TO hpf_app;

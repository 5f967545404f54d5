-- The ledger complete: account sets, subjects in two levels, general vouchers, the calendar of the books, interest that
-- is kept with the balance, reversals.
--
-- Further SQLSTATEs for people: HF006 the month is closed   HF008 a reversal is not reversed   HF009 reversed already
-- and for bugs: HF007 there is no deposit rate for the day
--
-- Interest needs no history. Let W(d) be the sum of the deposit rate (in ppm a year) over all days before d. A movement
-- x that counts from day e earns x · (W(D) − W(e)) up to day D; so an account keeps Σ x·W(e) as interest_offset, and
-- balance · W(D) − interest_offset is its rate-weighted balance-days product (计息积数) at any D, whatever rates there
-- were. Interest = product / (360 · 10⁶), rounded half up to the fen once (银发〔2005〕129号: daily rate = annual / 360).

CREATE TABLE account_set (
    code text PRIMARY KEY,
    name text NOT NULL,
    standard text NOT NULL,
    -- Subjects of the capitalised interest; NULL in a set whose accounts bear none.
    personal_subject text,
    interest_subject text
);

INSERT INTO account_set (code, name, standard, personal_subject, interest_subject) VALUES
    ('provident_fund', '住房公积金', '财综字〔1999〕33号', '201', '211'),
    ('value_added_income', '增值收益', '财综字〔1999〕33号', NULL, NULL),
    ('flexible_employment', '灵活就业人员住房公积金', '财综字〔1999〕33号', '201', '211'),
    ('maintenance_fund', '住宅专项维修资金', '财会〔2020〕7号', NULL, NULL);

-- auxiliary_kind (辅助项): what a line on this subject must name: bank, office, employer, business; '' nothing.
-- A subject with parts is not posted to itself.
ALTER TABLE account_subject
    ADD COLUMN parent text,
    ADD COLUMN postable boolean NOT NULL DEFAULT true,
    ADD COLUMN auxiliary_kind text NOT NULL DEFAULT ''
        CHECK (auxiliary_kind IN ('', 'bank', 'office', 'employer', 'business'));

UPDATE account_subject SET auxiliary_kind = 'bank' WHERE account_set = 'provident_fund' AND code IN ('101', '102');
INSERT INTO account_subject (account_set, code, name, normal_side, parent, auxiliary_kind) VALUES
    ('provident_fund', '21401', '上交财政管理费用', 'C', '214', ''),
    ('provident_fund', '21402', '城市廉租住房建设补充资金', 'C', '214', ''),
    ('provident_fund', '21901', '暂收款', 'C', '219', 'office'),
    ('provident_fund', '21902', '应付手续费', 'C', '219', 'bank'),
    ('provident_fund', '21903', '待分配缴存款', 'C', '219', 'employer'),
    ('provident_fund', '21909', '其他应付款—其他', 'C', '219', ''),
    ('provident_fund', '32101', '提取贷款风险准备', 'C', '321', ''),
    ('provident_fund', '32102', '提取管理费用', 'C', '321', ''),
    ('provident_fund', '32103', '城市廉租住房建设补充资金', 'C', '321', ''),
    ('provident_fund', '32104', '待分配增值收益', 'C', '321', ''),
    ('provident_fund', '40101', '住房公积金利息收入', 'C', '401', ''),
    ('provident_fund', '40102', '增值收益利息收入', 'C', '401', ''),
    ('provident_fund', '40103', '委托贷款利息收入', 'C', '401', ''),
    ('provident_fund', '40104', '国家债券利息收入', 'C', '401', ''),
    ('provident_fund', '40105', '其他收入', 'C', '401', ''),
    ('provident_fund', '41101', '住房公积金利息支出', 'D', '411', ''),
    ('provident_fund', '41102', '归集手续费支出', 'D', '411', ''),
    ('provident_fund', '41103', '委托贷款手续费支出', 'D', '411', ''),
    ('provident_fund', '41109', '其他支出', 'D', '411', '');
UPDATE account_subject SET postable = false
WHERE account_set = 'provident_fund' AND code IN ('214', '219', '321', '401', '411');

-- The same chart, kept apart: flexible employment in full, value-added income for what is earned and distributed.
INSERT INTO account_subject (account_set, code, name, normal_side, personal, parent, postable, auxiliary_kind)
SELECT 'flexible_employment', code, name, normal_side, personal, parent, postable, auxiliary_kind
FROM account_subject WHERE account_set = 'provident_fund';
INSERT INTO account_subject (account_set, code, name, normal_side, personal, parent, postable, auxiliary_kind)
SELECT 'value_added_income', code, name, normal_side, false, parent, postable, auxiliary_kind
FROM account_subject WHERE account_set = 'provident_fund' AND code NOT IN ('101', '121', '122', '201', '211')
    AND code !~ '^219';
INSERT INTO account_subject (account_set, code, name, normal_side, parent, postable, auxiliary_kind) VALUES
    ('maintenance_fund', '1001', '银行存款', 'D', NULL, true, 'bank'),
    ('maintenance_fund', '1101', '国债投资', 'D', NULL, true, ''),
    ('maintenance_fund', '2001', '应付房屋灭失返还资金', 'C', NULL, true, ''),
    ('maintenance_fund', '3001', '商品住宅维修资金', 'C', NULL, true, ''),
    ('maintenance_fund', '3002', '已售公有住房维修资金', 'C', NULL, true, ''),
    ('maintenance_fund', '3101', '待分配累计收益', 'C', NULL, true, ''),
    ('maintenance_fund', '4001', '交存收入', 'C', NULL, false, ''),
    ('maintenance_fund', '400101', '交存收入—商品住宅', 'C', '4001', true, ''),
    ('maintenance_fund', '400102', '交存收入—公有住房', 'C', '4001', true, ''),
    ('maintenance_fund', '4101', '存款利息收入', 'C', NULL, true, ''),
    ('maintenance_fund', '4102', '国债利息收入', 'C', NULL, true, ''),
    ('maintenance_fund', '4201', '经营收入', 'C', NULL, true, ''),
    ('maintenance_fund', '4301', '共用设施处置收入', 'C', NULL, true, ''),
    ('maintenance_fund', '4901', '其他收入', 'C', NULL, true, ''),
    ('maintenance_fund', '5001', '维修支出', 'D', NULL, false, ''),
    ('maintenance_fund', '500101', '维修支出—商品住宅', 'D', '5001', true, ''),
    ('maintenance_fund', '500102', '维修支出—公有住房', 'D', '5001', true, ''),
    ('maintenance_fund', '5101', '返还支出', 'D', NULL, false, ''),
    ('maintenance_fund', '510101', '返还支出—商品住宅', 'D', '5101', true, ''),
    ('maintenance_fund', '510102', '返还支出—公有住房', 'D', '5101', true, ''),
    ('maintenance_fund', '5901', '其他支出', 'D', NULL, true, '');

ALTER TABLE account_subject ADD FOREIGN KEY (account_set) REFERENCES account_set (code);
ALTER TABLE account ADD COLUMN account_set text NOT NULL DEFAULT 'provident_fund' REFERENCES account_set (code);

-- The rate on personal deposits by date, with W at its first day. Written by ledger_set_deposit_rate only.
CREATE TABLE deposit_rate (
    effective_from date PRIMARY KEY,
    rate_ppm bigint NOT NULL CHECK (rate_ppm BETWEEN 0 AND 200000),
    index_before bigint NOT NULL,
    source text NOT NULL
);
-- 银发〔2016〕43号: one rate for carried-over and current-year deposits; the books begin after it.
INSERT INTO deposit_rate (effective_from, rate_ppm, index_before, source)
VALUES ('2016-02-21', 15000, 0, '银发〔2016〕43号');

CREATE FUNCTION ledger_rate_index(p_day date) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    v_index bigint;
BEGIN
    SELECT index_before + rate_ppm * (p_day - effective_from) INTO v_index
    FROM deposit_rate WHERE effective_from <= p_day ORDER BY effective_from DESC LIMIT 1;
    IF v_index IS NULL THEN
        RAISE EXCEPTION 'no deposit rate on %', p_day USING ERRCODE = 'HF007';
    END IF;
    RETURN v_index;
END $$;

-- In fen, half up. A product below nought, which a late correction may leave, bears nothing.
CREATE FUNCTION ledger_interest(p_product bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest((p_product + 180000000) / 360000000, 0)
$$;

-- The last 30 June before a day: interest up to it is capitalised before anything of that day.
CREATE FUNCTION ledger_settlement_before(p_day date) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT make_date(extract(year FROM p_day)::int - (extract(month FROM p_day) <= 6)::int, 6, 30)
$$;

-- settled_sequence: how many of the account's lines the last settlement has seen.
ALTER TABLE account_balance
    ADD COLUMN interest_offset bigint NOT NULL DEFAULT 0,
    ADD COLUMN settled_through date NOT NULL DEFAULT '2016-06-30',
    ADD COLUMN settled_sequence bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_interest_fen bigint NOT NULL DEFAULT 0;

-- Books kept before this migration bore no interest: they begin with the running fund year.
UPDATE account_balance b SET
    settled_through = ledger_settlement_before(current_date),
    settled_sequence = m.settled,
    interest_offset = m.product
FROM (
    SELECT a.account_no, count(*) FILTER (WHERE v.effective_on <= ledger_settlement_before(current_date)) AS settled,
           coalesce(sum(CASE p.side WHEN 'C' THEN p.amount_fen ELSE -p.amount_fen END * ledger_rate_index(
               greatest(v.effective_on, ledger_settlement_before(current_date) + 1))), 0)::bigint AS product
    FROM account a
    LEFT JOIN posting p ON p.account_no = a.account_no AND p.sequence IS NOT NULL
    LEFT JOIN voucher v ON v.account_no = p.account_no AND v.period = p.period AND v.voucher_id = p.voucher_id
    GROUP BY a.account_no) m
WHERE m.account_no = b.account_no;

-- What no personal account has a part in, and the heads of batches whose lines on personal accounts are in posting.
CREATE TABLE general_voucher (
    account_set text NOT NULL REFERENCES account_set (code),
    period integer NOT NULL,
    voucher_id bigint NOT NULL,
    business_key text NOT NULL,
    input_hash bytea NOT NULL,
    kind char(2) NOT NULL,
    summary text NOT NULL,
    case_id bigint,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    effective_on date NOT NULL,
    posted_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    prepared_by text NOT NULL,
    reverses_voucher_id bigint,
    reason text,
    is_batch boolean NOT NULL DEFAULT false,
    -- The accounts whose lines a batch holds, both included: whoever reads them need not look at all the others.
    account_from bigint,
    account_to bigint,
    part smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_set, period, voucher_id),
    UNIQUE (account_set, business_key),
    CONSTRAINT general_voucher_balances CHECK (debit_fen = credit_fen AND debit_fen > 0),
    CONSTRAINT general_voucher_reversal CHECK ((reverses_voucher_id IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX general_voucher_id ON general_voucher (voucher_id);
CREATE INDEX general_voucher_day ON general_voucher (posted_on, voucher_id);
CREATE UNIQUE INDEX general_voucher_reversed ON general_voucher (account_set, reverses_voucher_id)
    WHERE reverses_voucher_id IS NOT NULL;

CREATE TABLE general_line (
    account_set text NOT NULL,
    period integer NOT NULL,
    voucher_id bigint NOT NULL,
    line_no smallint NOT NULL,
    subject text NOT NULL,
    auxiliary text NOT NULL DEFAULT '',
    side char(1) NOT NULL CHECK (side IN ('D', 'C')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    -- The sum of lines that stand one by one in posting under the same voucher.
    detailed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account_set, period, voucher_id, line_no),
    FOREIGN KEY (account_set, period, voucher_id) REFERENCES general_voucher (account_set, period, voucher_id),
    FOREIGN KEY (account_set, subject) REFERENCES account_subject (account_set, code)
);

CREATE TRIGGER general_voucher_immutable BEFORE UPDATE OR DELETE ON general_voucher
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER general_line_immutable BEFORE UPDATE OR DELETE ON general_line
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();

-- Every line of the general ledger once, whoever keeps it.
CREATE VIEW ledger_line AS
    SELECT account_set, period, voucher_id, line_no, subject, auxiliary, side, amount_fen, account_no FROM posting
    UNION ALL
    SELECT account_set, period, voucher_id, line_no, subject, auxiliary, side, amount_fen, 0 FROM general_line
    WHERE NOT detailed;

-- part: 0, or which reopening of the month let the voucher into a day that had closed.
ALTER TABLE voucher
    ADD COLUMN reason text,
    ADD COLUMN part smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT voucher_reversal CHECK ((reverses_voucher_id IS NULL) = (reason IS NULL));
CREATE UNIQUE INDEX voucher_reversed ON voucher (account_no, reverses_voucher_id) WHERE reverses_voucher_id IS NOT NULL;
CREATE INDEX voucher_day ON voucher (posted_on, account_no, voucher_id);

-- The calendar of the books. Days close one after the other for all sets; a month closes for each set by itself.
CREATE TABLE book_calendar (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    closed_through date
);
INSERT INTO book_calendar (closed_through) VALUES (NULL);

CREATE TABLE book_period (
    account_set text NOT NULL REFERENCES account_set (code),
    period integer NOT NULL CHECK (period % 100 BETWEEN 1 AND 12),
    state text NOT NULL CHECK (state IN ('closed', 'reopened')),
    openings smallint NOT NULL DEFAULT 0 CHECK (openings >= 0),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (account_set, period)
);

-- The day a voucher is posted on. A day that has closed meanwhile passes the voucher on to the first open day; a month
-- that has closed refuses it; a month that two persons reopened takes it. Whoever closes a day waits for those who
-- post on it, by the lock on that day alone.
CREATE FUNCTION ledger_posting_day(p_account_set text, p_day date, p_passes_on boolean DEFAULT false) RETURNS date
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    v_closed date;
    v_day date := p_day;
    v_state text;
BEGIN
    LOOP
        PERFORM pg_advisory_xact_lock_shared(18512, v_day - DATE '2000-01-01');
        SELECT closed_through INTO v_closed FROM book_calendar;
        EXIT WHEN v_closed IS NULL OR v_day > v_closed;
        PERFORM pg_advisory_xact_lock_shared(18515, hashtext(p_account_set || to_char(p_day, 'YYYYMM')));
        SELECT state INTO v_state FROM book_period
        WHERE account_set = p_account_set
            AND period = (extract(year FROM p_day) * 100 + extract(month FROM p_day))::int;
        IF v_state = 'closed' AND NOT p_passes_on THEN
            RAISE EXCEPTION 'the month of % is closed', p_day USING ERRCODE = 'HF006';
        END IF;
        EXIT WHEN v_state = 'reopened';
        v_day := v_closed + 1;
    END LOOP;
    RETURN v_day;
END $$;

-- Which reopening lets a voucher into this day of the books; 0 into a day that is open.
CREATE FUNCTION ledger_part(p_account_set text, p_posted_on date) RETURNS smallint LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT p.openings FROM book_calendar c, book_period p
        WHERE c.closed_through >= p_posted_on AND p.state = 'reopened' AND p.account_set = p_account_set
            AND p.period = (extract(year FROM p_posted_on) * 100 + extract(month FROM p_posted_on))::int), 0::smallint)
$$;

DROP FUNCTION ledger_open_account(bigint);
CREATE FUNCTION ledger_open_account(p_account_no bigint, p_opened_on date) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO account_balance (account_no, settled_through)
    VALUES (p_account_no, ledger_settlement_before(p_opened_on)) ON CONFLICT DO NOTHING
$$;

-- Capitalises the interest of every 30 June before p_day that the account has not had, and carries the year over.
-- Called with the account's row and its balance locked. Returns the balance as it then stands.
CREATE FUNCTION ledger_settle(p_balance account_balance, p_account_set text, p_day date, p_now timestamptz)
RETURNS account_balance LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_balance account_balance := p_balance;
    v_set account_set;
    v_last date := ledger_settlement_before(p_day);
    v_settled date := v_balance.settled_through;
    v_on date;
    v_posted date;
    v_index bigint;
    v_product bigint;
    v_interest bigint;
    v_period integer;
    v_voucher_id bigint;
BEGIN
    SELECT * INTO v_set FROM account_set WHERE code = p_account_set;
    WHILE v_settled < v_last LOOP
        v_on := CASE WHEN v_balance.balance_fen = 0 AND v_balance.interest_offset = 0 THEN v_last
                     ELSE make_date(extract(year FROM ledger_settlement_before(v_settled + 1))::int + 1, 6, 30) END;
        v_index := ledger_rate_index(v_on + 1);
        v_product := v_balance.balance_fen * v_index - v_balance.interest_offset;
        v_interest := CASE WHEN v_set.interest_subject IS NULL THEN 0 ELSE ledger_interest(v_product) END;
        IF v_interest > 0 THEN
            v_posted := ledger_posting_day(p_account_set, v_on, p_passes_on => true);
            v_period := (extract(year FROM v_posted) * 100 + extract(month FROM v_posted))::int;
            -- One for the account and the year, so its number may be made of them.
            v_voucher_id := (extract(year FROM v_on) * 1000000 + 63009)::bigint;
            INSERT INTO voucher (account_no, period, voucher_id, business_key, input_hash, account_set, kind, summary,
                                 debit_fen, credit_fen, effective_on, posted_on, recorded_at, part)
            VALUES (v_balance.account_no, v_period, v_voucher_id, 'interest:' || extract(year FROM v_on)::int,
                    '\x', p_account_set, '09', extract(year FROM v_on)::int || '年6月30日结息', v_interest, v_interest,
                    -- It bears interest from 1 July on, so that a reversal undoes exactly that.
                    v_on + 1, v_posted, p_now, ledger_part(p_account_set, v_posted));
            INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen)
            VALUES (v_balance.account_no, v_period, v_voucher_id, 1, p_account_set, v_set.interest_subject, 'D',
                    v_interest);
            INSERT INTO posting (account_no, period, voucher_id, line_no, account_set, subject, side, amount_fen,
                                 sequence, balance_before_fen, balance_after_fen, carried_over_fen, current_year_fen)
            VALUES (v_balance.account_no, v_period, v_voucher_id, 2, p_account_set, v_set.personal_subject, 'C',
                    v_interest, v_balance.posting_count + 1, v_balance.balance_fen,
                    v_balance.balance_fen + v_interest, 0, v_interest);
            v_balance.balance_fen := v_balance.balance_fen + v_interest;
            v_balance.posting_count := v_balance.posting_count + 1;
        END IF;
        v_balance.carried_over_fen := v_balance.balance_fen;
        v_balance.current_year_fen := 0;
        -- What a correction has taken too much of is worked off by the next year's product.
        v_balance.interest_offset := v_balance.balance_fen * v_index - least(v_product, 0);
        v_balance.settled_sequence := v_balance.posting_count;
        v_balance.last_interest_fen := v_interest;
        v_settled := v_on;
    END LOOP;
    v_balance.settled_through := v_settled;
    UPDATE account_balance SET
        balance_fen = v_balance.balance_fen,
        carried_over_fen = v_balance.carried_over_fen,
        current_year_fen = v_balance.current_year_fen,
        posting_count = v_balance.posting_count,
        interest_offset = v_balance.interest_offset,
        settled_sequence = v_balance.settled_sequence,
        last_interest_fen = v_balance.last_interest_fen,
        settled_through = v_balance.settled_through
    WHERE account_no = v_balance.account_no;
    RETURN v_balance;
END $$;

-- For the day-end and for whoever wants the balance of today: settles one account if it is due. Returns the interest.
CREATE FUNCTION ledger_settle_account(p_account_no bigint, p_day date, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_set text;
    v_balance account_balance;
    v_before bigint;
BEGIN
    SELECT account_set INTO v_set FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    SELECT * INTO v_balance FROM account_balance WHERE account_no = p_account_no FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % has no balance row', p_account_no USING ERRCODE = 'HF003';
    END IF;
    v_before := v_balance.balance_fen;
    IF v_balance.settled_through < ledger_settlement_before(p_day) THEN
        v_balance := ledger_settle(v_balance, v_set, p_day, p_now);
    END IF;
    RETURN v_balance.balance_fen - v_before;
END $$;

-- The books closed and proved: closed days, formal vouchers (正式凭证) gathered from them, the hash chain over all vouchers,
-- closed months with their totals, and what two persons ask of each other.
--
-- For bugs: HF010 the day or the month is not ready for this step   HF011 the chain has moved on meanwhile

-- Where the balance of an income or expense subject goes at the end of a quarter (季末结转). 财综字〔1999〕33号: 311;
-- 财会〔2020〕7号: what owners paid in and what was spent on their homes to the fund of that kind, all other income to 3101.
-- 5901 has no kind of home: that it follows the other income is our assumption.
ALTER TABLE account_subject ADD COLUMN closes_to text;
UPDATE account_subject SET closes_to = '311'
WHERE account_set <> 'maintenance_fund' AND parent IN ('401', '411');
UPDATE account_subject SET closes_to = CASE
    WHEN code IN ('400101', '500101', '510101') THEN '3001'
    WHEN code IN ('400102', '500102', '510102') THEN '3002'
    ELSE '3101' END
WHERE account_set = 'maintenance_fund' AND postable AND code ~ '^[45]';

-- What is gathered and sealed in one piece: a closed day of all sets (part 0, account_set ''), or what a reopening of a
-- set's month let into a day of it. Numbered in the order in which the chain takes them.
CREATE TABLE book_segment (
    segment_no integer PRIMARY KEY,
    day date NOT NULL,
    part smallint NOT NULL,
    account_set text NOT NULL,
    closed_at timestamptz NOT NULL,
    gathered_at timestamptz,
    formal_vouchers integer,
    sealed_at timestamptz,
    -- Once sealed: how many vouchers, and the chain's state after the last of them.
    vouchers bigint,
    seq bigint,
    link bytea,
    UNIQUE (day, part, account_set),
    CHECK ((part = 0) = (account_set = '')),
    CHECK ((sealed_at IS NULL) = (link IS NULL))
);
CREATE INDEX book_segment_waiting ON book_segment (segment_no) WHERE gathered_at IS NULL OR sealed_at IS NULL;

-- 记账凭证, JGJ/T 320 table 8.0.5: number JZPZH, summary ZhaiYao, posted_on JZRQ, attachments FJDJS (the number of real-time
-- vouchers behind it). Its members are the real-time vouchers of the same day, set, kind and part.
CREATE TABLE formal_voucher (
    account_set text NOT NULL REFERENCES account_set (code),
    period integer NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    posted_on date NOT NULL,
    kind char(2) NOT NULL,
    part smallint NOT NULL,
    summary text NOT NULL,
    attachments bigint NOT NULL CHECK (attachments > 0),
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    gathered_at timestamptz NOT NULL,
    PRIMARY KEY (account_set, period, number),
    UNIQUE (account_set, posted_on, kind, part),
    CONSTRAINT formal_voucher_balances CHECK (debit_fen = credit_fen AND debit_fen > 0)
);
CREATE TABLE formal_voucher_line (
    account_set text NOT NULL,
    period integer NOT NULL,
    number integer NOT NULL,
    line_no integer NOT NULL,
    subject text NOT NULL,
    auxiliary text NOT NULL,
    side char(1) NOT NULL CHECK (side IN ('D', 'C')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (account_set, period, number, line_no),
    FOREIGN KEY (account_set, period, number) REFERENCES formal_voucher (account_set, period, number),
    FOREIGN KEY (account_set, subject) REFERENCES account_subject (account_set, code)
);
-- Locked while numbers are given, so that they have no gap.
CREATE TABLE formal_voucher_counter (
    account_set text NOT NULL REFERENCES account_set (code),
    period integer NOT NULL,
    last_number integer NOT NULL,
    PRIMARY KEY (account_set, period)
);

-- The chain: link = SM3(link before ‖ digest), the first with 32 zero bytes before it. account_no 0 is a general voucher.
CREATE TABLE voucher_seal (
    seq bigint PRIMARY KEY,
    segment_no integer NOT NULL REFERENCES book_segment (segment_no),
    account_no bigint NOT NULL,
    voucher_id bigint NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    link bytea NOT NULL CHECK (octet_length(link) = 32)
);

-- Turnover of a closed month.
CREATE TABLE subject_total (
    account_set text NOT NULL,
    period integer NOT NULL,
    subject text NOT NULL,
    auxiliary text NOT NULL,
    debit_fen bigint NOT NULL,
    credit_fen bigint NOT NULL,
    PRIMARY KEY (account_set, period, subject, auxiliary),
    FOREIGN KEY (account_set, subject) REFERENCES account_subject (account_set, code)
);

-- What one person asks for and another decides: reopening a month (反结账), reversing a voucher (冲正).
CREATE TABLE book_request (
    request_id bigint PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('reopen', 'reverse')),
    account_set text NOT NULL REFERENCES account_set (code),
    period integer NOT NULL,
    -- Only to reverse; account_no 0 for a general voucher.
    account_no bigint,
    voucher_id bigint,
    reason text NOT NULL,
    asked_by text NOT NULL,
    asked_name text NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'approved', 'declined')),
    decided_by text,
    decided_name text,
    decided_at timestamptz,
    result_voucher_id bigint,
    CHECK ((kind = 'reverse') = (voucher_id IS NOT NULL) AND (voucher_id IS NULL) = (account_no IS NULL)),
    CHECK ((state = 'open') = (decided_by IS NULL)),
    CONSTRAINT book_request_four_eyes CHECK (decided_by <> asked_by)
);
CREATE UNIQUE INDEX book_request_reopen ON book_request (account_set, period) WHERE state = 'open' AND kind = 'reopen';
CREATE UNIQUE INDEX book_request_reverse ON book_request (account_no, voucher_id)
    WHERE state = 'open' AND kind = 'reverse';

CREATE TRIGGER formal_voucher_immutable BEFORE UPDATE OR DELETE ON formal_voucher
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER formal_voucher_line_immutable BEFORE UPDATE OR DELETE ON formal_voucher_line
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER voucher_seal_immutable BEFORE UPDATE OR DELETE ON voucher_seal
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();

-- Closes a day and those before it that are still open: waits for those who post on them, then none can. Returns how
-- many days closed now. The first day that is ever closed brings along every day since the first voucher.
CREATE FUNCTION ledger_close_day(p_day date, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_first date;
    v_day date;
    v_last_no integer;
BEGIN
    PERFORM pg_advisory_xact_lock(18516, 0);
    SELECT closed_through + 1 INTO v_first FROM book_calendar;
    IF v_first > p_day THEN
        RETURN 0;
    END IF;
    v_day := coalesce(v_first, p_day - 31);
    WHILE v_day <= p_day LOOP
        PERFORM pg_advisory_xact_lock(18512, v_day - DATE '2000-01-01');
        v_day := v_day + 1;
    END LOOP;
    IF v_first IS NULL THEN
        SELECT least(p_day, (SELECT min(posted_on) FROM voucher), (SELECT min(posted_on) FROM general_voucher))
        INTO v_first;
    END IF;
    SELECT coalesce(max(segment_no), 0) INTO v_last_no FROM book_segment;
    INSERT INTO book_segment (segment_no, day, part, account_set, closed_at)
    SELECT v_last_no + (d::date - v_first) + 1, d::date, 0, '', p_now
    FROM generate_series(v_first::timestamp, p_day::timestamp, interval '1 day') d;
    UPDATE book_calendar SET closed_through = p_day;
    RETURN p_day - v_first + 1;
END $$;

-- Gathers one segment: a formal voucher for each set and kind, its lines the sums by subject, auxiliary item and side.
-- Returns how many; nothing is done twice.
CREATE FUNCTION ledger_gather(p_segment_no integer, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_segment book_segment;
    v_period integer;
    v_count integer;
BEGIN
    SELECT * INTO v_segment FROM book_segment WHERE segment_no = p_segment_no FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no segment %', p_segment_no USING ERRCODE = 'HF010';
    END IF;
    IF v_segment.gathered_at IS NOT NULL THEN
        RETURN 0;
    END IF;
    v_period := (extract(year FROM v_segment.day) * 100 + extract(month FROM v_segment.day))::int;
    INSERT INTO formal_voucher_counter (account_set, period, last_number)
    SELECT code, v_period, 0 FROM account_set WHERE v_segment.account_set IN ('', code) ORDER BY code
    ON CONFLICT DO NOTHING;
    PERFORM 1 FROM formal_voucher_counter
    WHERE period = v_period AND v_segment.account_set IN ('', account_set) ORDER BY account_set FOR UPDATE;

    INSERT INTO formal_voucher (account_set, period, number, posted_on, kind, part, summary, attachments, debit_fen,
                                credit_fen, gathered_at)
    SELECT h.account_set, v_period, c.last_number + row_number() OVER (PARTITION BY h.account_set ORDER BY h.kind),
           v_segment.day, h.kind, v_segment.part,
           CASE WHEN h.members = 1 THEN h.summary ELSE h.summary || '等' || h.members || '笔' END,
           h.members, h.debit_fen, h.credit_fen, p_now
    FROM (
        SELECT account_set, kind, count(*) AS members, min(summary) AS summary, sum(debit_fen)::bigint AS debit_fen,
               sum(credit_fen)::bigint AS credit_fen
        FROM (
            SELECT account_set, kind, summary, debit_fen, credit_fen FROM voucher
            WHERE posted_on = v_segment.day AND part = v_segment.part AND v_segment.account_set IN ('', account_set)
            UNION ALL
            SELECT account_set, kind, summary, debit_fen, credit_fen FROM general_voucher
            WHERE posted_on = v_segment.day AND part = v_segment.part AND v_segment.account_set IN ('', account_set)
        ) AS members
        GROUP BY account_set, kind
    ) AS h
    JOIN formal_voucher_counter c ON c.account_set = h.account_set AND c.period = v_period;
    GET DIAGNOSTICS v_count = ROW_COUNT;

    INSERT INTO formal_voucher_line (account_set, period, number, line_no, subject, auxiliary, side, amount_fen)
    SELECT f.account_set, f.period, f.number,
           row_number() OVER (PARTITION BY f.account_set, f.number ORDER BY l.side DESC, l.subject, l.auxiliary),
           l.subject, l.auxiliary, l.side, l.amount_fen
    FROM formal_voucher f
    JOIN (
        SELECT account_set, kind, subject, auxiliary, side, sum(amount_fen)::bigint AS amount_fen
        FROM (
            SELECT v.account_set, v.kind, p.subject, p.auxiliary, p.side, p.amount_fen
            FROM voucher v
            JOIN posting p ON p.account_no = v.account_no AND p.period = v_period AND p.voucher_id = v.voucher_id
            WHERE v.posted_on = v_segment.day AND v.part = v_segment.part
                AND v_segment.account_set IN ('', v.account_set)
            UNION ALL
            SELECT v.account_set, v.kind, l.subject, l.auxiliary, l.side, l.amount_fen
            FROM general_voucher v
            JOIN general_line l ON l.account_set = v.account_set AND l.period = v.period AND l.voucher_id = v.voucher_id
            WHERE v.posted_on = v_segment.day AND v.part = v_segment.part
                AND v_segment.account_set IN ('', v.account_set)
        ) AS lines
        GROUP BY account_set, kind, subject, auxiliary, side
    ) AS l ON l.account_set = f.account_set AND l.kind = f.kind
    WHERE f.posted_on = v_segment.day AND f.part = v_segment.part AND v_segment.account_set IN ('', f.account_set);

    UPDATE formal_voucher_counter c SET last_number = f.last_number
    FROM (SELECT account_set, max(number) AS last_number FROM formal_voucher
          WHERE posted_on = v_segment.day AND part = v_segment.part GROUP BY account_set) f
    WHERE c.account_set = f.account_set AND c.period = v_period AND v_segment.account_set IN ('', c.account_set);
    UPDATE book_segment SET gathered_at = p_now, formal_vouchers = v_count WHERE segment_no = p_segment_no;
    RETURN v_count;
END $$;

-- Adds links to the chain, of one segment and after the last there is; the last call for a segment ends it.
CREATE FUNCTION ledger_seal(
    p_segment_no integer, p_after_seq bigint, p_account_nos bigint[], p_voucher_ids bigint[], p_digests bytea[],
    p_links bytea[], p_ends boolean, p_link bytea, p_now timestamptz
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_seq bigint;
    v_open integer;
BEGIN
    PERFORM pg_advisory_xact_lock(18516, 1);
    SELECT coalesce(max(seq), 0) INTO v_seq FROM voucher_seal;
    SELECT min(segment_no) INTO v_open FROM book_segment WHERE sealed_at IS NULL;
    IF v_seq <> p_after_seq OR v_open IS DISTINCT FROM p_segment_no THEN
        RAISE EXCEPTION 'the chain stands at % in segment %', v_seq, v_open USING ERRCODE = 'HF011';
    END IF;
    INSERT INTO voucher_seal (seq, segment_no, account_no, voucher_id, digest, link)
    SELECT p_after_seq + t.nth, p_segment_no, t.account_no, t.voucher_id, t.digest, t.link
    FROM unnest(p_account_nos, p_voucher_ids, p_digests, p_links)
        WITH ORDINALITY AS t (account_no, voucher_id, digest, link, nth);
    IF p_ends THEN
        UPDATE book_segment SET sealed_at = p_now, link = p_link, seq = p_after_seq + cardinality(p_voucher_ids),
            vouchers = p_after_seq + cardinality(p_voucher_ids) - coalesce(
                (SELECT seq FROM book_segment WHERE segment_no < p_segment_no ORDER BY segment_no DESC LIMIT 1), 0)
        WHERE segment_no = p_segment_no;
    END IF;
END $$;

-- Closes a month of a set: from now on it refuses vouchers. What a reopening let in is gathered here; its totals are
-- kept. Whoever calls has made sure that nothing stands against it; here only what would make the books wrong.
CREATE FUNCTION ledger_close_period(p_account_set text, p_period integer, p_by text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_first date := make_date(p_period / 100, p_period % 100, 1);
    v_last date := (v_first + interval '1 month')::date - 1;
    v_row book_period;
    v_day date;
    v_no integer;
BEGIN
    PERFORM pg_advisory_xact_lock(18516, 0);
    PERFORM pg_advisory_xact_lock(18515, hashtext(p_account_set || p_period::text));
    SELECT * INTO v_row FROM book_period WHERE account_set = p_account_set AND period = p_period;
    IF v_row.state = 'closed' THEN
        RETURN false;
    END IF;
    IF (SELECT closed_through FROM book_calendar) < v_last IS NOT FALSE
       OR EXISTS (SELECT FROM book_segment
                  WHERE day BETWEEN v_first AND v_last AND (gathered_at IS NULL OR sealed_at IS NULL)) THEN
        RAISE EXCEPTION 'month % has days that are not closed, gathered and sealed', p_period USING ERRCODE = 'HF010';
    END IF;
    IF v_row.state = 'reopened' THEN
        FOR v_day IN
            SELECT posted_on FROM voucher
            WHERE posted_on BETWEEN v_first AND v_last AND part = v_row.openings AND account_set = p_account_set
            UNION
            SELECT posted_on FROM general_voucher
            WHERE posted_on BETWEEN v_first AND v_last AND part = v_row.openings AND account_set = p_account_set
            ORDER BY 1
        LOOP
            SELECT max(segment_no) + 1 INTO v_no FROM book_segment;
            INSERT INTO book_segment (segment_no, day, part, account_set, closed_at)
            VALUES (v_no, v_day, v_row.openings, p_account_set, p_now);
            PERFORM ledger_gather(v_no, p_now);
        END LOOP;
    END IF;
    INSERT INTO subject_total (account_set, period, subject, auxiliary, debit_fen, credit_fen)
    SELECT account_set, period, subject, auxiliary, coalesce(sum(amount_fen) FILTER (WHERE side = 'D'), 0),
           coalesce(sum(amount_fen) FILTER (WHERE side = 'C'), 0)
    FROM ledger_line WHERE account_set = p_account_set AND period = p_period
    GROUP BY account_set, period, subject, auxiliary;
    INSERT INTO book_period (account_set, period, state, changed_at, changed_by)
    VALUES (p_account_set, p_period, 'closed', p_now, p_by)
    ON CONFLICT (account_set, period) DO UPDATE SET state = 'closed', changed_at = p_now, changed_by = p_by;
    RETURN true;
END $$;

-- Reopens the month that a request names, in the name of a second person. Only the last closed month of a set, so that no
-- closed month stands on an open one.
CREATE FUNCTION ledger_reopen_period(p_request_id bigint, p_by text, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_request book_request;
BEGIN
    SELECT * INTO v_request FROM book_request
    WHERE request_id = p_request_id AND kind = 'reopen' AND state = 'open' AND asked_by <> p_by;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'request % cannot be decided by %', p_request_id, p_by USING ERRCODE = 'HF010';
    END IF;
    PERFORM pg_advisory_xact_lock(18515, hashtext(v_request.account_set || v_request.period::text));
    UPDATE book_period SET state = 'reopened', openings = openings + 1, changed_at = p_now, changed_by = p_by
    WHERE account_set = v_request.account_set AND period = v_request.period AND state = 'closed'
        AND NOT EXISTS (SELECT FROM book_period later
                        WHERE later.account_set = v_request.account_set AND later.period > v_request.period
                            AND later.state = 'closed');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'month % is not the last closed one', v_request.period USING ERRCODE = 'HF010';
    END IF;
    DELETE FROM subject_total WHERE account_set = v_request.account_set AND period = v_request.period;
END $$;

-- Turnover by month and subject: the closed months from their totals, the others from the lines.
CREATE FUNCTION ledger_turnover(p_account_set text, p_from integer, p_through integer)
RETURNS TABLE (period integer, subject text, auxiliary text, debit_fen bigint, credit_fen bigint)
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    v_closed integer[] := coalesce((SELECT array_agg(b.period) FROM book_period b
        WHERE b.account_set = p_account_set AND b.state = 'closed'), '{}');
BEGIN
    RETURN QUERY
    SELECT t.period, t.subject, t.auxiliary, t.debit_fen, t.credit_fen FROM subject_total t
    WHERE t.account_set = p_account_set AND t.period BETWEEN p_from AND p_through;
    -- Month by month, so that only the partitions of open months are read.
    RETURN QUERY
    SELECT m.month, l.subject, l.auxiliary, l.debit, l.credit
    FROM (SELECT (extract(year FROM d) * 100 + extract(month FROM d))::int AS month
          FROM generate_series(
              greatest(make_date(p_from / 100, p_from % 100, 1), (SELECT least(min(v.posted_on), (
                  SELECT min(g.posted_on) FROM general_voucher g)) FROM voucher v))::timestamp,
              make_date(p_through / 100, p_through % 100, 1) + interval '1 month' - interval '1 day',
              interval '1 month') d) m
    CROSS JOIN LATERAL (
        SELECT x.subject, x.auxiliary, coalesce(sum(x.amount_fen) FILTER (WHERE x.side = 'D'), 0)::bigint AS debit,
               coalesce(sum(x.amount_fen) FILTER (WHERE x.side = 'C'), 0)::bigint AS credit
        FROM ledger_line x WHERE x.account_set = p_account_set AND x.period = m.month
        GROUP BY x.subject, x.auxiliary) l
    WHERE m.month <> ALL (v_closed);
END $$;

GRANT SELECT ON book_segment, formal_voucher, formal_voucher_line, formal_voucher_counter, voucher_seal, subject_total
    TO hpf_app;
GRANT SELECT, INSERT, UPDATE ON book_request TO hpf_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_close_day, ledger_gather, ledger_seal, ledger_close_period, ledger_reopen_period,
    ledger_turnover TO hpf_app;

-- 增值收益分配: what one finance person proposes for a year and another carries out.
ALTER TABLE book_request DROP CONSTRAINT book_request_kind_check;
ALTER TABLE book_request ADD CONSTRAINT book_request_kind_check CHECK (kind IN ('reopen', 'reverse', 'distribute'));
-- Only to distribute: the three amounts in fen.
ALTER TABLE book_request ADD COLUMN amounts jsonb;
ALTER TABLE book_request ADD CONSTRAINT book_request_amounts CHECK ((kind = 'distribute') = (amounts IS NOT NULL));
CREATE UNIQUE INDEX book_request_distribute ON book_request (account_set, period)
    WHERE state = 'open' AND kind = 'distribute';

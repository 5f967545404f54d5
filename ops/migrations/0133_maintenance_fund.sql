-- Withdrawals that pay the maintenance fund (R08.7), and what comes back from it. One row a withdrawal, kept with the
-- account that paid; a refund is paid from the fund's account at the bank.

-- 维修资金退款待入账: come in at the provident fund's account and not yet in a personal one.
INSERT INTO account_subject (account_set, code, name, normal_side, parent, auxiliary_kind)
VALUES ('provident_fund', '21906', '维修资金退款待入账', 'C', '219', '');

CREATE TABLE maintenance_deposit (
    account_no bigint NOT NULL,
    case_id bigint NOT NULL,
    case_no text NOT NULL,
    bank_account_code text NOT NULL REFERENCES bank_account (code),
    -- second level of the fund's subjects: 01 商品住宅, 02 公有住房
    home char(2) NOT NULL CHECK (home IN ('01', '02')),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN ('ordered', 'paid', 'arrived', 'failed')),
    -- what refunds have given back or are about to
    returned_fen bigint NOT NULL DEFAULT 0,
    expectation_id bigint,
    arrived_on date,
    PRIMARY KEY (account_no, case_id),
    CONSTRAINT maintenance_deposit_covers CHECK (returned_fen BETWEEN 0 AND amount_fen),
    CONSTRAINT maintenance_deposit_arrived CHECK ((state = 'arrived') = (arrived_on IS NOT NULL)),
    CONSTRAINT maintenance_deposit_returns CHECK (returned_fen = 0 OR state = 'arrived')
);

CREATE TABLE maintenance_refund (
    account_no bigint NOT NULL,
    refund_id bigint NOT NULL,
    refund_no text NOT NULL,
    case_id bigint NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    reason text NOT NULL,
    -- the personal account that it goes back to; NULL: to the card, because none is open
    to_account_no bigint,
    state text NOT NULL CHECK (state IN ('paying', 'returning', 'arrived', 'returned', 'failed')),
    trouble text,
    asked_by text NOT NULL,
    agreed_by text NOT NULL,
    ordered_at timestamptz NOT NULL,
    ended_at timestamptz,
    payment_id bigint NOT NULL,
    fund_voucher_id bigint,
    expectation_id bigint,
    counts_from date,
    voucher_id bigint,
    PRIMARY KEY (account_no, refund_id),
    FOREIGN KEY (account_no, case_id) REFERENCES maintenance_deposit (account_no, case_id),
    CONSTRAINT maintenance_refund_two CHECK (asked_by <> agreed_by),
    CONSTRAINT maintenance_refund_ended CHECK ((state IN ('returned', 'failed')) = (ended_at IS NOT NULL)),
    CONSTRAINT maintenance_refund_posted CHECK (state <> 'returned' OR (to_account_no IS NULL) = (voucher_id IS NULL))
);
CREATE INDEX maintenance_refund_case ON maintenance_refund (account_no, case_id);
CREATE INDEX maintenance_refund_ordered ON maintenance_refund (ordered_at DESC, refund_id DESC);

REVOKE DELETE ON maintenance_deposit, maintenance_refund FROM hpf_app;
GRANT SELECT, INSERT, UPDATE ON maintenance_deposit, maintenance_refund TO hpf_app;

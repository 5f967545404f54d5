-- Persons, and the personal accounts. Large tables carry account_no first in every key (scale-out rule 1); a value
-- that is unique across accounts has a lookup table of its own, read in two steps and never joined (rule 8).

CREATE TABLE person (
    person_id bigint PRIMARY KEY,
    document_type char(2) NOT NULL,
    document_cipher bytea NOT NULL,
    document_masked text NOT NULL,
    name_cipher bytea NOT NULL,
    name_masked text NOT NULL,
    mobile_cipher bytea,
    mobile_masked text,
    created_at timestamptz NOT NULL
);

CREATE TABLE person_document (
    document_index bytea PRIMARY KEY,
    person_id bigint NOT NULL
);

CREATE TABLE identity_link (
    provider text NOT NULL,
    subject text NOT NULL,
    person_id bigint NOT NULL,
    linked_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identity_link_person ON identity_link (person_id);

CREATE TABLE person_account (
    person_id bigint NOT NULL,
    account_no bigint NOT NULL,
    PRIMARY KEY (person_id, account_no)
);

-- GRZHZT: 01 normal 02 sealed 03 merged 04 transferred out 05 withdrawn 06 frozen 99 other.
CREATE TABLE account (
    account_no bigint PRIMARY KEY,
    person_id bigint NOT NULL,
    employer_no bigint NOT NULL,
    office_code text NOT NULL,
    state char(2) NOT NULL DEFAULT '01' CHECK (state IN ('01', '02', '03', '04', '05', '06', '99')),
    base_fen bigint NOT NULL CHECK (base_fen >= 0),
    monthly_contribution_fen bigint NOT NULL CHECK (monthly_contribution_fen >= 0),
    opened_on date NOT NULL,
    paid_through_period integer,
    closed_on date
);

-- Narrow and half full, so that an update stays on its page and touches no index.
CREATE TABLE account_balance (
    account_no bigint PRIMARY KEY REFERENCES account (account_no),
    balance_fen bigint NOT NULL DEFAULT 0,
    held_fen bigint NOT NULL DEFAULT 0,
    carried_over_fen bigint NOT NULL DEFAULT 0,
    current_year_fen bigint NOT NULL DEFAULT 0,
    posting_count bigint NOT NULL DEFAULT 0,
    CONSTRAINT account_balance_covers_holds CHECK (held_fen >= 0 AND balance_fen >= held_fen),
    CONSTRAINT account_balance_splits CHECK (
        carried_over_fen >= 0 AND current_year_fen >= 0 AND balance_fen = carried_over_fen + current_year_fen)
) WITH (fillfactor = 50);

-- One row a month that a contribution was booked for (HBJNY).
CREATE TABLE contribution_month (
    account_no bigint NOT NULL REFERENCES account (account_no),
    period integer NOT NULL,
    voucher_id bigint NOT NULL,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (account_no, period, voucher_id)
);

CREATE TABLE bank_card (
    account_no bigint NOT NULL REFERENCES account (account_no),
    card_id bigint NOT NULL,
    bank_code text NOT NULL REFERENCES entrusted_bank (code),
    card_cipher bytea NOT NULL,
    card_masked text NOT NULL,
    card_index bytea NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_no, card_id),
    UNIQUE (account_no, card_index)
);
CREATE UNIQUE INDEX bank_card_one_default ON bank_card (account_no) WHERE is_default AND active;

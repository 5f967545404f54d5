"""The floor of the online bench: plain Starlette and asyncpg on granian, one statement a request.

No GraphQL, no token (the account number stands in a header), no rules, no audit, no registries; asyncpg's session
reset is off, as in the platform. The answers are those of the platform, letter by letter.

`python -m granian --interface asgi ops.bench.floors.online:app`, with the owner's DATABASE_URL in the environment.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from domain.kernel.database import SteadyConnection
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.identifiers import new_id

CONNECTIONS_MAX = 20
ACCOUNT_HEADER = "x-account"
# as the platform reads them: the partitions of the newest months first, which hold ten entries of everybody here
_NEWEST = YearMonth.of(business_date_of(datetime.now(UTC))).minus(months=12).period

HOME = f"""
SELECT json_build_object('data', json_build_object(
    'viewer', json_build_object('person', json_build_object(
        'nameMasked', p.name_masked, 'documentNoMasked', p.document_masked, 'mobileMasked', p.mobile_masked)),
    'accounts', json_build_array(json_build_object(
        'accountNo', a.account_no::text, 'employerName', e.name, 'officeName', o.name,
        'stateName', CASE a.state WHEN '01' THEN '正常' WHEN '02' THEN '封存' WHEN '06' THEN '冻结' ELSE '其他' END,
        'balance', bench_yuan(b.balance_fen), 'held', bench_yuan(b.held_fen),
        'available', bench_yuan(b.balance_fen - b.held_fen),
        'monthlyContribution', bench_yuan(a.monthly_contribution_fen),
        'entries', json_build_object('edges', (
            SELECT json_agg(json_build_object('node', json_build_object(
                'kindName', CASE t.kind WHEN '01' THEN '汇缴' WHEN '11' THEN '部分提取' ELSE '其他' END,
                'side', CASE t.side WHEN 'C' THEN 'IN' ELSE 'OUT' END,
                'amount', bench_yuan(t.amount_fen), 'balanceAfter', bench_yuan(t.balance_after_fen),
                'businessDate', t.posted_on, 'summary', t.summary)) ORDER BY t.sequence DESC)
            FROM (SELECT q.sequence, q.side, q.amount_fen, q.balance_after_fen, v.kind, v.summary, v.posted_on
                  FROM posting q
                  JOIN voucher v ON v.account_no = q.account_no AND v.period = q.period AND v.voucher_id = q.voucher_id
                  WHERE q.account_no = $1 AND q.period >= {_NEWEST} AND q.sequence IS NOT NULL
                  ORDER BY q.sequence DESC LIMIT 10) t))))))::text
FROM account a
JOIN account_balance b ON b.account_no = a.account_no
JOIN person p ON p.person_id = a.person_id
JOIN employer e ON e.employer_no = a.employer_no
JOIN management_office o ON o.code = a.office_code
WHERE a.account_no = $1
"""

# Lock the account, write application, event and hold, set the amount aside.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION bench_yuan(fen bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN (fen / 100)::text || '.' || lpad((fen % 100)::text, 2, '0');

CREATE OR REPLACE FUNCTION bench_apply(p_account_no bigint, p_case_id bigint, p_case_no text, p_hold_id bigint,
                                       p_event_id bigint, p_amount_fen bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_account account;
    v_available bigint;
BEGIN
    SELECT * INTO v_account FROM account WHERE account_no = p_account_no FOR NO KEY UPDATE;
    SELECT balance_fen - held_fen INTO v_available FROM account_balance WHERE account_no = p_account_no FOR UPDATE;
    IF v_account.state <> '01' OR v_available < p_amount_fen THEN
        RAISE EXCEPTION 'account % cannot apply', p_account_no;
    END IF;
    INSERT INTO case_no_lookup (case_no, account_no, case_id) VALUES (p_case_no, p_account_no, p_case_id);
    INSERT INTO service_case (account_no, case_id, case_no, item_code, item, person_id, applicant_masked, channel,
        office_code, flow_name, flow_version, state, amount_fen, form, policy_snapshot, explanation, business_date,
        submitted_at, due_on)
    VALUES (p_account_no, p_case_id, p_case_no, 'C20', 'rent_withdrawal', v_account.person_id, '测**', 'jingtong_h5',
        v_account.office_code, 'withdrawal_two_reviews', 1, 'pending_preliminary', p_amount_fen, '{}', '{}', '[]',
        current_date, now(), current_date + 3);
    INSERT INTO case_event (account_no, case_id, seq, at, actor, actor_name, channel, action, to_state)
    VALUES (p_account_no, p_case_id, 1, now(), 'citizen:' || v_account.person_id, '测**', 'jingtong_h5', 'submit',
        'pending_preliminary');
    INSERT INTO outbox (account_no, event_id, kind, payload, created_at)
    VALUES (p_account_no, p_event_id, 'case.changed', jsonb_build_object('case_no', p_case_no), now());
    INSERT INTO hold (account_no, hold_id, business_key, input_hash, amount_fen, state, case_id, reason, placed_at,
        expires_on)
    VALUES (p_account_no, p_hold_id, 'case:' || p_case_id, '\\x00', p_amount_fen, 'placed', p_case_id, p_case_no, now(),
        current_date + 30);
    UPDATE account_balance SET held_fen = held_fen + p_amount_fen WHERE account_no = p_account_no;
    RETURN json_build_object('data', json_build_object('applyForRentWithdrawal', json_build_object(
        'case', json_build_object('state', 'pending_preliminary', 'amount', bench_yuan(p_amount_fen)),
        'userErrors', json_build_array())));
END $$;
"""

APPLY = "SELECT bench_apply($1, $2, $3, $4, $5, $6)"
AMOUNT_FEN = 200_000


def build(*, dsn: str) -> Starlette:
    """The two requests and a sign of readiness."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            dsn, min_size=1, max_size=CONNECTIONS_MAX, connection_class=SteadyConnection, server_settings={"jit": "off"}
        ) as pool:
            app.state.pool = pool
            yield

    async def home(request: Request) -> Response:
        account_no = int(request.headers[ACCOUNT_HEADER])
        return _json(await app.state.pool.fetchval(HOME, account_no))

    async def apply(request: Request) -> Response:
        account_no = int(request.headers[ACCOUNT_HEADER])
        case_no = f"B{secrets.randbelow(10**15):015d}"
        values = (account_no, new_id(), case_no, new_id(), new_id(), AMOUNT_FEN)
        return _json(await app.state.pool.fetchval(APPLY, *values))

    async def ready(request: Request) -> Response:
        return PlainTextResponse(str(await app.state.pool.fetchval("SELECT 1")))

    routes = [Route("/home", home), Route("/apply", apply, methods=["POST"]), Route("/readyz", ready)]
    app = Starlette(routes=routes, lifespan=lifespan)
    return app


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


def __getattr__(name: str) -> Starlette:
    """`app` is built when the server asks for it."""
    if name != "app":
        raise AttributeError(name)
    return build(dsn=os.environ["DATABASE_URL"])

"""What e窗通 and social security told of the employer that the caller acts for."""

from __future__ import annotations

from domain import exchange
from domain.kernel.refusal import Refused
from schema.context import Info
from schema.types.connections import FIRST_DEFAULT, Connection, connection_of
from schema.types.exchange import EmployerOrigin, ExchangeRecord


async def employer_origin(info: Info) -> EmployerOrigin | None:
    try:
        origin = await exchange.origin_of_employer(actor=info.context.actor)
    except Refused:
        # appointed for an employer whose account was never opened
        return None
    return EmployerOrigin(code=origin, name=exchange.ORIGIN_NAMES[origin])


async def exchange_records(
    info: Info, first: int = FIRST_DEFAULT, after: str | None = None
) -> Connection[ExchangeRecord]:
    actor = info.context.actor
    assert actor.employer_no is not None, "the guard lets agents in only"
    page = await exchange.records_of_employer(actor=actor, employer_no=actor.employer_no, first=first, after=after)
    return connection_of(page, ExchangeRecord.of)

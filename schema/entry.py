"""The way in, for every transport: from a request to an operation that its caller may run and has paid for.

A registered document is found by its identifier, or by its own text; where only trusted documents run, other text
needs a right. Everything that can be known without asking anybody is known first, so that session, address and points
are asked for in one round trip.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from auth import kiosks
from domain.kernel.actor import Actor
from schema.admission import Admit, Admitted, Balance
from schema.cost import REFUSED_POINTS
from schema.execution import Execution
from schema.faults import BAD_REQUEST, FORBIDDEN, LIMIT_EXCEEDED, RequestError
from schema.requests import Caller, GraphQLRequest, Operation
from schema.third_parties import require_at_kiosk, require_granted
from schema.trusted.identity import document_id_of
from schema.trusted.registry import Trusted

DOCUMENT_UNKNOWN = "DOCUMENT_UNKNOWN"
DOCUMENT_NOT_GRANTED = "DOCUMENT_NOT_GRANTED"


Require = Callable[..., Awaitable[None]]


class TrustedDocuments(Protocol):
    async def find(self, document_id: str) -> Trusted | None:
        """Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPolicy:
    """Who may send text that is not registered: everybody, or only those with the right."""

    trusted_only: bool = False
    free_text: Callable[[Actor], bool] = lambda actor: False


@dataclass(frozen=True, slots=True)
class Entered:
    caller: Caller
    operation: Operation
    balance: Balance | None


class Entry:
    """One for a process."""

    def __init__(self, *, execution: Execution, registry: TrustedDocuments, admit: Admit, policy: TextPolicy) -> None:
        self.execution = execution
        self._registry = registry
        self._admit = admit
        self._policy = policy

    async def enter(
        self, request: GraphQLRequest, *, bearer: str | None, origin: str = "", safe: bool = False
    ) -> Entered:
        """`safe` for GET, which runs registered queries only. Raises RequestError for everything that keeps the
        operation from starting, TokenRefused before any other complaint, and StoreUnavailable."""
        closed = safe or self._policy.trusted_only
        operation, refused = None, None
        try:
            trusted = await self._trusted(request, by_text=closed)
            if trusted is not None or not closed:
                operation = self._operation(request, trusted, safe=safe)
        except RequestError as error:
            trusted, refused = None, error
        admitted = await self._admit(bearer, points=operation.points if operation else REFUSED_POINTS, origin=origin)
        if refused is not None:
            raise refused
        third_party = admitted.actor.kind == "partner"
        granted = await kiosks.granted_at(actor=admitted.actor, now=self.execution.now_for(admitted.actor))
        if (third_party or granted is not None) and trusted is None:
            # whatever the house allows others: a third party runs what is registered
            trusted = await self._registry.find(document_id_of(request.query))
            if trusted is None:
                raise self._unknown("第三方及其终端只能执行已登记的文档，请用documentId提交。")
            operation = self._operation(request, trusted, safe=safe)
        if trusted is not None and admitted.actor.channel not in trusted.channels:
            raise self._not_granted()
        if operation is None:
            operation, admitted = await self._by_right(request, admitted, bearer=bearer, origin=origin, safe=safe)
        if third_party:
            await self._within_grant(require_granted, operation, actor=admitted.actor)
        elif granted is not None:
            await self._within_grant(partial(require_at_kiosk, granted=granted), operation, actor=admitted.actor)
        self.execution.require_visible(operation, actor=admitted.actor)
        return Entered(Caller(admitted.actor, bearer), operation, admitted.balance)

    async def count(self, *, origin: str) -> None:
        """A request that is no request at all counts against its address. Raises TooMany."""
        await self._admit(None, points=REFUSED_POINTS, origin=origin)

    async def _trusted(self, request: GraphQLRequest, *, by_text: bool) -> Trusted | None:
        if request.document_id is None:
            return await self._registry.find(document_id_of(request.query)) if by_text else None
        found = await self._registry.find(request.document_id)
        if found is None:
            raise self._unknown("文档未登记或已撤回，请更新到最新版本后重试。")
        return found

    def _operation(self, request: GraphQLRequest, trusted: Trusted | None, *, safe: bool = False) -> Operation:
        if trusted is not None:
            if safe and trusted.kind != "query":
                raise RequestError("GET只能查询，办理和订阅请使用POST。", code=BAD_REQUEST, status=405)
            request = replace(request, query=trusted.source)
        operation = self.execution.found(request)
        operation.trusted = trusted
        points, most = operation.points, self.execution.limits.points_max
        if points > most:
            sentence = f"查询代价为{points}点，最多{most}点，请减少每页条数或分次查询。"
            raise RequestError(sentence, code=LIMIT_EXCEEDED)
        return operation

    async def _by_right(
        self, request: GraphQLRequest, admitted: Admitted, *, bearer: str | None, origin: str, safe: bool
    ) -> tuple[Operation, Admitted]:
        """Text that nobody registered, from somebody who may send it; the second trip pays for it."""
        if safe:
            raise self._unknown("GET只能执行已登记的文档，请改用POST或先登记文档。")
        if not self._policy.free_text(admitted.actor):
            raise self._unknown("本环境只执行已登记的文档，请用documentId提交，或先登记文档。")
        operation = self._operation(request, None)
        return operation, await self._admit(bearer, points=operation.points, origin=origin)

    async def _within_grant(self, require: Require, operation: Operation, *, actor: Actor) -> None:
        try:
            await require(operation, actor=actor, now=self.execution.now_for(actor))
        except RequestError:
            self.execution.reject("document_not_granted")
            raise

    def _unknown(self, sentence: str) -> RequestError:
        self.execution.reject("document_unknown")
        return RequestError(sentence, code=DOCUMENT_UNKNOWN)

    def _not_granted(self) -> RequestError:
        self.execution.reject("document_not_granted")
        sentence = "本渠道未获准使用此文档，请从已开通的渠道办理，或申请授权。"
        return RequestError(sentence, code=DOCUMENT_NOT_GRANTED, status=403, reason=FORBIDDEN)

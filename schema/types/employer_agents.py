"""Who acts for an employer, as those who keep the agents see them."""

from __future__ import annotations

from datetime import date
from typing import Self

import strawberry

from auth.agent_keeping import AgentView
from schema.guards import AGENT, shown
from schema.types.errors import UserError

_KEY = "请求编号 · 8 to 64 letters, digits, `_` or `-`; the same key and input answer the same"


@strawberry.type(description="单位经办人 · somebody who may act for the employer")
class EmployerAgent:
    reference: str = shown(AGENT, "经办人编号 · names the agent to this employer, and means nothing elsewhere")
    name_masked: str = shown(AGENT, "姓名（脱敏）· name, masked")
    document_no_masked: str = shown(AGENT, "证件号码（脱敏）· document number, masked")
    scopes: list[str] = shown(AGENT, "业务范围 · what for; `all` covers everything and keeps the agents")
    represents: bool = shown(AGENT, "法定代表人 · whether as the legal representative")
    valid_from: date = shown(AGENT, "有效期起 · first day")
    valid_to: date | None = shown(AGENT, "有效期止 · last day; empty without an end")
    is_caller: bool = shown(AGENT, "本人 · whether this is the caller")

    @classmethod
    def of(cls, view: AgentView) -> Self:
        return cls(
            reference=view.reference,
            name_masked=view.kept.name_masked,
            document_no_masked=view.kept.document_no_masked,
            scopes=sorted(view.kept.scopes),
            represents=view.represents,
            valid_from=view.kept.valid_from,
            valid_to=view.kept.valid_to,
            is_caller=view.is_caller,
        )


@strawberry.type(description="经办人维护结果 · answer to a change of the employer's agents")
class EmployerAgentsPayload:
    agents: list[EmployerAgent] = shown(AGENT, "经办人 · agents as they now stand", list_size=20)
    user_errors: list[UserError] = shown(AGENT, "不予办理的原因 · every reason; empty when done")

    @classmethod
    def of(cls, views: list[AgentView]) -> Self:
        return cls(agents=[EmployerAgent.of(view) for view in views], user_errors=[])

    @classmethod
    def refused(cls, errors: list[UserError]) -> Self:
        return cls(agents=[], user_errors=errors)


@strawberry.input(description="增加经办人 · somebody registered here under exactly this name")
class AddEmployerAgentInput:
    document_no: str = strawberry.field(description="身份证号码 · resident identity number")
    name: str = strawberry.field(description="姓名 · name")
    scopes: list[str] = strawberry.field(description="业务范围 · all, employer, people, lists, payments or queries")
    valid_to: date | None = strawberry.field(default=None, description="有效期止 · last day; empty without an end")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="调整经办人权限 · this and nothing else from now on")
class LimitEmployerAgentInput:
    reference: str = strawberry.field(description="经办人编号 · of `employerAgents`")
    scopes: list[str] = strawberry.field(description="业务范围 · all, employer, people, lists, payments or queries")
    request_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="移除经办人 · at once, with the sessions for this employer")
class RemoveEmployerAgentInput:
    reference: str = strawberry.field(description="经办人编号 · of `employerAgents`")
    request_key: str = strawberry.field(description=_KEY)

"""The agents of the employer that the caller acts for."""

from __future__ import annotations

from auth import agent_keeping
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.employer_agents import (
    AddEmployerAgentInput,
    EmployerAgent,
    EmployerAgentsPayload,
    LimitEmployerAgentInput,
    RemoveEmployerAgentInput,
)


async def employer_agents(info: Info) -> list[EmployerAgent]:
    found = await agent_keeping.agents_of(actor=info.context.actor, now=info.context.now)
    return [EmployerAgent.of(one) for one in found]


@refusable(EmployerAgentsPayload)
async def add_employer_agent(info: Info, input: AddEmployerAgentInput) -> EmployerAgentsPayload:
    context = info.context
    await agent_keeping.add_agent(
        actor=context.actor,
        document_no=input.document_no,
        name=input.name,
        scopes=input.scopes,
        valid_to=input.valid_to,
        request_key=input.request_key,
        now=context.now,
    )
    return await _payload(info)


@refusable(EmployerAgentsPayload)
async def limit_employer_agent(info: Info, input: LimitEmployerAgentInput) -> EmployerAgentsPayload:
    await agent_keeping.limit_agent(
        actor=info.context.actor,
        reference=input.reference,
        scopes=input.scopes,
        request_key=input.request_key,
        now=info.context.now,
    )
    return await _payload(info)


@refusable(EmployerAgentsPayload)
async def remove_employer_agent(info: Info, input: RemoveEmployerAgentInput) -> EmployerAgentsPayload:
    await agent_keeping.remove_agent(
        actor=info.context.actor, reference=input.reference, request_key=input.request_key, now=info.context.now
    )
    return await _payload(info)


async def _payload(info: Info) -> EmployerAgentsPayload:
    """Who has just given up keeping the agents is shown none."""
    if "all" not in info.context.actor.scopes:
        return EmployerAgentsPayload.of([])
    return EmployerAgentsPayload.of(await agent_keeping.agents_of(actor=info.context.actor, now=info.context.now))

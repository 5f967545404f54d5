"""草稿 of the caller."""

from __future__ import annotations

from typing import Annotated

from domain import cases
from resolvers.mutation import refusable
from schema.context import Info
from schema.describing import argument
from schema.types.drafts import Draft, SaveDraftInput, SaveDraftPayload


async def draft(
    info: Info, item: Annotated[str, argument("事项编码 · code of the service item, as C20")]
) -> Draft | None:
    found = await cases.draft_of(actor=info.context.actor, item=item, now=info.context.now)
    return None if found is None else Draft.of(found)


@refusable(SaveDraftPayload)
async def save_draft(info: Info, input: SaveDraftInput) -> SaveDraftPayload:
    kept = await cases.save_draft(
        actor=info.context.actor,
        item=input.item,
        content=input.content,
        request_key=input.request_key,
        now=info.context.now,
    )
    return SaveDraftPayload(draft=None if kept is None else Draft.of(kept), user_errors=[])

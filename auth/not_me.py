""" "Not me" (非本人操作): the page behind the notice of a changed phone or card.

Looking at the page changes nothing: phones and carriers fetch addresses by themselves. The button suspends the person
on every channel at once; lifting that takes two members of staff.
"""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from auth import identity_events, interventions
from auth.doors import NO_STORE, with_page
from auth.pages import message_page
from auth.web import Clock
from domain import contributions
from domain.kernel import audit, database
from domain.kernel.actor import ANONYMOUS

PATH = "/auth/not-me"


def routes(*, clock: Clock) -> list[Route]:
    async def ask(request: Request) -> Response:
        token = request.path_params["token"]
        change = await contributions.change_of_token(token=token, now=clock())
        text = (
            f"您的公积金账户的{change.name}由{change.before_masked}变更为{change.after_masked}。"
            "如非本人操作，请点击下方按钮：我们将立即暂停该账户在全部渠道的登录，并由工作人员与您核实。"
        )
        form = (
            f'<form method="post" action="{escape(f"{PATH}/{token}")}">'
            '<button type="submit">非本人操作，立即暂停</button></form>'
        )
        page, headers = message_page(title="核实账户变更", message=text, form=form)
        return HTMLResponse(page, headers={**NO_STORE, **headers})

    async def deny(request: Request) -> Response:
        now = clock()
        change = await contributions.change_of_token(token=request.path_params["token"], now=now)
        async with database.transaction() as tx:
            first = await contributions.deny_change(tx, change=change, now=now)
            if first:
                await identity_events.record(tx, person_id=change.person_id, kind="not_me", actor=ANONYMOUS, now=now)
                await audit.record(
                    tx,
                    actor=ANONYMOUS,
                    action="person.change_denied",
                    subject=f"person:{change.person_id}",
                    now=now,
                    detail={"change": change.kind},
                )
        # again too: a suspension that was cut off is made up for
        if first or not await interventions.is_suspended(person_id=change.person_id):
            await interventions.suspend_by_person(
                person_id=change.person_id, reason=f"本人否认变更{change.name}", now=now
            )
        text = "已暂停该账户在全部渠道的登录。请携带身份证件到就近管理部核实，或拨打12329。"
        page, headers = message_page(title="已暂停登录", message=text, form="")
        return HTMLResponse(page, headers={**NO_STORE, **headers})

    return [
        Route(f"{PATH}/{{token}}", with_page(ask), methods=["GET"]),
        Route(f"{PATH}/{{token}}", with_page(deny), methods=["POST"]),
    ]

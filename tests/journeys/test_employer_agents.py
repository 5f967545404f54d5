"""An employer keeps its agents: on the page and through GraphQL; by the wrong person, the last one, twice, at once."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from auth import agent_keeping, agents
from domain import contributions
from domain.kernel import database
from domain.kernel.actor import Actor
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from ops.demo.city import city
from ops.demo.login import agent_token
from tests.city import ApiClient, RunningHouse
from tests.contributions.world import id_card
from tests.factories.people import citizen
from tests.factories.snapshot import nothing_changed
from tests.journeys.test_employer_page import EMPLOYER, _browser, _form
from tests.settlement.world import key

pytestmark = [pytest.mark.journey, pytest.mark.requirement("R06.4")]
HERE = "/employer/agents"
NONE = {"file": ("", b"")}
ADD = """mutation($input: AddEmployerAgentInput!) { addEmployerAgent(input: $input) {
  agents { reference nameMasked scopes represents isCaller } userErrors { code field } } }"""
REMOVE = """mutation($input: RemoveEmployerAgentInput!) { removeEmployerAgent(input: $input) {
  agents { reference } userErrors { code field } } }"""
LIST = "{ employerAgents { reference scopes represents isCaller validTo } }"


async def _keeper(running: RunningHouse, name: str = "zheng_tao") -> Actor:
    signed_in = await agents.act_for(
        actor=await citizen(name), employer_no=EMPLOYER, device="test", now=running.clock()
    )
    return signed_in.actor


def _who(name: str) -> dict[str, str]:
    person = city().citizens[name]
    return {"document_no": person.document_no, "name": person.name}


async def _scopes(name: str, running: RunningHouse) -> frozenset[str]:
    person_id = (await citizen(name)).person_id
    assert person_id is not None
    return await contributions.agent_scopes(
        employer_no=EMPLOYER, person_id=person_id, on=business_date_of(running.clock())
    )


async def _add(actor: Actor, running: RunningHouse, name: str, *scopes: str, valid_to: date | None = None) -> None:
    await agent_keeping.add_agent(
        actor=actor, **_who(name), scopes=scopes, valid_to=valid_to, request_key=key(), now=running.clock()
    )


async def _reference(actor: Actor, running: RunningHouse, name: str) -> str:
    person_id = (await citizen(name)).person_id
    found = await agent_keeping.agents_of(actor=actor, now=running.clock())
    return next(one.reference for one in found if one.kept.person_id == person_id)


async def test_the_representative_keeps_them_on_the_page(running: RunningHouse) -> None:
    async with aclosing(await _browser(running, "zheng_tao")) as browser:
        page = await browser.get(HERE)
        assert page.status_code == 200 and "法定代表人" in page.text and "张*" in page.text
        li = _who("li_na")
        assert li["document_no"] not in page.text

        async def send(act: str, **fields: str) -> httpx.Response:
            hidden = {**_form(page.text, act), "request_key": key(), "act": act}
            return await browser.post(HERE, data={**hidden, **fields}, files=NONE)

        async with nothing_changed():
            for fields, said in (
                ({**li, "name": "李娜娜", "scope_lists": "yes"}, "姓名与身份证号码一致"),
                ({"document_no": id_card(1), "name": "某某", "scope_lists": "yes"}, "姓名与身份证号码一致"),
                (li, "业务范围"),
                ({**li, "scope_lists": "yes", "valid_to": "2020-01-01"}, "不能早于今天"),
                ({**li, "scope_lists": "yes", "valid_to": "明天"}, "不能早于今天"),
                ({**_who("zhang_wei"), "scope_lists": "yes"}, "已是本单位的经办人"),
            ):
                refused = await send("add", **fields)
                assert refused.status_code == 422 and said in refused.text, (fields, refused.text)
        twice = {**li, "scope_lists": "yes", "scope_queries": "yes", "request_key": key()}
        for _ in range(2):
            assert (await send("add", **twice)).headers["location"].endswith("done=added")
        assert await _scopes("li_na", running) == {"lists", "queries"}
        appointed = "SELECT count(*) FROM employer_agent WHERE employer_no = $1 AND source = 'appointed'"
        assert await database.value(appointed, EMPLOYER) == 2, "hers and the one of the demonstration city"
        keeper = await _keeper(running)
        reference = await _reference(keeper, running, "li_na")
        hers = await agents.act_for(actor=await citizen("li_na"), employer_no=EMPLOYER, device="", now=running.clock())
        assert (await send("limit", reference=reference, scope_queries="yes")).status_code == 303
        seen = await agents.actor_of(cookie=hers.cookie, now=running.clock())
        assert seen is not None and seen.scopes == {"queries"}, "in the session that is open"
        assert "没有变化" in (await send("limit", reference=reference, scope_queries="yes")).text
        assert (await send("remove", reference=reference)).headers["location"].endswith("done=removed")
        assert await agents.actor_of(cookie=hers.cookie, now=running.clock()) is None
        assert await database.value("SELECT revoke_reason FROM login_session WHERE session_id = $1",
                                    hers.actor.session_id) == "agent_removed"  # fmt: skip
        assert "没有找到该经办人" in (await send("remove", reference=reference)).text
        legal = await _reference(keeper, running, "zheng_tao")
        assert "法定代表人的权限" in (await send("remove", reference=legal)).text
        stale = await send("add", **li, scope_lists="yes", token="x")
        assert stale.status_code == 422 and "页面已过期" in stale.text


async def test_who_does_not_keep_them_sees_and_does_nothing(running: RunningHouse) -> None:
    async with aclosing(await _browser(running, "zhang_wei")) as browser:
        page = await browser.get(HERE)
        assert page.status_code == 200 and "您没有此项权限" in page.text and "郑*" not in page.text
    other = await _keeper(running, "zhang_wei")
    client = ApiClient(running.base_url, await agent_token(base_url=running.base_url, key="zhang_wei",
                                                           employer_no=EMPLOYER))  # fmt: skip
    async with nothing_changed():
        for work in (
            _add(other, running, "li_na", "all"),
            agent_keeping.remove_agent(actor=other, reference="x", request_key=key(), now=running.clock()),
            agent_keeping.agents_of(actor=await citizen("zheng_tao"), now=running.clock()),
        ):
            with pytest.raises(Refused) as refused:
                await work
            assert refused.value.refusals[0].code == "access.not_permitted"
        given = {"documentNo": _who("li_na")["document_no"], "name": "李娜", "scopes": ["all"], "requestKey": key()}
        for document, variables in ((ADD, {"input": given}), (LIST, {})):
            answer = await client.run(document, variables)
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_the_last_who_keeps_them_stays(running: RunningHouse) -> None:
    keeper = await _keeper(running)
    await _add(keeper, running, "li_na", "all")
    await _add(keeper, running, "chen_jing", "all", valid_to=business_date_of(running.clock()) + timedelta(days=5))
    li = await _keeper(running, "li_na")
    # the representative leaves by the counter; who is appointed for some days does not count
    await database.execute("UPDATE employer_agent SET valid_to = valid_from - 1 WHERE source = 'legal_representative'")
    own = await _reference(li, running, "li_na")
    async with nothing_changed():
        for work in (
            agent_keeping.remove_agent(actor=li, reference=own, request_key=key(), now=running.clock()),
            agent_keeping.limit_agent(
                actor=li, reference=own, scopes=["lists"], request_key=key(), now=running.clock()
            ),
        ):
            with pytest.raises(Refused) as refused:
                await work
            assert refused.value.refusals[0].code == "agent.last_administrator"
    # two who keep them remove one another at the same time: one is left
    await _add(li, running, "wang_qiang", "all")
    wang = await _keeper(running, "wang_qiang")
    done = await asyncio.gather(
        agent_keeping.remove_agent(
            actor=li, reference=await _reference(li, running, "wang_qiang"), request_key=key(), now=running.clock()
        ),
        agent_keeping.remove_agent(actor=wang, reference=own, request_key=key(), now=running.clock()),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Refused) for one in done) == 1
    assert len([name for name in ("li_na", "wang_qiang") if await _scopes(name, running)]) == 1


async def test_through_graphql_and_guesses_are_bounded(running: RunningHouse) -> None:
    token = await agent_token(base_url=running.base_url, key="zheng_tao", employer_no=EMPLOYER)
    client = ApiClient(running.base_url, token)
    given = {"documentNo": _who("li_na")["document_no"], "name": "李娜", "scopes": ["lists"], "requestKey": key()}
    first = (await client.data(ADD, {"input": given}))["addEmployerAgent"]
    assert first["userErrors"] == [] and len(first["agents"]) == 3
    assert (await client.data(ADD, {"input": given}))["addEmployerAgent"] == first
    shown = (await client.data(LIST))["employerAgents"]
    assert [one["represents"] for one in shown] == [True, False, False] and shown[0]["isCaller"]
    hers = next(one for one in shown if one["scopes"] == ["lists"])
    gone = await client.data(REMOVE, {"input": {"reference": hers["reference"], "requestKey": key()}})
    assert len(gone["removeEmployerAgent"]["agents"]) == 2
    codes: list[Any] = []
    for number in range(11):
        guess = {**given, "name": f"李{number}", "requestKey": key()}
        answer = (await client.data(ADD, {"input": guess}))["addEmployerAgent"]
        codes.append(answer["userErrors"][0]["code"])
    assert codes == ["agent.person_unknown"] * 10 + ["request.too_often"]
    assert re.fullmatch(r"[0-9a-f]{24}", hers["reference"])

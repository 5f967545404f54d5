"""Who read my record, and whom I let act for me: for the person alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from auth import approvals, privacy
from domain import contributions
from domain.kernel import database
from domain.kernel.actor import Partnership
from domain.kernel.dates import business_date_of
from domain.kernel.refusal import Refused
from tests.api.test_third_parties import call
from tests.city import ApiClient, Enter, RunningHouse
from tests.factories import partners, people, rent
from tests.factories.snapshot import nothing_changed
from tests.partners import PartnerEnter

pytestmark = pytest.mark.requirement("N6")

ACCESSES = """
query Accesses($after: String) { recordAccesses(first: 2, after: $after) { totalCount pageInfo { hasNextPage endCursor }
  edges { node { at reader channelName purpose what caseNo } } } }
"""
DELEGATIONS = (
    "{ delegations { reference partyName purposeText mayChange revokedAt } delegationOffers { party purpose reads } }"
)
GIVE = """
mutation Give($input: GiveDelegationInput!) { giveDelegation(input: $input) {
  delegation { reference partyName purposeText mayChange } userErrors { code field } } }
"""
REVOKE = """
mutation Revoke($input: RevokeDelegationInput!) { revokeDelegation(input: $input) {
  delegation { reference revokedAt } userErrors { code field } } }
"""


async def reads_of(client: ApiClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await client.data(ACCESSES, {"after": after}))["recordAccesses"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


async def test_a_citizen_sees_each_read_with_its_purpose(
    running: RunningHouse, citizen_client: Enter, staff_client: Enter, partner_client: PartnerEnter
) -> None:
    zhang = await citizen_client("zhang_wei")
    assert await reads_of(zhang) == []
    case = await rent.apply(running, "zhang_wei")
    desk = await staff_client("li.min")
    queue = await desk.data("{ reviewQueue(first: 5) { edges { node { id caseNo } } } }")
    id = queue["reviewQueue"]["edges"][0]["node"]["id"]
    for _ in range(2):
        await desk.data("query C($id: ID!) { case(id: $id) { caseNo } }", {"id": id})
    reviewer = await people.staff("li.min")
    await contributions.reveal_person(actor=reviewer, case_no=case.case_no, reason="电话核实申请", now=running.clock())
    kiosk = await partner_client("KioskBalance", stands_for="zhang_wei")
    assert (await call(kiosk, "KioskBalance")).status_code == 200

    reads = await reads_of(zhang)
    assert [(read["reader"], read["purpose"], read["caseNo"]) for read in reads] == [
        (kiosk.party_name, "自助终端查询余额", None),
        ("初审人员", "电话核实申请", case.case_no),
        ("初审人员", "办理办件", case.case_no),
        ("初审人员", "审核队列", None),
    ]
    assert reads[0]["what"][0].startswith("缴存人：") and reads[1]["what"] == ["姓名", "证件号码", "手机号码"]
    looks = await database.value("SELECT count(*) FROM audit_event WHERE action = 'person.read'")
    assert looks == 4, "looking twice is one line for the person and two events"
    assert await reads_of(await citizen_client("li_na")) == []


async def test_nobody_else_is_shown_them(
    citizen_client: Enter, staff_client: Enter, partner_client: PartnerEnter, running: RunningHouse
) -> None:
    for client in (await staff_client("li.min"), ApiClient(running.base_url, None)):
        answer = await client.run(ACCESSES)
        assert answer["errors"][0]["extensions"]["code"] in ("FORBIDDEN", "UNAUTHENTICATED")
    # not even who stands for the person
    actor = await people.citizen("zhang_wei")
    stands_for = replace(actor, kind="partner", partnership=Partnership(partner_id=1, grant_id=1, purpose="x"))
    with pytest.raises(Refused):
        await contributions.accesses_of(actor=stands_for, first=5, after=None, now=running.clock())


async def administrators(*logins: str, role: str) -> list[Any]:
    await database.execute("UPDATE staff SET roles = $2 WHERE login = ANY($1)", list(logins), [role])
    return [replace(await people.staff(login), roles=frozenset({role})) for login in logins]


async def test_an_investigation_keeps_reads_back_until_its_end(running: RunningHouse, citizen_client: Enter) -> None:
    zhang = await people.citizen("zhang_wei")
    assert zhang.person_id is not None
    asker, decider = await administrators("li.min", "wang.fang", role="audit_admin")
    now = running.clock()
    given: dict[str, Any] = {
        "person_id": zhang.person_id,
        "reader": "",
        "document_no": "京纪调2026-001",
        "until": business_date_of(now) + timedelta(days=30),
        "reason": "配合调查，暂不告知",
    }
    for changes, code in (
        ({"until": business_date_of(now)}, "access.exclusion_end"),
        ({"until": business_date_of(now) + timedelta(days=400)}, "access.exclusion_end"),
        ({"document_no": " "}, "access.exclusion_order"),
        ({"reader": "everyone"}, "access.exclusion_reader"),
        ({"person_id": 1}, "access.exclusion_person"),
    ):
        async with nothing_changed():
            with pytest.raises(Refused) as refused:
                await privacy.ask_exclusion(actor=asker, now=now, **{**given, **changes})
        assert refused.value.refusals[0].code == code
    asked = await privacy.ask_exclusion(actor=asker, now=now, **given)
    with pytest.raises(Refused) as own:
        await approvals.decide(actor=asker, approval_id=asked.approval_id, agree=True, note="", now=now)
    assert own.value.refusals[0].code.startswith("approval.")
    case = await rent.apply(running, "zhang_wei")
    desk = await people.staff("zhao.gang")

    async def look() -> None:
        await contributions.reveal_person(actor=desk, case_no=case.case_no, reason="调查需要查看", now=running.clock())

    await look()
    client = await citizen_client("zhang_wei")
    assert len(await reads_of(client)) == 1, "what was read before stays shown"
    await approvals.decide(actor=decider, approval_id=asked.approval_id, agree=True, note="", now=running.clock())
    running.clock.advance(hours=1)
    await look()
    client = await citizen_client("zhang_wei")
    assert len(await reads_of(client)) == 1
    running.clock.advance(days=31)
    client = await citizen_client("zhang_wei")
    assert len(await reads_of(client)) == 2, "told in the end"


async def test_how_much_a_role_may_see_is_set_by_two(running: RunningHouse) -> None:
    asker, decider = await administrators("li.min", "wang.fang", role="security_admin")
    case = await rent.apply(running, "zhang_wei")
    desk = await people.staff("zhao.gang")
    now = running.clock()
    for role in ("supervisor", "preliminary_reviewer"):
        asked = await privacy.ask_reveal_rule(actor=asker, role=role, reveals_per_day=1, reason="控制查看次数", now=now)
        await approvals.decide(actor=decider, approval_id=asked.approval_id, agree=True, note="", now=now)
    given: dict[str, Any] = {"actor": desk, "case_no": case.case_no, "reason": "电话核实申请"}
    await contributions.reveal_person(**given, now=now)
    with pytest.raises(Refused) as refused:
        await contributions.reveal_person(**given, now=now + timedelta(seconds=1))
    assert refused.value.refusals[0].code == "person.reveals_spent"
    event = await database.row("SELECT detail FROM audit_event WHERE action = 'person.reveal' AND outcome = 'refused'")
    assert event is not None and event["detail"] == {"reason": "rule", "reveals_per_day": 1}
    await contributions.reveal_person(**given, now=now + timedelta(days=1))
    for role, most, code in (("finance", 1, "staff.role_unknown"), ("supervisor", 5000, "reveal.rule_range")):
        with pytest.raises(Refused) as refused:
            await privacy.ask_reveal_rule(actor=asker, role=role, reveals_per_day=most, reason="控制查看次数", now=now)
        assert refused.value.refusals[0].code == code


async def test_a_citizen_gives_and_takes_back(
    running: RunningHouse, citizen_client: Enter, partner_client: PartnerEnter
) -> None:
    await partner_client("KioskBalance", represents="person", stands_for="li_na")
    zhang = await citizen_client("zhang_wei")
    (offer,) = (await zhang.data(DELEGATIONS))["delegationOffers"]
    assert offer["purpose"] == partners.PURPOSE and any("账户余额" in read for read in offer["reads"])
    ends_on = (business_date_of(running.clock()) + timedelta(days=30)).isoformat()
    given = {"party": offer["party"], "purpose": offer["purpose"], "endsOn": ends_on, "requestKey": "give-00001"}
    first = (await zhang.data(GIVE, {"input": given}))["giveDelegation"]
    async with nothing_changed():
        assert (await zhang.data(GIVE, {"input": given}))["giveDelegation"] == first
        far = {**given, "endsOn": "2099-01-01", "requestKey": "give-00002"}
        refused = (await zhang.data(GIVE, {"input": far}))["giveDelegation"]
        other = {**given, "purpose": "marketing", "requestKey": "give-00003"}
        stranger = (await zhang.data(GIVE, {"input": other}))["giveDelegation"]
    assert refused["userErrors"] == [{"code": "grants.delegation_end", "field": "endsOn"}]
    assert stranger["userErrors"] == [{"code": "grants.delegation_purpose", "field": "purpose"}]
    reference = first["delegation"]["reference"]
    back = {"reference": reference, "requestKey": "back-00001"}
    li = await citizen_client("li_na")
    async with nothing_changed():
        foreign = (await li.data(REVOKE, {"input": back}))["revokeDelegation"]
    assert foreign["userErrors"] == [{"code": "grants.delegation_unknown", "field": "delegation"}]
    done = (await zhang.data(REVOKE, {"input": back}))["revokeDelegation"]
    assert done["delegation"]["revokedAt"] is not None
    assert (await zhang.data(REVOKE, {"input": back}))["revokeDelegation"] == done
    events = await database.rows("SELECT action FROM audit_event WHERE action LIKE 'delegation.%' ORDER BY at")
    assert [row["action"] for row in events][-2:] == ["delegation.given", "delegation.revoked"]

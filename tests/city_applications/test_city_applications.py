"""市统一申办受理平台 through the running house: handed to us, worked on by our steps or by hand, told back in order."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from backoffice.forms import csrf_token
from backoffice.services import SESSION_COOKIE
from domain import cases, catalogue, city_applications
from domain.kernel import database
from domain.kernel.digest import sm3_hex
from ops.demo.city import city
from tests.city import RunningHouse, staff_sign_in
from tests.factories import rent
from tests.factories.people import citizen, staff
from tests.factories.snapshot import nothing_changed
from tests.settlement.world import key

pytestmark = pytest.mark.requirement("R05.1")
PATH = "/backoffice/city-applications"
PDF = b"%PDF-1.7 synthetic"
RENT = {"kind": "rent_no_home", "frequency": "monthly", "commitment": "1", "autoRenewal": "1"}


async def hand(running: RunningHouse, kind: str, project_no: str, **told: Any) -> str:
    async with httpx.AsyncClient(trust_env=False) as client:
        message = {"kind": kind, "projectNo": project_no, **told}
        answer = await client.post(f"{running.simulators_url}/_sim/city/hand", json=message)
    code: str = answer.json()["code"]
    return code


async def apply(running: RunningHouse, project_no: str, item: str, who: str = "zhang_wei", **told: Any) -> str:
    person = city().citizens[who]
    given = {
        "itemCode": item, "applicantType": "person", "applicantName": person.name, "certType": "01",
        "certNo": person.document_no, "form": {}, **told,
    }  # fmt: skip
    return await hand(running, "apply", project_no, **given)


def material(content: bytes = PDF, **told: Any) -> dict[str, Any]:
    return {
        "fileNo": "F1", "fileName": "材料.pdf", "mediaType": "application/pdf", "sm3": sm3_hex(content),
        "content": base64.b64encode(content).decode(), **told,
    }  # fmt: skip


async def heard(running: RunningHouse, project_no: str) -> list[str]:
    reports = (await running.simulated("city")).get(project_no, [])
    return [one["status"] for one in reports]


async def view(project_no: str) -> city_applications.ApplicationView:
    return await city_applications.application_of(actor=await staff("he.jing"), project_no=project_no)


async def post(running: RunningHouse, login: str, path: str, **fields: str) -> httpx.Response:
    cookie = (await staff_sign_in(login, now=running.clock())).cookie
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}) as desk:
        return await desk.post(path, data={"csrf": csrf_token(cookie), "request_key": key(), **fields})


async def opened(running: RunningHouse, login: str, path: str) -> httpx.Response:
    cookie = (await staff_sign_in(login, now=running.clock())).cookie
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}) as desk:
        return await desk.get(path)


def fresh() -> str:
    return f"BJ{key().upper()}"


async def test_a_withdrawal_runs_through_our_own_review_and_its_end_is_told(running: RunningHouse) -> None:
    number = fresh()
    await running.fault(simulator="city", operation="report", mode="timeout", times=1, detail={"stage": "after"})
    assert await apply(running, number, "C20", form=RENT, msgId=f"M{number}", sentAt="20261130100000") == "0"
    assert await apply(running, number, "C20", form=RENT, msgId=f"M{number}", sentAt="20261130100500") == "0"
    await running.settle()
    seen = await view(number)
    assert (seen.state, seen.matter_kind) == ("processing", "case")
    case = await cases.case_by_no(actor=await citizen("zhang_wei"), case_no=seen.matter_no)
    assert (case.channel, case.state, case.item_code) == ("city_platform", "pending_preliminary", "C20")
    await rent.review(running, case, "li.min", "refuse", reason_code="materials_insufficient", note="材料不足")
    running.clock.advance(minutes=5)
    await running.settle()
    done = await view(number)
    assert (done.state, done.result_note) == ("refused", "材料不足")
    assert await heard(running, number) == ["1", "4", "6"]
    (told,) = [one for one in (await running.simulated("city"))[number] if one["status"] == "6"]
    assert (told["paperNo"], base64.b64decode(told["content"])[:5]) == (done.paper_no, b"%PDF-")
    await running.settle()
    assert await heard(running, number) == ["1", "4", "6"]


async def test_what_is_missing_comes_back_as_a_supplement(running: RunningHouse) -> None:
    number = fresh()
    await apply(running, number, "C20", form={**RENT, "kind": "no_such"})
    await running.settle()
    assert ((await view(number)).state, await heard(running, number)) == ("supplement", ["1", "3"])
    await hand(running, "supplement", number, form={"kind": "rent_no_home"}, msgId=f"S{number}")
    await hand(running, "supplement", number, form={"kind": "rent_no_home"}, msgId=f"S{number}")
    await running.settle()
    seen = await view(number)
    assert (seen.state, seen.supplements) == ("processing", 1)
    assert await heard(running, number) == ["1", "3", "1", "4"]
    late = await hand(running, "supplement", number, form={"kind": "rent_invoiced"})
    await running.settle()
    assert late == "0" and (await view(number)).supplements == 1


async def test_a_transfer_is_opened_and_taken_back(running: RunningHouse) -> None:
    number = fresh()
    form = {"otherCentre": "120000000000000", "otherAccount": "120100880001"}
    await apply(running, number, "C14", form=form)
    await running.settle()
    assert ((await view(number)).state, (await view(number)).matter_kind) == ("processing", "transfer")
    await hand(running, "withdraw", number, reason="不再办理")
    await running.settle()
    assert (await view(number)).state == "withdrawn"
    assert await heard(running, number) == ["1", "4", "7"]


@pytest.mark.parametrize(
    ("item", "told", "state"),
    [
        ("C20", {"applicantName": "不是本人", "form": RENT}, "refused"),
        ("C14", {"form": {"otherCentre": "999900000000000", "otherAccount": "120100880001"}}, "supplement"),
        ("C14", {"form": {"otherCentre": "110000000000000"}}, "supplement"),
    ],
)
async def test_what_cannot_be_opened(running: RunningHouse, item: str, told: dict[str, Any], state: str) -> None:
    number = fresh()
    await apply(running, number, item, **told)
    await running.settle()
    assert (await view(number)).state == state
    assert await database.value("SELECT count(*) FROM service_case") == 0
    assert await database.value("SELECT count(*) FROM account_transfer") == 0


async def test_an_item_that_is_not_built_is_worked_on_by_hand_by_two(running: RunningHouse) -> None:
    number = fresh()
    assert await hand(running, "material", number, **material()) == "0"
    await running.settle()
    kept = await database.row("SELECT state, fault FROM inbound_message WHERE lane = $1", number)
    assert kept is not None and (kept["state"], "尚未收到" in kept["fault"]) == ("received", True)
    await apply(running, number, "L04", form={"contractNo": "JK2020001", "years": "25"})
    await running.settle()
    running.clock.advance(minutes=10)
    await running.settle()
    page = await opened(running, "he.jing", f"{PATH}/{number}")
    assert "延长贷款期限" in page.text and "JK2020001" in page.text and "材料.pdf" in page.text and "张*" in page.text
    file = await post(running, "he.jing", f"{PATH}/{number}/file", file_no="F1")
    assert (file.content, file.headers["content-type"]) == (PDF, "application/pdf")
    assert (await post(running, "he.jing", f"{PATH}/{number}/step", do="accept")).status_code == 303
    early = await post(running, "li.min", f"{PATH}/{number}/step", do="complete", note="贷款期限已延长")
    assert early.status_code == 409
    silent = await post(running, "wang.fang", f"{PATH}/{number}/step", do="complete")
    assert silent.status_code == 422 and "4至200个字" in silent.text
    done = await post(running, "wang.fang", f"{PATH}/{number}/step", do="complete", note="期限已延长至25年")
    assert done.status_code == 303, done.text
    await running.settle()
    assert await heard(running, number) == ["1", "2", "5"]
    listed = await opened(running, "li.min", f"{PATH}?scope=all&item=L04")
    assert number in listed.text and "人工办理" in listed.text
    assert (await opened(running, "sun.cai", PATH)).status_code == 403
    actions = await database.rows("SELECT DISTINCT action FROM audit_event WHERE action LIKE 'city_application.%'")
    assert {row["action"] for row in actions} == {
        "city_application.moved",
        "city_application.read",
        "city_application.file_read",
    }


@pytest.mark.parametrize(
    ("spoil", "code", "fault"),
    [
        ({"sm3": "0" * 64}, "2001", "摘要不符"),
        ({"content": "AAAA*"}, "2001", "content"),
        ({"mediaType": "application/x-msdownload"}, "0", "PDF、JPEG或PNG"),
        (material(b"MZ not a pdf"), "0", "PDF、JPEG或PNG"),
        (material(b"%PDF-" + b"x" * 1_100_000), "0", "1024KB"),
    ],
)
async def test_a_document_that_is_not_what_it_says(
    running: RunningHouse, spoil: dict[str, Any], code: str, fault: str
) -> None:
    number = fresh()
    await apply(running, number, "L04")
    await running.settle()
    assert await hand(running, "material", number, **{**material(), **spoil}) == code
    await running.settle()
    row = await database.row("SELECT state, fault FROM inbound_message WHERE kind = 'material'")
    assert row is not None and row["state"] == "quarantined" and fault in row["fault"]
    assert await database.value("SELECT count(*) FROM city_application_file") == 0


async def test_the_same_number_with_other_content_and_items_that_are_not_connected(running: RunningHouse) -> None:
    number = fresh()
    await apply(running, number, "L04", form={"years": "25"}, msgId=f"A{number}")
    await running.settle()
    async with nothing_changed_but_messages():
        assert await apply(running, number, "L04", form={"years": "30"}, msgId=f"A{number}") == "2002"
        await apply(running, number, "L04", form={"years": "30"})
        await apply(running, fresh(), "C05")
        await apply(running, fresh(), "C12")
        await running.settle()
    faults = await database.rows("SELECT fault FROM inbound_message WHERE state = 'quarantined'")
    said = " ".join(row["fault"] for row in faults)
    assert len(faults) == 4
    assert "内容与先前不一致" in said and "没有接入" in said and "不受理此类申请人" in said


def nothing_changed_but_messages() -> Any:
    from tests.factories import snapshot

    beside = snapshot._BESIDE | {"inbound_message"}

    class _Beside:
        async def __aenter__(self) -> None:
            self.kept, snapshot._BESIDE = snapshot._BESIDE, beside
            self.context = nothing_changed()
            await self.context.__aenter__()

        async def __aexit__(self, *error: Any) -> None:
            try:
                await self.context.__aexit__(*error)
            finally:
                snapshot._BESIDE = self.kept

    return _Beside()


async def test_a_platform_that_is_down_hears_all_of_it_in_order_later(running: RunningHouse) -> None:
    number = fresh()
    await running.fault(simulator="city", operation="report", mode="error500")
    await apply(running, number, "C20", form=RENT)
    await running.settle()
    assert await heard(running, number) == []
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.delete(f"{running.simulators_url}/_sim/faults", params={"simulator": "city"})
    running.forget_trouble()
    running.clock.advance(minutes=10)
    await running.settle()
    assert await heard(running, number) == ["1", "4"]


def test_the_fifteen_items_are_those_of_the_catalogue() -> None:
    connected = catalogue.items_for(channel=city_applications.CHANNEL)
    assert len(connected) == 15
    here = {one.code for one in connected if city_applications.opens_here(item=one.identifier, form={})}
    by_hand = {one.code for one in connected} - here
    assert by_hand == {"L01", "L02", "L04", "F01", "F04"}, "no area of the domain works on loans and housing funds yet"

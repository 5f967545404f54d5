"""Employers' items and certificates from the city's platform: our own matters, and the sealed document that returns."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import httpx
import pytest

from domain import archives, contributions
from domain.kernel import database
from domain.kernel.dates import business_date_of
from ops.demo.city import city
from tests.city import RunningHouse
from tests.city_applications.test_city_applications import PATH, apply, fresh, hand, heard, material, opened, post, view
from tests.factories.people import staff
from tests.settlement.world import key

pytestmark = pytest.mark.requirement("R05.1")
EMPLOYER = {"applicantType": "employer", "applicantName": "北京晨曦科技有限公司", "certType": "uscc",
            "certNo": "91110101MA0DEM00XL"}  # fmt: skip


async def ask(running: RunningHouse, number: str, item: str, *, agent: str = "zheng_tao", **form: str) -> str:
    """As the employer, by its agent."""
    person = city().citizens[agent]
    named = {"agentName": person.name, "agentCertNo": person.document_no, **form}
    answer = await hand(running, "apply", number, itemCode=item, form=named, **EMPLOYER)
    await running.settle()
    return answer


async def result_of(running: RunningHouse, number: str) -> dict[str, Any]:
    found: dict[str, Any] = (await running.simulated("city"))[number][-1]
    return found


async def note_of(number: str) -> str:
    return (await view(number)).result_note or ""


async def test_information_is_changed_at_once_and_the_sealed_result_goes_back(running: RunningHouse) -> None:
    number = fresh()
    assert await ask(running, number, "C02", address="北京市东城区演示路1号", phone="010-65001234") == "0"
    seen = await view(number)
    assert (seen.state, seen.matter_kind) == ("completed", "matter"), await note_of(number)
    row = await database.row("SELECT address, phone FROM employer_account WHERE employer_no = 100001")
    assert row is not None and tuple(row) == ("北京市东城区演示路1号", "010-65001234")
    assert await database.value("SELECT channel FROM employer_matter WHERE matter_no = $1", seen.matter_no) == (
        "city_platform"
    )
    assert await heard(running, number) == ["1", "4", "5"]
    told = await result_of(running, number)
    sealed = base64.b64decode(told["content"])
    assert told["paperNo"] == seen.paper_no and sealed.startswith(b"%PDF-")
    checked = await archives.paper_view(account_no=100001, paper_no=told["paperNo"])
    assert (checked.title, checked.digest, checked.state) == ("办理结果告知书", told["sm3"], "issued")


@pytest.mark.parametrize(
    ("item", "agent", "form", "state", "says"),
    [
        ("C02", "li_na", {"phone": "010-65001234"}, "supplement", "不是该单位在本中心登记的经办人"),
        ("C02", "zhang_wei", {"phone": "010-65001234"}, "refused", ""),
        ("C02", "zheng_tao", {}, "supplement", ""),
        ("C02", "zheng_tao", {"name": "北京另一名称有限公司"}, "refused", "管理部柜台"),
        ("C06", "zheng_tao", {"ratePercent": "99.999"}, "supplement", "缴存比例"),
        ("C06", "zheng_tao", {"ratePercent": "30"}, "supplement", "缴存比例应在"),
        ("C07", "zheng_tao", {"fromMonth": "2026/12", "untilMonth": "2027-03"}, "supplement", "开始年月"),
        ("C07", "zheng_tao", {"kind": "resumption", "fromMonth": "2027-01"}, "refused", "无需恢复"),
        ("C12", "zheng_tao", {"kind": "no_such", "fromMonth": "2026-01", "untilMonth": "2026-06", "purpose": "上市"},
         "supplement", ""),
    ],
)  # fmt: skip
async def test_what_the_rules_do_not_take(
    running: RunningHouse, item: str, agent: str, form: dict[str, str], state: str, says: str
) -> None:
    number = fresh()
    await ask(running, number, item, agent=agent, **form)
    assert (await view(number)).state == state, await note_of(number)
    events = await database.rows("SELECT note FROM city_application_event WHERE note IS NOT NULL")
    assert says in " ".join(row["note"] for row in events)
    assert await database.value("SELECT count(*) FROM employer_matter") == 0


async def test_an_employer_of_another_name_is_refused(running: RunningHouse) -> None:
    number = fresh()
    told = {**EMPLOYER, "applicantName": "北京晨曦有限公司"}
    await hand(running, "apply", number, itemCode="C02", form={"phone": "010-65001234"}, **told)
    await running.settle()
    assert ((await view(number)).state, await heard(running, number)) == ("refused", ["1", "6"])
    assert "统一社会信用代码不符" in await note_of(number)


async def test_a_new_rate_holds_and_told_again_changes_nothing(running: RunningHouse) -> None:
    number, again = fresh(), {"msgId": f"R{fresh()}"}
    person = city().citizens["zheng_tao"]
    form = {"agentName": person.name, "agentCertNo": person.document_no, "ratePercent": "8"}
    for _ in range(2):
        await hand(running, "apply", number, itemCode="C06", form=form, **again, **EMPLOYER)
        await running.settle()
    assert (await view(number)).state == "completed", await note_of(number)
    rates = await database.value(
        "SELECT employer_rate_bp FROM employer_rate WHERE employer_no = 100001 ORDER BY from_period DESC LIMIT 1"
    )
    assert (rates, await database.value("SELECT count(*) FROM employer_matter")) == (800, 1)


async def deferral(running: RunningHouse, number: str) -> str:
    """Handed in with its resolution behind it. Returns the number of the matter."""
    standing = await contributions.standing_of(employer_no=100001)
    months = {"fromMonth": str(standing.next_due), "untilMonth": str(standing.next_due.plus(months=2))}
    await ask(running, number, "C07", kind="deferral", resolutionFile="F1", **months)
    assert ((await view(number)).state, await heard(running, number)) == ("received", ["1"])
    await hand(running, "material", number, **material())
    await running.settle()
    assert (await view(number)).state == "processing", await note_of(number)
    return (await view(number)).matter_no


async def decide(running: RunningHouse, matter_no: str, step: Any, *, login: str = "he.jing") -> None:
    await contributions.decide_matter(
        actor=await staff(login), employer_no=100001, matter_no=matter_no, step=step, reason="经核对材料齐全",
        carry_out=contributions.CARRY_OUT, request_key=key(), now=running.clock(),
        business_date=business_date_of(running.clock()),
    )  # fmt: skip
    await running.settle()


async def test_a_deferral_waits_for_its_resolution_and_is_decided_by_us(running: RunningHouse) -> None:
    number = fresh()
    matter_no = await deferral(running, number)
    kinds = await database.rows("SELECT kind FROM employer_document")
    assert [row["kind"] for row in kinds] == ["union_resolution"]
    await decide(running, matter_no, "approve")
    assert ((await view(number)).state, await heard(running, number)) == ("completed", ["1", "4", "5"])
    assert (await contributions.standing_of(employer_no=100001)).state == "03"
    await decide_again(running, matter_no)


async def decide_again(running: RunningHouse, matter_no: str) -> None:
    """The event told twice ends nothing twice."""
    row = await database.row("SELECT account_no, event_id FROM outbox WHERE kind = $1", contributions.MATTER_ENDED)
    assert row is not None
    await database.execute("UPDATE outbox SET sent_at = NULL WHERE event_id = $1", row["event_id"])
    await running.settle()
    assert await database.value("SELECT count(*) FROM issued_paper WHERE kind = 'city_result'") == 1


async def test_a_refused_and_a_withdrawn_matter_are_told(running: RunningHouse) -> None:
    refused, withdrawn = fresh(), fresh()
    await decide(running, await deferral(running, refused), "refuse")
    assert ((await view(refused)).state, await note_of(refused)) == ("refused", "经核对材料齐全")
    matter_no = await deferral(running, withdrawn)
    await hand(running, "withdraw", withdrawn, reason="不再办理")
    await running.settle()
    assert ((await view(withdrawn)).state, await heard(running, withdrawn)) == ("withdrawn", ["1", "4", "7"])
    state = await database.value("SELECT state FROM employer_matter WHERE matter_no = $1", matter_no)
    assert state == "withdrawn" and "content" not in await result_of(running, withdrawn)


REGISTRATION = {
    "kind": "enterprise", "officeCode": "0101", "payDay": "15", "firstMonth": "2026-12", "ratePercent": "12",
    "legalName": "郑涛", "legalCertNo": "110105197001011239",
}  # fmt: skip


async def test_an_employer_is_registered_once(running: RunningHouse) -> None:
    first, second = fresh(), fresh()
    told = {"applicantType": "employer", "applicantName": "北京新苗科技有限公司", "certType": "uscc",
            "certNo": "91110105MA01ABCD5F"}  # fmt: skip
    for number in (first, second):
        await hand(running, "apply", number, itemCode="C01", form=REGISTRATION, **told)
        await running.settle()
    made = await view(first)
    assert (made.state, made.matter_kind) == ("completed", "employer"), await note_of(first)
    assert await contributions.employer_of_code(uscc=told["certNo"]) == int(made.matter_no)
    assert (await view(second)).state in ("refused", "supplement")
    assert await database.value("SELECT count(*) FROM employer WHERE uscc = $1", told["certNo"]) == 1


async def test_a_persons_certificate_is_the_document_of_its_result(running: RunningHouse) -> None:
    number = fresh()
    await apply(running, number, "C15")
    await running.settle()
    told = await result_of(running, number)
    assert (told["status"], told["fileName"][:9]) == ("5", "住房公积金缴存证明")
    assert await database.value("SELECT count(*) FROM issued_paper") == 1, "no notice beside the certificate"


async def test_a_paper_that_was_revoked_meanwhile_is_not_sent(running: RunningHouse) -> None:
    number = fresh()
    await running.fault(simulator="city", operation="report", mode="error500")
    await apply(running, number, "C15")
    await running.settle()
    row = await database.row("SELECT account_no, paper_no FROM issued_paper")
    assert row is not None
    await archives.revoke(
        actor=await staff("zhao.gang"), account_no=row["account_no"], paper_no=row["paper_no"], reason="内容有误",
        now=running.clock(),
    )  # fmt: skip
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.delete(f"{running.simulators_url}/_sim/faults", params={"simulator": "city"})
    running.forget_trouble()
    running.clock.advance(minutes=10)
    await running.settle()
    told = await result_of(running, number)
    assert (told["status"], "content" in told) == ("5", False)


async def test_the_list_is_exported_whole_by_whom_it_is_open_to(running: RunningHouse) -> None:
    number = fresh()
    await ask(running, number, "C02", phone="010-65001234")
    page = await opened(running, "li.min", f"{PATH}?scope=all")
    assert number in page.text
    sheet = await post(running, "zhao.gang", f"{PATH}/export?scope=all&item=C02")
    rows = list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows] == ["平台申请编号", number, "合计"]
    assert rows[1][11] == (await view(number)).paper_no
    assert (await post(running, "zhao.gang", f"{PATH}/export?scope=burning")).status_code == 409
    for login in ("li.min", "sun.cai"):
        assert (await post(running, login, f"{PATH}/export?scope=all")).status_code == 403
    exported = await database.value("SELECT count(*) FROM audit_event WHERE action = 'city_application.exported'")
    assert exported == 1

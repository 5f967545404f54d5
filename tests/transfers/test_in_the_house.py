"""Both ways through the running house: GraphQL and the staff's page, simulated cities, their bank and ours."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from auth import face
from backoffice.forms import csrf_token
from backoffice.services import SESSION_COOKIE
from channels.inbound.desk import InboundFilters, inbound_messages
from domain import contributions, ledger, transfers
from domain.kernel import database
from ops import transfers as of_transfers
from ops.demo.city import city
from ops.wiring import INVARIANTS
from tests.city import Enter, RunningHouse, staff_sign_in
from tests.factories.people import staff
from tests.settlement.world import key

pytestmark = [pytest.mark.requirement("R06.1"), pytest.mark.requirement("R13.2")]
TIANJIN = "120000000000000"
PATH = "/backoffice/transfers"
APPLY = """mutation ($input: ApplyForTransferInInput!) { applyForTransferIn(input: $input) {
  transfer { id transferNo stateName } userErrors { code message field } } }"""
MINE = "{ transfers { transferNo letterNo stateName explanation amount moneyName cancellable } }"


async def simulated(running: RunningHouse, what: str, **given: Any) -> Any:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{running.simulators_url}/_sim/transfer/{what}", json=given)
        answer.raise_for_status()
        return answer.json()


async def everybody_works(running: RunningHouse) -> None:
    """We, the platform, the cities and the banks, until nothing is left to do."""
    for _ in range(6):
        await running.settle()
        await simulated(running, "deliver")
        running.clock.advance(minutes=45)


async def post(running: RunningHouse, login: str, path: str, **fields: str) -> httpx.Response:
    cookie = (await staff_sign_in(login, now=running.clock())).cookie
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}) as desk:
        return await desk.post(path, data={"csrf": csrf_token(cookie), "request_key": key(), **fields})


async def opened(running: RunningHouse, login: str, path: str) -> httpx.Response:
    cookie = (await staff_sign_in(login, now=running.clock())).cookie
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, cookies={SESSION_COOKIE: cookie}) as desk:
        return await desk.get(path)


async def books_hold() -> None:
    assert [one for one in await ledger.prove(invariants=INVARIANTS) if not one.holds] == []


async def texts() -> list[str]:
    rows = await database.rows("SELECT template FROM sms_message WHERE template LIKE 'transfer.%' ORDER BY created_at")
    return [row["template"] for row in rows]


async def test_in_from_another_city(running: RunningHouse, citizen_client: Enter) -> None:
    citizen = await citizen_client("zhang_wei")
    given = {"otherCentre": TIANJIN, "otherAccount": "120100880001", "requestKey": key()}
    made = (await citizen.data(APPLY, {"input": given}))["applyForTransferIn"]
    assert made["userErrors"] == [] and made["transfer"]["stateName"] == "待复核"
    number = made["transfer"]["transferNo"]
    page = await opened(running, "li.min", f"{PATH}/{number}")
    assert page.status_code == 200 and "天津市住房公积金管理中心" in page.text and "复核通过并发出联系函" in page.text
    assert "张伟" not in page.text and "张*" in page.text
    await running.fault(simulator="transfer", operation="tell", mode="timeout", times=1, detail={"stage": "after"})
    assert (await post(running, "li.min", f"{PATH}/{number}/step", do="issue")).status_code == 303
    await everybody_works(running)
    [mine] = (await (await citizen_client("zhang_wei")).data(MINE))["transfers"]
    assert (mine["stateName"], mine["amount"], mine["moneyName"]) == ("正常办结", "18643.25", "已入账")
    held = await running.simulated("transfer")
    assert held["letters"][mine["letterNo"]]["state"] == "00"
    assert held["cities"][TIANJIN]["balances"]["120100880001"] == "0.00"
    assert await texts() == ["transfer.issued", "transfer.arrived"]
    await books_hold()
    listed = await opened(running, "sun.cai", f"{PATH}?scope=all")
    assert listed.status_code == 200 and number in listed.text and "转入申请" not in listed.text


async def test_out_to_another_city(running: RunningHouse) -> None:
    person = city().citizens["ma_li"]
    account_no = await database.value(
        "SELECT account_no FROM person_account WHERE person_id = (SELECT person_id FROM person"
        " WHERE document_masked LIKE $1 LIMIT 1)",
        f"{person.document_no[:6]}%{person.document_no[-4:]}",
    )
    await database.execute("UPDATE account SET state = '02' WHERE account_no = $1", account_no)
    await running.fault(simulator="transfer", operation="deliver", mode="answer_twice")
    await simulated(
        running, "apply", city=TIANJIN, document_no=person.document_no, out_centre="110000000000000",
        out_account=str(account_no),
    )  # fmt: skip
    await everybody_works(running)
    page = await transfers.transfers(
        actor=await staff("li.min"), filters=transfers.TransferFilters(direction="out"), first=5, after=None
    )
    [view] = page.items
    assert (view.state, view.name_masked) == ("01", "马*")
    assert (await post(running, "li.min", f"{PATH}/{view.transfer_no}/step", do="confirm")).status_code == 303
    refused = await post(running, "wang.fang", f"{PATH}/{view.transfer_no}/step", do="approve", loan_count="99")
    assert refused.status_code == 422 and "0至20" in refused.text
    approved = await post(running, "wang.fang", f"{PATH}/{view.transfer_no}/step", do="approve", loan_count="0")
    assert approved.status_code == 303, approved.text
    await everybody_works(running)
    done = await transfers.transfer_by_key(account_no=view.account_no, transfer_id=view.transfer_id)
    assert (done.state_name, done.money_name) == ("正常办结", "已划出")
    assert await database.value("SELECT state FROM account WHERE account_no = $1", account_no) == "04"
    held = await running.simulated("transfer")
    assert held["cities"][TIANJIN]["balances"]["120100880003"] == str(done.amount)
    assert await texts() == ["transfer.out_approved", "transfer.out_finished"]
    await books_hold()
    told = await inbound_messages(
        actor=await staff("tang.yue"), filters=InboundFilters(channel="national_transfer"), first=20, after=None
    )
    assert {one.state for one in told.items} == {"done"} and max(one.told for one in told.items) == 2


async def test_the_national_mini_program_applies_for_the_citizen(running: RunningHouse, citizen_client: Enter) -> None:
    person = city().citizens["li_na"]
    given = {"document_no": person.document_no, "out_centre": TIANJIN, "out_account": "120100880002"}
    await simulated(running, "mini-program", name="不是本人", **given)
    await simulated(running, "mini-program", name=person.name, **given)
    await simulated(running, "deliver")
    await running.settle()
    [mine] = (await (await citizen_client("li_na")).data(MINE))["transfers"]
    assert mine["stateName"] == "待复核" and mine["cancellable"]
    rows = await database.rows("SELECT outcome FROM inbound_message WHERE channel = 'national_transfer' ORDER BY 1")
    said = [row["outcome"] for row in rows]
    assert said[0].startswith("不予受理") and said[1] == f"已受理，受理编号{mine['transferNo']}"


async def test_money_with_a_letters_number_that_is_nobodys_waits_where_staff_see_it(
    running: RunningHouse, citizen_client: Enter
) -> None:
    citizen = await citizen_client("zhang_wei")
    given = {"otherCentre": TIANJIN, "otherAccount": "120100880001", "requestKey": key()}
    number = (await citizen.data(APPLY, {"input": given}))["applyForTransferIn"]["transfer"]["transferNo"]
    await running.fault(
        simulator="transfer", operation="city", mode="normal", match={"event": "letter"},
        detail={"remark": "＃1100002611239999＃"},
    )  # fmt: skip
    await post(running, "li.min", f"{PATH}/{number}/step", do="issue")
    await everybody_works(running)
    [mine] = (await (await citizen_client("zhang_wei")).data(MINE))["transfers"]
    assert (mine["stateName"], mine["moneyName"]) == ("账户信息复核通过", "待到账")
    page = await opened(running, "li.min", PATH)
    assert "1100002611239999" in page.text and "没有对上的款项" in page.text
    await books_hold()


async def test_the_platform_is_asked_for_centres_and_for_letters_without_news(
    running: RunningHouse, citizen_client: Enter
) -> None:
    citizen = await citizen_client("zhang_wei")
    await database.execute("UPDATE centre_code SET name = '旧名称' WHERE code = $1", TIANJIN)
    await database.execute(
        "INSERT INTO centre_code (code, name, region_code, updated_at)"
        " VALUES ('999900000000000', '已撤并', '999900', now())"
    )
    given = {"otherCentre": TIANJIN, "otherAccount": "120100880001", "requestKey": key()}
    number = (await citizen.data(APPLY, {"input": given}))["applyForTransferIn"]["transfer"]["transferNo"]
    await post(running, "li.min", f"{PATH}/{number}/step", do="issue")
    await running.settle()
    # the other city's word of the letter's receipt is lost on its way
    await running.fault(simulator="transfer", operation="deliver", mode="refuse", match={"receiver": "110000000000000"})
    await running.fault(simulator="transfer", operation="city", mode="normal", match={"event": "letter"},
                        detail={"info": "none", "money": "none"})  # fmt: skip
    await simulated(running, "deliver")
    await of_transfers.refresh(running.house)
    assert await transfers.letters_without_news(before=running.clock()) != []
    [centre] = [one for one in await transfers.transfer_centres() if one.code == TIANJIN]
    assert centre.name == "天津市住房公积金管理中心"
    assert {one.code for one in await transfers.transfer_centres()} == {TIANJIN, "130100000000000"}
    running.clock.advance(days=2)
    await running.fault(simulator="transfer", operation="progress", mode="timeout", times=1)
    await of_transfers.refresh(running.house)
    running.forget_trouble()
    await of_transfers.refresh(running.house)
    page = await transfers.transfers(
        actor=await staff("li.min"), filters=transfers.TransferFilters(), first=5, after=None
    )
    assert [one.state for one in page.items] == ["02"]


async def test_the_list_is_exported_by_whom_it_is_for(running: RunningHouse, citizen_client: Enter) -> None:
    citizen = await citizen_client("zhang_wei")
    given = {"otherCentre": TIANJIN, "otherAccount": "120100880001", "requestKey": key()}
    number = (await citizen.data(APPLY, {"input": given}))["applyForTransferIn"]["transfer"]["transferNo"]
    assert (await post(running, "li.min", f"{PATH}/export")).status_code == 403
    done = await post(running, "tang.yue", f"{PATH}/export?scope=all")
    assert done.status_code == 200 and number not in (await opened(running, "li.min", f"{PATH}?state=40")).text
    assert await database.value("SELECT count(*) FROM audit_event WHERE action = 'transfer.exported'") == 1


async def test_a_forged_message_and_a_broken_one_change_nothing(running: RunningHouse) -> None:
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False) as stranger:
        answer = await stranger.post("/partners/transfers", json={"TxCode": "BDC901"})
    assert answer.status_code == 401
    message = {"TxCode": "BDC903", "MsgNo": "F1", "SendNode": TIANJIN, "ReceiveNode": "110000000000000",
               "SendTime": "20261125110000", "Body": {"ConNum": "1", "Reason": ""}}  # fmt: skip
    assert (await simulated(running, "force", message=message))["answer"] == "T0003"
    message["Body"] = {"ConNum": "1200002611250001", "Reason": ""}
    assert (await simulated(running, "force", message=message))["answer"] == "00000"
    await running.settle()
    row = await database.row("SELECT state, fault FROM inbound_message WHERE message_key = $1", f"{TIANJIN}:F1")
    assert row is not None and (row["state"], row["fault"]) == ("received", "联系函1200002611250001尚未登记")
    assert await database.value("SELECT count(*) FROM account_transfer") == 0


async def test_at_the_counter_the_face_comes_first(running: RunningHouse) -> None:
    document_no = city().citizens["zhang_wei"].document_no
    fields = {"document_no": document_no, "other_centre": TIANJIN, "other_account": "120100880001"}
    assert (await opened(running, "li.min", f"{PATH}/apply")).status_code == 200
    # what is wrong is told before anybody's face is asked for, and somebody without an account is told so
    wrong = await post(
        running, "li.min", f"{PATH}/apply/new", **{**fields, "other_centre": "天津", "other_account": "1"}
    )
    assert wrong.status_code == 422 and "6至30位" in wrong.text and "去办理人脸核验" not in wrong.text
    nobody = await post(running, "li.min", f"{PATH}/apply/new", **{**fields, "document_no": "110101199003079999"})
    assert nobody.status_code == 422 and "没有找到该证件的公积金账户" in nobody.text
    fields["other_centre"] = "天津市住房公积金管理中心"
    refused = await post(running, "li.min", f"{PATH}/apply/new", **fields)
    assert refused.status_code == 422 and f"matter={document_no[-4:]}" in refused.text
    assert await database.value("SELECT count(*) FROM account_transfer") == 0
    actor = await staff("li.min")
    await face.pass_without_face(
        actor=actor,
        challenge=face.counter_challenge(actor=actor, operation="transfer.in_application", matter=document_no[-4:]),
        person_id=await contributions.person_of_document(document_type="01", document_no=document_no),
        reason="读卡器核验通过，职工不便人脸核验",
        now=running.clock(),
    )
    done = await post(running, "li.min", f"{PATH}/apply/new", **fields)
    assert done.status_code == 303 and done.headers["location"].endswith("?done=applied"), done.text
    number = done.headers["location"].split("/")[-1].split("?")[0]
    same = await post(running, "li.min", f"{PATH}/{number}/step", do="issue")
    assert same.status_code == 409 and "同一人" in same.text
    assert (await opened(running, "zheng.shenji", PATH)).status_code == 403

"""The story of one rent withdrawal over public HTTP: a citizen, two reviewers, the bank, an SMS, an evaluation.

Every step prints what it did and saw; the first thing that is not as promised ends the walk with an error.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from ops import settings as configuration
from ops.demo.city import city
from ops.demo.desk import Desk, said
from ops.demo.login import citizen_token
from ops.dev.failures import CommandFailure

WAIT_SECONDS = 30

HOME = """query { viewer { person { nameMasked cards { id cardNoMasked bankName }
  accounts { accountNo balance held available } } } serviceItems { code name open } }"""
QUOTE = """query($input: RentWithdrawalInput!) { quoteRentWithdrawal(input: $input) {
  quote { amount months monthlyLimit fromMonth untilMonth explanation { title text } }
  userErrors { code message } } }"""
APPLY = """mutation($input: ApplyForRentWithdrawalInput!) { applyForRentWithdrawal(input: $input) {
  case { id caseNo stateName amount } userErrors { code message field } } }"""
CASE = """query($id: ID!) { case(id: $id) { state stateName amount evaluation payment { stateName bankName }
  history { at actionName } } }"""
EVALUATE = """mutation($input: EvaluateCaseInput!) { evaluateCase(input: $input) {
  case { evaluation } userErrors { code message } } }"""


def play(base_url: str) -> int:
    """Returns 0 when the whole story went as promised."""
    asyncio.run(_play(base_url))
    return 0


async def _play(base_url: str) -> None:
    settings = configuration.load()
    seed = settings.demonstration_seed.get_secret_value()
    key, api, home = await _someone_who_may_apply(base_url)
    viewer = home["viewer"]["person"]
    account, card = viewer["accounts"][0], viewer["cards"][0]
    _say(
        f"{viewer['nameMasked']} 登录，账户 {account['accountNo']}，"
        f"余额 {account['balance']}，可用 {account['available']}"
    )
    _say(f"本渠道可办事项 {sum(item['open'] for item in home['serviceItems'])} 项已开通")

    wanted = {"frequency": "QUARTERLY", "cardId": card["id"], "autoRenewal": True, "commitment": True}
    answer = (await api(QUOTE, {"input": wanted}))["quoteRentWithdrawal"]
    _expect(not answer["userErrors"], f"试算被拒绝：{answer['userErrors']}")
    quote = answer["quote"]
    _say(f"试算：每月 {quote['monthlyLimit']} × {quote['months']} 个月，本次 {quote['amount']}")
    for line in quote["explanation"]:
        _say(f"    {line['title']}：{line['text']}")

    request_key = secrets.token_hex(12)
    applied = await _apply(api, wanted, request_key)
    again = await _apply(api, wanted, request_key)
    _expect(applied["caseNo"] == again["caseNo"], "同一请求编号得到了两个办件")
    case_no, case_id = applied["caseNo"], applied["id"]
    _say(f"提交申请，办件编号 {case_no}，{applied['stateName']}（重复提交仍为同一办件）")

    async with Desk(base_url=base_url, login="li.min", seed=seed) as desk:
        await desk.claim(case_no)
        decided = await desk.decide(case_no, "approve")
        _expect(decided.status_code == 200, f"初审：{said(decided.text)}")
        _say("李敏 初审通过")
    async with Desk(base_url=base_url, login="wang.fang", seed=seed) as desk:
        await desk.claim(case_no)
        decided = await desk.decide(case_no, "approve")
        _expect(decided.status_code == 200, f"复审：{said(decided.text)}")
        _say("王芳 复审通过，付款已安排")

    async def paid() -> bool:
        return bool((await api(CASE, {"id": case_id}))["case"]["state"] == "completed")

    await _until(paid, "付款")
    case = (await api(CASE, {"id": case_id}))["case"]
    _say(f"{case['payment']['bankName']} {case['payment']['stateName']}，办件{case['stateName']}")
    for event in case["history"]:
        _say(f"    {event['at']}  {event['actionName']}")

    after = (await api(HOME))["viewer"]["person"]["accounts"][0]
    _say(f"余额 {account['balance']} → {after['balance']}，冻结 {after['held']}")
    _expect(_fen(account["balance"]) - _fen(after["balance"]) == _fen(case["amount"]), "余额变动与提取金额不符")

    evaluated = (
        await api(
            EVALUATE,
            {
                "input": {
                    "id": case_id,
                    "grade": 5,
                    "comment": "办理很快",
                    "requestKey": secrets.token_hex(12),
                }
            },
        )
    )["evaluateCase"]
    _expect(not evaluated["userErrors"], f"评价：{evaluated['userErrors']}")
    _say("评价：非常满意")
    await _outside(settings.simulators_url, case_no=case_no, mobile=city().citizens[key].mobile)
    _say("完成。")


async def _someone_who_may_apply(base_url: str) -> tuple[str, Any, dict[str, Any]]:
    """The walk can be repeated: each time it takes a citizen whose arrangement does not run yet."""
    for key in ("zhang_wei", "li_na", "ma_li"):
        token = await citizen_token(base_url=base_url, key=key)
        api = _api(base_url, token)
        home = await api(HOME)
        wanted = {
            "frequency": "QUARTERLY",
            "cardId": home["viewer"]["person"]["cards"][0]["id"],
            "autoRenewal": True,
            "commitment": True,
        }
        if not (await api(QUOTE, {"input": wanted}))["quoteRentWithdrawal"]["userErrors"]:
            return key, api, home
    raise CommandFailure("everybody who may apply has an arrangement already; start again with an empty .data")


def _api(base_url: str, token: str) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def run(document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=20) as client:
            answer = await client.post(
                "/graphql",
                json={"query": document, "variables": variables or {}},
                headers={"Authorization": f"Bearer {token}"},
            )
        parsed = answer.json()
        if "errors" in parsed:
            raise CommandFailure(f"GraphQL: {parsed['errors']}")
        data: dict[str, Any] = parsed["data"]
        return data

    return run


async def _apply(api: Any, wanted: dict[str, Any], request_key: str) -> dict[str, Any]:
    payload = (await api(APPLY, {"input": {**wanted, "requestKey": request_key}}))["applyForRentWithdrawal"]
    _expect(not payload["userErrors"], f"申请被拒绝：{payload['userErrors']}")
    case: dict[str, Any] = payload["case"]
    return case


async def _outside(simulators_url: str, *, case_no: str, mobile: str) -> None:
    """What the outside systems saw: messages to the applicant, and the evaluation."""
    async with httpx.AsyncClient(base_url=simulators_url, trust_env=False) as client:

        async def seen() -> bool:
            texts = (await client.get("/_sim/sms/messages", params={"mobile": mobile})).text
            reports = (await client.get("/_sim/evaluation/reports")).text
            return texts.count(case_no) >= 3 and case_no in reports

        await _until(seen, "短信和评价推送")
        texts = (await client.get("/_sim/sms/messages", params={"mobile": mobile})).json()
    rows = texts["messages"] if isinstance(texts, dict) else texts
    for row in rows:
        if case_no in row.get("text", ""):
            _say(f"短信：{row['text']}")
    _say("好差评平台已收到评价")


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    for _ in range(WAIT_SECONDS * 5):
        if await condition():
            return
        await asyncio.sleep(0.2)
    raise CommandFailure(f"{what}：{WAIT_SECONDS} 秒内没有完成")


def _fen(amount: str) -> int:
    return int(amount.replace(".", ""))


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CommandFailure(otherwise)


def _say(text: str) -> None:
    print(text, flush=True)

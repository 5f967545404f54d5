"""What citizens, staff, employers and courts do. Each action asks the house, tells the auditor, and compares the
answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain import contributions, ledger
from domain.kernel.database import transaction
from domain.kernel.dates import YearMonth, business_date_of
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from ops.demo.city import Citizen
from ops.simulation.auditor import OPEN_STATES, Case, Difference, Remittance
from ops.simulation.callers import APPLY, CANCEL, CLAIM, DECIDE, EVALUATE, HOME
from ops.simulation.world import World

REVIEWERS = ("li.min", "wang.fang", "ma.li", "zhao.gang")
BANKS = ("102", "104", "105", "301")
CLAIM_MINUTES = 30
REASONS = ("单位报送有误", "重复汇缴")


async def apply(world: World) -> str:
    """A rent withdrawal; sometimes registries are silent, a connection is lost, the citizen presses twice."""
    citizen = world.random.choice(world.people)
    account = world.accounts[citizen.key]
    silent = world.chance(20)
    if silent:
        await world.stage.fault(simulator="registries", operation="homes", mode="refuse")
    if world.chance(10):
        await world.stage.fault(simulator="registries", operation="marriage", mode="refuse")
    given: dict[str, object] = {
        "frequency": world.random.choice(("MONTHLY", "QUARTERLY")),
        "cardId": await _card(world, citizen),
        "autoRenewal": world.chance(50),
        "commitment": True,
        "requestKey": world.new_key(),
    }
    against = world.auditor.may_apply(account=account, homes_answered=not silent)
    fen = world.auditor.amount(account=account, frequency=str(given["frequency"]), on=world.today)
    await world.callers.enter(citizen)
    async with world.perhaps_cut(percent=25, cuts=("mistake", "connection_lost")) as told:
        payload = (await world.callers.citizen(citizen, APPLY, **given))["applyForRentWithdrawal"]
    codes = {error["code"] for error in payload["userErrors"]}
    if codes != against:
        raise Difference(f"{citizen.key} applies: refused for {sorted(codes)}, expected {sorted(against)}")
    words = f"{citizen.key} applies: {', '.join(sorted(codes)) or 'taken'}{_cut(told)}"
    if codes:
        return words
    case = payload["case"]
    if _fen(case["amount"]) != fen:
        raise Difference(f"{citizen.key} applies: {case['amount']} granted, expected {fen} fen")
    assert citizen.account is not None
    known = world.auditor.applied(
        number=case["caseNo"],
        account=account,
        fen=fen,
        bank=citizen.account["card"]["bank"],
        on=world.today,
        frequency=str(given["frequency"]),
        renews=bool(given["autoRenewal"]),
    )
    world.ids[case["caseNo"]] = case["id"]
    world.last_request = (citizen, APPLY, given, case["caseNo"])
    return f"{words}, {known.name} of {fen} fen"


async def press_again(world: World) -> str:
    """The last application once more with its key: the same case, nothing else. With other input it is refused."""
    if world.last_request is None:
        return await apply(world)
    citizen, document, given, number = world.last_request
    if world.chance(30):
        given = {**given, "autoRenewal": not given["autoRenewal"]}
        payload = (await world.callers.citizen(citizen, document, **given))["applyForRentWithdrawal"]
        if [error["code"] for error in payload["userErrors"]] != ["request.key_reused"]:
            raise Difference(f"a request key with other input was answered {payload}")
        return f"{citizen.key} uses a key again with other input: refused"
    payload = (await world.callers.citizen(citizen, document, **given))["applyForRentWithdrawal"]
    if payload["userErrors"] or payload["case"]["caseNo"] != number:
        raise Difference(f"{citizen.key} pressed again and got {payload}")
    return f"{citizen.key} presses again: the same case"


async def cancel(world: World) -> str:
    case, citizen = _some_case(world, of=OPEN_STATES)
    if case is None or citizen is None:
        return await apply(world)
    possible = case.state in ("pending_preliminary", "pending_final")
    given = {"id": world.ids[case.number], "requestKey": world.new_key()}
    await world.callers.enter(citizen)
    async with world.perhaps_cut(percent=25, cuts=("mistake", "connection_lost")) as told:
        payload = (await world.callers.citizen(citizen, CANCEL, **given))["cancelCase"]
    if possible == bool(payload["userErrors"]):
        raise Difference(f"{case.name}, {case.state}: cancelling was answered {payload['userErrors']}")
    if possible:
        world.auditor.cancelled(case=case)
    return f"{citizen.key} cancels {case.name}: {'done' if possible else 'too late'}{_cut(told)}"


async def evaluate(world: World) -> str:
    """What the applicant thinks of a case: at its time, too early, too late, or once more."""
    case, citizen = _some_case(world, of=None)
    if case is None or citizen is None:
        return await apply(world)
    grade = world.random.randrange(1, 6)
    given = {"id": world.ids[case.number], "requestKey": world.new_key(), "grade": grade, "comment": "模拟评价"}
    allowed = world.auditor.evaluated(case=case, grade=grade, on=world.today)
    await world.callers.enter(citizen)
    async with world.perhaps_cut(percent=25, cuts=("mistake", "connection_lost")) as told:
        payload = (await world.callers.citizen(citizen, EVALUATE, **given))["evaluateCase"]
    codes = frozenset(error["code"] for error in payload["userErrors"])
    if codes not in allowed:
        expected = " or ".join(str(sorted(one)) for one in allowed)
        raise Difference(f"{citizen.key} evaluates {case.name}, {case.state}: {sorted(codes)}, expected {expected}")
    if not codes:
        case.grade = grade
    return f"{citizen.key} gives {case.name} grade {grade}: {', '.join(sorted(codes)) or 'kept'}{_cut(told)}"


async def look(world: World) -> str:
    """A citizen's own page: balances and cases as the auditor has them."""
    citizen = world.random.choice(world.people)
    data = await world.callers.citizen(citizen, HOME)
    (seen,) = data["viewer"]["person"]["accounts"]
    balance, held = _fen(seen["balance"]), _fen(seen["held"])
    number = world.accounts[citizen.key].number
    world.auditor.check_account(number=number, balance=balance, held=held, on=world.today, where="citizen's page")
    if _fen(seen["available"]) != balance - held:
        raise Difference(f"citizen's page: {seen['available']} available of {balance} less {held} fen")
    shown = {edge["node"]["caseNo"]: edge["node"]["state"] for edge in data["cases"]["edges"]}
    mine = {case.number: case.state for case in world.auditor.cases.values() if case.account.number == number}
    if shown != mine:
        raise Difference(f"citizen's page: cases {list(shown.values())}, expected {list(mine.values())}")
    return f"{citizen.key} looks: {balance} fen, {held} held, {len(shown)} cases"


async def review(world: World) -> str:
    """A reviewer claims and decides, or only one of both; also who must not."""
    case, _ = _some_case(world, of=OPEN_STATES)
    if case is None:
        return await apply(world)
    login = world.random.choice(REVIEWERS)
    words = [f"{login} at {case.name} ({case.state})"]
    if world.chance(92):
        words.append(await _claim(world, case, login))
    if world.chance(92):
        words.append(await _decide(world, case, login))
    return ": ".join((words[0], ", ".join(words[1:]) or "turns away"))


async def _claim(world: World, case: Case, login: str) -> str:
    now = world.stage.clock.now
    roles = frozenset(world.stage.city.staff[login].roles)
    wanted = {"pending_preliminary": "preliminary_reviewer", "pending_final": "final_reviewer"}.get(case.state)
    others = case.claimed is not None and case.claimed[0] != login and now < case.claimed[1]  # type: ignore[operator]
    again = case.state == "pending_final" and case.approved_first_by == login
    possible = wanted is not None and wanted in roles and not others and not again
    escalates = "supervisor" in roles and world.auditor.may_be_late(case=case, on=world.today)
    if escalates and wanted is not None and not others and not again:
        possible = possible or case.escalated
    else:
        escalates = False
    given = {"id": world.ids[case.number], "requestKey": world.new_key()}
    payload = (await world.callers.staff(login, CLAIM, **given))["claimCase"]
    if escalates and not possible and not payload["userErrors"]:
        case.escalated = possible = True
    if possible == bool(payload["userErrors"]):
        raise Difference(f"{login} claims {case.name}, {case.state}: answered {payload['userErrors']}")
    if possible:
        case.claimed = (login, world.stage.clock.now + timedelta(minutes=CLAIM_MINUTES))
    return "claimed" if possible else "may not claim"


async def _decide(world: World, case: Case, login: str) -> str:
    decision = world.random.choice(("APPROVE",) * 8 + ("REFUSE", "RETURN"))
    roles = frozenset(world.stage.city.staff[login].roles)
    if case.escalated and "supervisor" in roles:
        roles |= {"preliminary_reviewer", "final_reviewer"}
    possible = world.auditor.may_decide(
        case=case, login=login, roles=roles, decision=decision, now=world.stage.clock.now
    )
    given: dict[str, Any] = {"id": world.ids[case.number], "requestKey": world.new_key(), "decision": decision}
    if decision == "APPROVE":
        given["overrideReason"] = "已人工核实"
    else:
        given |= {"reasonCode": "materials_insufficient", "note": "材料不足以支持申请"}
    await world.callers.enter(login)
    async with world.perhaps_cut(percent=25, cuts=("mistake", "connection_lost")) as told:
        payload = (await world.callers.staff(login, DECIDE, **given))["decideCase"]
    if possible == bool(payload["userErrors"]):
        raise Difference(f"{login} decides {decision} on {case.name}, {case.state}: {payload['userErrors']}")
    if possible:
        world.auditor.decided(case=case, login=login, decision=decision, on=world.today)
    return f"{decision} {'done' if possible else 'refused'}{_cut(told)}"


async def remit(world: World) -> str:
    """An employer's remittance for one person: the next month, sometimes one that was or one too far."""
    citizen = world.random.choice(world.people)
    account = world.accounts[citizen.key]
    last = max(account.months)
    index = last + world.random.choice((1, 1, 1, 1, 1, 1, 0, 2))
    month = YearMonth(index // 12, index % 12 + 1)
    earlier = account.months.get(index)
    fen = earlier[0] if earlier and world.chance(50) else world.random.randrange(50_000, 900_000)
    bank, on = world.random.choice(BANKS), world.today
    before = set(account.months)
    refusal = world.auditor.collected_from(account=account, month=index, fen=fen, bank=bank, on=on)
    vouchers: list[int] = []

    async def book() -> None:
        async with transaction() as tx:
            voucher = await contributions.book_contribution(
                tx,
                account_no=account.number,
                month=month,
                amount=Money(fen),
                bank_code=bank,
                booked_on=on,
                now=world.stage.clock(),
            )
        vouchers.append(voucher)

    cut, code = await answered(world, book)
    if code != refusal:
        raise Difference(f"remittance {month} of {citizen.key}: {code}, expected {refusal}")
    if refusal is None and index not in before:
        world.auditor.remittances[vouchers[-1]] = Remittance(
            account=account, voucher=vouchers[-1], fen=fen, counts_from=on, bank=bank
        )
    return f"remittance {month} of {citizen.key}, {fen} fen: {refusal or 'booked'}{cut}"


async def reverse(world: World) -> str:
    if not world.auditor.remittances:
        return await remit(world)
    one = world.random.choice(list(world.auditor.remittances.values()))
    reason, on = world.random.choice(REASONS), world.today
    refusal = world.auditor.reversed(voucher=one.voucher, reason=reason, on=on)

    async def turn_back() -> None:
        async with transaction() as tx:
            await ledger.reverse(
                tx,
                account_no=one.account.number,
                voucher_id=one.voucher,
                reason=reason,
                posted_on=on,
                now=world.stage.clock(),
            )

    cut, code = await answered(world, turn_back)
    if code != refusal:
        raise Difference(f"reversal of {one.fen} fen: {code}, expected {refusal}")
    return f"reversal of {one.fen} fen: {refusal or 'booked'}{cut}"


async def freeze(world: World) -> str:
    """A court freezes an account or frees it; the house has no face for it yet, so the state is set as it would be."""
    citizen = world.random.choice(world.people)
    account = world.accounts[citizen.key]
    if account.state == "02":
        return "a sealed account is left alone"
    account.state = "01" if account.state == "06" else "06" if world.chance(50) else account.state
    await world.stage.admin.execute(
        "UPDATE account SET state = $2 WHERE account_no = $1", account.number, account.state
    )
    return f"account of {citizen.key} is now {account.state}"


async def answered(world: World, work: Any) -> tuple[str, str | None]:
    """Does the work until it is done once; what was cut, and the code of the refusal."""
    try:
        return await world.stubbornly(work, percent=30), None
    except Refused as refused:
        return "", refused.refusals[0].code


async def _card(world: World, citizen: Citizen) -> str:
    if citizen.key not in world.cards:
        data = await world.callers.citizen(citizen, HOME)
        world.cards[citizen.key] = data["viewer"]["person"]["cards"][0]["id"]
    return world.cards[citizen.key]


def _some_case(world: World, *, of: frozenset[str] | None) -> tuple[Case | None, Citizen | None]:
    open_cases = [case for case in world.auditor.cases.values() if of is None or case.state in of]
    if not open_cases:
        return None, None
    case = world.random.choice(open_cases)
    return case, next(one for one in world.people if world.accounts[one.key] is case.account)


def loaded(world: World) -> None:
    """Tells the auditor what the loading of the city has asked for: accounts, and a remittance a month."""
    last = YearMonth.of(business_date_of(world.stage.clock.now)).minus(months=1)
    for citizen in world.people:
        assert citizen.account is not None
        months = citizen.account["months"]
        first = last.minus(months=months - 1)
        account = world.auditor.open_account(number=citizen.account["account_no"], on=first.first_day)
        account.home_owned, account.card_entrusted = bool(citizen.homes), citizen.account["card"]["bank"] != "403"
        part = (int(citizen.account["base"]) * 12 + 50) // 100
        for offset in range(months):
            month = first.plus(months=offset)
            world.auditor.collected_from(
                account=account,
                month=month.year * 12 + month.month - 1,
                fen=part * 200,
                bank="102",
                on=month.last_day - timedelta(days=5),
            )
        account.state = citizen.account.get("state", "01")
        world.accounts[citizen.key] = account


def _fen(yuan: str) -> int:
    whole, _, cents = yuan.partition(".")
    return int(whole) * 100 + int((cents + "00")[:2])


def _cut(told: list[str]) -> str:
    return f" [{', '.join(told)}]" if told else ""

"""Face checks: one person, one operation, one request, some minutes, once."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from auth import face, sessions
from auth.face import FaceOutcome, StartedFace, StepUpRequired
from auth.store import _redis as store_of_limits
from domain import contributions
from domain.kernel import database as store
from domain.kernel.actor import Actor, Role
from domain.kernel.money import Money
from domain.kernel.refusal import Refused
from tests.auth.conftest import Clock

pytestmark = pytest.mark.usefixtures("login_service")

ALWAYS = "person.change_mobile"
RISKY = "rent_withdrawal.apply"
GIVEN = {"mobile": "13900000009", "request_key": "key-00001"}


@dataclass
class Service:
    provider: str = "aliyun"
    outcomes: dict[str, FaceOutcome] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    async def start(
        self, *, order_no: str, name: str, document_no: str, meta_info: str, return_url: str
    ) -> StartedFace:
        self.asked.append(document_no)
        certify_id = f"certify{next(self._numbers)}"
        self.outcomes[certify_id] = FaceOutcome(outcome="pending", code="206")
        return StartedFace(certify_id=certify_id, url=f"https://face.example/{certify_id}")

    async def outcome(self, *, certify_id: str) -> FaceOutcome:
        return self.outcomes[certify_id]


@pytest.fixture
def service() -> Service:
    return Service()


async def new_person(clock: Clock, document_no: str, *, proved: bool = True) -> Actor:
    async with store.transaction() as tx:
        person = await contributions.register_person(
            tx, document_type="01", document_no=document_no, name="李四光", mobile="13800000001", now=clock()
        )
    opened = await sessions.open_session(
        holder="citizen",
        identity=person,
        channel="app",
        assurance="real_name",
        device="",
        proved=proved,
        now=clock(),
    )
    return Actor(kind="citizen", channel="app", person_id=person, session_id=opened.session_id, assurance="real_name")


@pytest_asyncio.fixture
async def citizen(tables: asyncpg.Connection, clock: Clock) -> AsyncIterator[Actor]:
    yield await new_person(clock, "110105199103151017")


async def challenge(actor: Actor, clock: Clock, *, operation: str = ALWAYS, given: Any = None) -> str:
    with pytest.raises(StepUpRequired) as required:
        await face.require(actor=actor, operation=operation, given=given or GIVEN, amount=None, now=clock())
    step_up = required.value.step_up
    assert step_up.ways == ("face", "counter") and required.value.refusals[0].code == "access.step_up_required"
    return step_up.challenge


async def passed(actor: Actor, clock: Clock, service: Service, *, operation: str = ALWAYS, given: Any = None) -> Any:
    """A check of the request that was passed."""
    asked = await challenge(actor, clock, operation=operation, given=given)
    check = await face.start(actor=actor, challenge=asked, meta_info="{}", return_url="", service=service, now=clock())
    service.outcomes[check.certify_id] = FaceOutcome(outcome="passed", code="200")
    return await face.finish(actor=actor, check_id=check.check_id, service=service, now=clock())


async def lets_through(actor: Actor, clock: Clock, *, operation: str = ALWAYS, given: Any = None) -> bool:
    try:
        await face.require(actor=actor, operation=operation, given=given or GIVEN, amount=None, now=clock())
    except StepUpRequired:
        return False
    return True


async def actions(tables: asyncpg.Connection) -> list[str]:
    rows = await tables.fetch("SELECT action FROM audit_event WHERE action LIKE 'face.%' ORDER BY at, event_id")
    return [row["action"] for row in rows]


async def test_a_passed_check_lets_its_request_through(
    citizen: Actor, clock: Clock, service: Service, tables: asyncpg.Connection
) -> None:
    check = await passed(citizen, clock, service)
    assert (check.state, check.used) == ("passed", False) and service.asked == ["110105199103151017"]
    assert await lets_through(citizen, clock)
    assert await actions(tables) == ["face.required", "face.started", "face.passed", "face.used"]
    stored = str([dict(row) for row in await tables.fetch("SELECT * FROM face_check")])
    assert "110105199103151017" not in stored and GIVEN["mobile"] not in stored


async def test_the_same_request_again_is_the_same_request(citizen: Actor, clock: Clock, service: Service) -> None:
    await passed(citizen, clock, service)
    assert await lets_through(citizen, clock) and await lets_through(citizen, clock)


@pytest.mark.parametrize("changed", [{"mobile": "13900000008"}, {"request_key": "key-00002"}])
async def test_it_is_good_for_no_other_request(
    citizen: Actor, clock: Clock, service: Service, changed: dict[str, str]
) -> None:
    await passed(citizen, clock, service)
    assert not await lets_through(citizen, clock, given={**GIVEN, **changed})


async def test_it_is_good_for_no_other_operation(citizen: Actor, clock: Clock, service: Service) -> None:
    """The replay that matters: a face shown for a small thing, used for moving money."""
    await contributions.change_mobile(actor=citizen, mobile="13900000001", now=clock())
    await passed(citizen, clock, service)
    assert not await lets_through(citizen, clock, operation=RISKY)


async def test_a_day_has_so_many_checks(citizen: Actor, clock: Clock, service: Service) -> None:
    for _ in range(4):
        for _ in range(5):
            asked = await challenge(citizen, clock)
            await face.start(
                actor=citizen, challenge=asked, meta_info="{}", return_url="", service=service, now=clock()
            )
        # the window of ten minutes belongs to the store, which has a clock of its own
        async for key in store_of_limits().scan_iter(match="*limit:*"):
            await store_of_limits().delete(key)
    with pytest.raises(Refused) as refused:
        await face.start(actor=citizen, challenge=asked, meta_info="{}", return_url="", service=service, now=clock())
    assert refused.value.refusals[0].code == "face.starts" and len(service.asked) == 20
    clock.pass_(days=1)
    assert (await passed(citizen, clock, service)).state == "passed"


async def test_it_is_good_for_no_other_person(citizen: Actor, clock: Clock, service: Service) -> None:
    other = await new_person(clock, "110108198807222041")
    await passed(citizen, clock, service)
    assert not await lets_through(other, clock)


async def test_it_grows_old(citizen: Actor, clock: Clock, service: Service) -> None:
    check = await passed(citizen, clock, service)
    clock.pass_(minutes=10)
    assert not await lets_through(citizen, clock)
    again = await face.finish(actor=citizen, check_id=check.check_id, service=service, now=clock())
    assert again.state == "expired"


@pytest.mark.parametrize("result", ["failed", "pending"])
async def test_what_was_not_passed_lets_nothing_through(
    citizen: Actor, clock: Clock, service: Service, result: Any
) -> None:
    asked = await challenge(citizen, clock)
    check = await face.start(
        actor=citizen, challenge=asked, meta_info="{}", return_url="", service=service, now=clock()
    )
    service.outcomes[check.certify_id] = FaceOutcome(outcome=result, code="205")
    done = await face.finish(actor=citizen, check_id=check.check_id, service=service, now=clock())
    assert done.state == ("failed" if result == "failed" else "started")
    assert not await lets_through(citizen, clock)
    # a failed check does not pass later
    service.outcomes[check.certify_id] = FaceOutcome(outcome="passed")
    later = await face.finish(actor=citizen, check_id=check.check_id, service=service, now=clock())
    assert later.state == ("failed" if result == "failed" else "passed")


async def test_nobody_finishes_another_person_s_check(citizen: Actor, clock: Clock, service: Service) -> None:
    asked = await challenge(citizen, clock)
    check = await face.start(
        actor=citizen, challenge=asked, meta_info="{}", return_url="", service=service, now=clock()
    )
    other = await new_person(clock, "110108198807222041")
    with pytest.raises(Refused) as refused:
        await face.finish(actor=other, check_id=check.check_id, service=service, now=clock())
    assert refused.value.refusals[0].code == "face.check_unknown"


@pytest.mark.parametrize(
    "forged", ["", "x", f"{ALWAYS}:", f"{ALWAYS}:{'g' * 64}", f"unknown:{'a' * 64}", f"{ALWAYS}:{'a' * 63}"]
)
async def test_challenges_that_are_none(
    citizen: Actor, clock: Clock, service: Service, tables: asyncpg.Connection, forged: str
) -> None:
    with pytest.raises(Refused) as refused:
        await face.start(actor=citizen, challenge=forged, meta_info="{}", return_url="", service=service, now=clock())
    assert refused.value.refusals[0].code == "face.challenge_unknown"
    assert service.asked == [] and await tables.fetchval("SELECT count(*) FROM face_check") == 0


async def test_starting_again_and_again_is_limited(citizen: Actor, clock: Clock, service: Service) -> None:
    asked = await challenge(citizen, clock)
    for _ in range(5):
        await face.start(actor=citizen, challenge=asked, meta_info="", return_url="", service=service, now=clock())
    with pytest.raises(Refused) as refused:
        await face.start(actor=citizen, challenge=asked, meta_info="", return_url="", service=service, now=clock())
    assert refused.value.refusals[0].code == "request.too_often" and len(service.asked) == 5


async def test_a_document_that_cannot_be_compared_goes_to_the_counter(
    clock: Clock, service: Service, tables: asyncpg.Connection
) -> None:
    async with store.transaction() as tx:
        person = await contributions.register_person(
            tx, document_type="03", document_no="E12345678", name="李", mobile=None, now=clock()
        )
    actor = Actor(kind="citizen", channel="app", person_id=person, assurance="real_name")
    asked = await challenge(actor, clock)
    with pytest.raises(Refused) as refused:
        await face.start(actor=actor, challenge=asked, meta_info="", return_url="", service=service, now=clock())
    assert refused.value.refusals[0].code == "face.document_kind"


# Risk and amount


async def test_a_quiet_login_needs_no_face_for_what_is_risky_only(citizen: Actor, clock: Clock) -> None:
    assert await lets_through(citizen, clock, operation=RISKY)


async def test_a_change_that_has_not_cooled_off_asks_for_a_face(citizen: Actor, clock: Clock) -> None:
    await contributions.change_mobile(actor=citizen, mobile="13900000001", now=clock())
    assert not await lets_through(citizen, clock, operation=RISKY)
    clock.pass_(hours=72)
    assert await lets_through(citizen, clock, operation=RISKY)


async def test_a_linked_account_asks_for_a_face(clock: Clock, tables: asyncpg.Connection) -> None:
    actor = await new_person(clock, "110105199103151017", proved=False)
    assert not await lets_through(actor, clock, operation=RISKY)


@pytest.mark.parametrize(("yuan", "asked"), [(49_999, False), (50_000, True)])
async def test_an_amount_asks_for_a_face(citizen: Actor, clock: Clock, yuan: int, asked: bool) -> None:
    operation = replace(face.online_operations()[RISKY], when="amount")
    found = await face.needed(actor=citizen, operation=operation, amount=Money.yuan(yuan), now=clock())
    assert found is asked


# At the counter

CLERK = Actor(kind="staff", channel="backoffice", staff_id=1, roles=frozenset({Role.SERVICE_DESK}))


@pytest_asyncio.fixture
async def clerk(tables: asyncpg.Connection) -> Actor:
    for number in (1, 2):
        await tables.execute(
            "INSERT INTO staff (staff_id, login, name, password_hash, password_changed_at, totp_cipher, roles)"
            " VALUES ($1, $2, '柜员', 'none', now(), '', '{}')",
            number,
            f"clerk{number}",
        )
    return CLERK


def test_the_counter_s_functions_are_those_of_the_text() -> None:
    """R13.1 the 18 employer functions, R13.2 the transfer-in, by their names in the tender (lines 390-393)."""
    names = [one.name for one in face.counter_operations().values() if one.party == "employer"]
    wanted = [
        *(
            "单位登记开户",
            "单位信息变更",
            "单位开户变更",
            "缴款方式管理",
            "调整缴存比例",
            "单位缓缴复缴",
            "单位封存启封",
        ),
        *("单位销户", "单位汇缴", "单位补缴", "单位跨年清册", "单位缴款-支票缴款", "单位缴款-银行汇款"),
        *("单位缴款-现金缴款", "单位暂存款缴款", "多缴退款", "调整缴存额", "调整汇缴月份"),
    ]
    assert names == wanted and len(wanted) == 18
    assert [one.name for one in face.counter_operations().values() if one.party == "person"] == ["接续平台转入申请"]


@pytest.mark.parametrize("operation", list(face.counter_operations()))
async def test_staff_check_the_person_before_them(
    clerk: Actor, citizen: Actor, clock: Clock, service: Service, operation: str
) -> None:
    check = await face.start_at_counter(
        actor=clerk,
        operation=operation,
        person_id=citizen.person_id or 0,
        matter="100001",
        service=service,
        now=clock(),
    )
    service.outcomes[check.certify_id] = FaceOutcome(outcome="passed", code="200")
    done = await face.finish_at_counter(actor=clerk, check_id=check.check_id, service=service, now=clock())
    assert (done.state, done.operation) == ("passed", operation)
    found = await face.counter_check(actor=clerk, operation=operation, matter="100001", now=clock())
    assert found is not None and found.check_id == check.check_id
    assert await face.counter_check(actor=clerk, operation=operation, matter="100002", now=clock()) is None


async def test_another_clerk_has_no_part_in_it(clerk: Actor, citizen: Actor, clock: Clock, service: Service) -> None:
    check = await face.start_at_counter(
        actor=clerk,
        operation="employer.register",
        person_id=citizen.person_id or 0,
        matter="100001",
        service=service,
        now=clock(),
    )
    other = replace(clerk, staff_id=2)
    with pytest.raises(Refused):
        await face.finish_at_counter(actor=other, check_id=check.check_id, service=service, now=clock())
    # nor does the citizen finish it from home
    with pytest.raises(Refused):
        await face.finish(actor=citizen, check_id=check.check_id, service=service, now=clock())


async def test_without_a_face_on_the_papers(
    clerk: Actor, citizen: Actor, clock: Clock, service: Service, tables: asyncpg.Connection
) -> None:
    asked = await challenge(citizen, clock)
    with pytest.raises(Refused) as short:
        await face.pass_without_face(
            actor=clerk, challenge=asked, person_id=citizen.person_id or 0, reason="短", now=clock()
        )
    assert short.value.refusals[0].code == "face.reason"
    done = await face.pass_without_face(
        actor=clerk, challenge=asked, person_id=citizen.person_id or 0, reason="面部受伤，核对证件", now=clock()
    )
    assert done.method == "counter" and await lets_through(citizen, clock)
    assert await tables.fetchval("SELECT reason FROM face_check") == "面部受伤，核对证件"
    clock.pass_(minutes=10)
    assert not await lets_through(citizen, clock)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN])
async def test_who_has_no_counter(
    clerk: Actor, citizen: Actor, clock: Clock, service: Service, tables: asyncpg.Connection, role: Role
) -> None:
    actor = replace(clerk, roles=frozenset({role}))
    with pytest.raises(Refused):
        await face.start_at_counter(
            actor=actor,
            operation="employer.register",
            person_id=citizen.person_id or 0,
            matter="1",
            service=service,
            now=clock() + timedelta(0),
        )
    with pytest.raises(Refused):
        await face.pass_without_face(
            actor=actor, challenge=f"{ALWAYS}:{'a' * 64}", person_id=1, reason="没有权限", now=clock()
        )
    assert await tables.fetchval("SELECT count(*) FROM face_check") == 0
    assert (await actions(tables)).count("face.started") == 2

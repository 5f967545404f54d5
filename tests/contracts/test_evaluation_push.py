"""Contract of the 好差评 platform: the client against the simulator, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.evaluation_push import EvaluationPush
from channels.evaluation_push.messages import PUSH_PATH, push_codes
from channels.evaluation_push.simulator import EvaluationSimulator
from channels.simulation import Faults, SimulatorJournal
from channels.wire import SignatureCheck, SignedClient
from domain.cases.evaluation_port import EvaluationReport
from domain.kernel.digest import sm3_hex
from tests.loopback import serve, unused_url

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"evaluation-secret-of-the-test"
DOCUMENT_NO = "11010519491231002X"

REPORT = EvaluationReport(
    evaluation_no="20261123C204837205518-1",
    case_no="20261123C204837205518",
    item_code="C20",
    item_name="无房租房提取",
    service_name="住房公积金提取",
    accepted_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    applicant_name="张三",
    document_type="01",
    document_no=DOCUMENT_NO,
    grade=2,
    tags=("201", "204"),
    comment="等待时间较长\n希望改进",
    terminal="mobile",
    evaluated_at=NOW,
)


@dataclass(frozen=True, kw_only=True)
class World:
    faults: Faults
    simulator: EvaluationSimulator
    platform: EvaluationPush
    impatient: EvaluationPush


def wire(base_url: str, *, timeout_seconds: float, secret: bytes = SECRET) -> SignedClient:
    return SignedClient(
        partner="evaluation", base_url=base_url, app="hpf", secret=secret, timeout_seconds=timeout_seconds
    )


@asynccontextmanager
async def platform_at_work(*, journal: Path | None = None, secret: bytes = SECRET) -> AsyncIterator[World]:
    faults = Faults()
    simulator = EvaluationSimulator(
        faults=faults,
        check=SignatureCheck(secrets_by_app={"hpf": SECRET}, clock=lambda: NOW),
        clock=lambda: NOW,
        journal=SimulatorJournal(journal),
    )
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(serve(Starlette(routes=simulator.routes())))
        patient = await stack.enter_async_context(wire(base_url, timeout_seconds=5, secret=secret))
        impatient = await stack.enter_async_context(wire(base_url, timeout_seconds=0.3, secret=secret))
        yield World(
            faults=faults,
            simulator=simulator,
            platform=EvaluationPush(wire=patient),
            impatient=EvaluationPush(wire=impatient),
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with platform_at_work() as world:
        yield world


async def test_an_evaluation_arrives_under_the_national_names(world: World) -> None:
    outcome = await world.platform.push(evaluation=REPORT, now=NOW)
    assert (outcome.status, outcome.code) == ("accepted", "0")
    assert world.simulator.reports[REPORT.evaluation_no]["body"] == {
        "evaluationNo": "20261123C204837205518-1",
        "projectNo": "20261123C204837205518",
        "taskCode": "C20",
        "taskName": "无房租房提取",
        "serviceName": "住房公积金提取",
        "acceptDate": "2026-11-23 10:00:00",
        "proStatus": "3",
        "userProp": "1",
        "userName": "张三",
        "userPageType": "111",
        "certKey": sm3_hex(DOCUMENT_NO.encode()),
        "pf": "2",
        "satisfaction": "2",
        "evaluateDetail": "201,204",
        "writingEvaluation": "等待时间较长\n希望改进",
        "evaluateTimes": "1",
        "assessTime": "2026-11-25 11:00:00",
    }


async def test_the_document_number_stays_here(world: World) -> None:
    await world.platform.push(evaluation=REPORT, now=NOW)
    assert DOCUMENT_NO not in str(world.simulator.reports)
    assert DOCUMENT_NO not in repr(REPORT) and "张三" not in repr(REPORT)


@pytest.mark.parametrize("grade", [1, 2, 3, 4, 5])
async def test_each_grade_is_taken(world: World, grade: int) -> None:
    report = replace(REPORT, grade=grade, tags=(), comment="")
    assert (await world.platform.push(evaluation=report, now=NOW)).status == "accepted"
    assert world.simulator.reports[REPORT.evaluation_no]["body"]["satisfaction"] == str(grade)


@pytest.mark.parametrize("grade", [0, 6, -1])
def test_there_is_no_other_grade(grade: int) -> None:
    with pytest.raises(AssertionError):
        replace(REPORT, grade=grade)


async def test_the_same_again_is_a_duplicate(world: World) -> None:
    await world.platform.push(evaluation=REPORT, now=NOW)
    assert (await world.platform.push(evaluation=REPORT, now=NOW)).status == "duplicate"
    assert len(world.simulator.reports) == 1


async def test_the_same_number_with_other_content_is_refused(world: World) -> None:
    await world.platform.push(evaluation=REPORT, now=NOW)
    outcome = await world.platform.push(evaluation=replace(REPORT, grade=5), now=NOW)
    assert (outcome.status, outcome.code) == ("rejected", "2002")
    assert world.simulator.reports[REPORT.evaluation_no]["body"]["satisfaction"] == "2"


async def test_a_case_is_evaluated_once_on_each_channel_and_once_again_after_a_rectification(world: World) -> None:
    await world.platform.push(evaluation=REPORT, now=NOW)
    second = replace(REPORT, evaluation_no="20261123C204837205518-2")
    assert (await world.platform.push(evaluation=second, now=NOW)).code == "2003"
    assert list(world.simulator.reports) == [REPORT.evaluation_no]
    assert (await world.platform.push(evaluation=replace(second, terminal="sms"), now=NOW)).status == "accepted"
    again = replace(REPORT, evaluation_no="20261123C204837205518-3", round=2)
    assert (await world.platform.push(evaluation=again, now=NOW)).status == "accepted"


async def test_what_was_taken_has_a_receipt_and_keeps_it(world: World) -> None:
    first = await world.platform.push(evaluation=REPORT, now=NOW)
    again = await world.platform.push(evaluation=REPORT, now=NOW)
    assert first.receipt_no is not None and first.receipt_no == again.receipt_no
    refused = await world.platform.push(evaluation=replace(REPORT, grade=5), now=NOW)
    assert refused.status == "rejected"


@pytest.mark.parametrize(
    "change",
    [{"tags": ("2;1",)}, {"comment": "长" * 501}, {"case_no": "1/2"}, {"applicant_name": ""}],
    ids=str,
)
async def test_a_malformed_report_is_refused(world: World, change: dict[str, object]) -> None:
    outcome = await world.platform.push(evaluation=replace(REPORT, **change), now=NOW)
    assert (outcome.status, outcome.code, world.simulator.reports) == ("rejected", "2001", {})


async def test_a_query_tells_whether_it_arrived(world: World) -> None:
    assert (await world.platform.query(evaluation_no=REPORT.evaluation_no, now=NOW)).status == "not_found"
    await world.platform.push(evaluation=REPORT, now=NOW)
    assert (await world.platform.query(evaluation_no=REPORT.evaluation_no, now=NOW)).status == "accepted"


@pytest.mark.parametrize("stage", ["before", "after"])
@pytest.mark.parametrize("mode", ["timeout", "error500", "garbage"])
async def test_no_clear_answer_is_unknown_and_the_next_push_counts_once(world: World, mode: str, stage: str) -> None:
    world.faults.add(simulator="evaluation", operation="push", mode=mode, times=1, detail={"stage": stage})  # type: ignore[arg-type]
    assert (await world.impatient.push(evaluation=REPORT, now=NOW)).status == "unknown"
    assert world.faults.counts["evaluation.push"] == 1
    expected = "accepted" if stage == "before" else "duplicate"
    assert (await world.platform.push(evaluation=REPORT, now=NOW)).status == expected
    assert len(world.simulator.reports) == 1


async def test_a_refusal_of_the_platform(world: World) -> None:
    world.faults.add(simulator="evaluation", operation="push", mode="refuse", detail={"code": "2001"})
    outcome = await world.platform.push(evaluation=REPORT, now=NOW)
    assert (outcome.status, outcome.message) == ("rejected", "评价数据不符合规范")


async def test_a_wrong_secret_is_unknown_and_leaves_nothing() -> None:
    async with platform_at_work(secret=b"another-secret") as world:
        assert (await world.platform.push(evaluation=REPORT, now=NOW)).status == "unknown"
        assert (await world.platform.query(evaluation_no=REPORT.evaluation_no, now=NOW)).status == "unknown"
        assert world.simulator.reports == {}


async def test_a_platform_that_cannot_be_reached_is_unknown() -> None:
    async with wire(unused_url(), timeout_seconds=1) as away:
        outcome = await EvaluationPush(wire=away).push(evaluation=REPORT, now=NOW)
    assert (outcome.status, outcome.code) == ("unknown", "unreachable")


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "0"},
        {"code": "0", "evaluationNo": "another"},
        {"code": 0, "evaluationNo": None},
        {"code": "7777", "evaluationNo": REPORT.evaluation_no},
        {},
    ],
    ids=str,
)
async def test_an_answer_that_does_not_fit_is_unknown(answer: dict[str, object]) -> None:
    async def push(_: Request) -> Response:
        return JSONResponse(answer)

    app = Starlette(routes=[Route(PUSH_PATH, push, methods=["POST"])])
    async with serve(app) as base_url, wire(base_url, timeout_seconds=5) as client:
        outcome = await EvaluationPush(wire=client).push(evaluation=REPORT, now=NOW)
    assert outcome.status == "unknown"


async def test_the_platform_remembers_over_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "evaluation.jsonl"
    async with platform_at_work(journal=journal) as world:
        await world.platform.push(evaluation=REPORT, now=NOW)
    async with platform_at_work(journal=journal) as world:
        assert (await world.platform.push(evaluation=REPORT, now=NOW)).status == "duplicate"
        assert len(world.simulator.reports) == 1


def test_the_code_table_is_whole() -> None:
    assert {status for _, status in push_codes().values()} == {"accepted", "duplicate", "rejected", "unknown"}

"""越权: a member of one department reaches for another's work, by page and API: refused, nothing changed, and seen."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from domain import contributions
from domain.cases import CaseView
from domain.kernel import database
from domain.kernel.refusal import Refused
from tests.backoffice.faces import person_at_counter
from tests.backoffice.test_collection_people import _desk
from tests.city import Enter, RunningHouse
from tests.factories import people, rent
from tests.factories.snapshot import nothing_changed
from tests.owner import as_owner
from tests.settlement.world import key

pytestmark = [pytest.mark.journey, pytest.mark.requirement("N6")]

LOGIN = "dong.cheng"
"""Of the eastern city (0101) alone."""
FOREIGN = 100002
"""An employer of the western city (0102)."""
EMPLOYERS = "/backoffice/collection/employers"


@pytest.fixture
async def foreign_case(running: RunningHouse) -> CaseView:
    case = await rent.apply(running, "zhang_wei")
    async with as_owner(running.settings.database_url) as owner:
        await owner.execute("UPDATE service_case SET office_code = '0102' WHERE case_id = $1", case.case_id)
    return case


async def seen(action: str) -> list[str]:
    rows = await database.rows(
        "SELECT subject FROM audit_event WHERE action = $1 AND outcome = 'refused' AND actor = $2"
        " ORDER BY at, event_id",
        action,
        (await people.staff(LOGIN)).reference,
    )
    return [row["subject"] for row in rows]


async def test_a_case_of_another_department_is_not_there_by_page(running: RunningHouse, foreign_case: CaseView) -> None:
    here = f"/backoffice/cases/{foreign_case.case_no}"
    desk, common = await _desk(running, LOGIN)
    async with aclosing(desk), nothing_changed():
        assert (await desk.get(here)).status_code == 404
        for work, fields in (
            ("claim", {}),
            ("decision", {"decision": "approve", "request_key": key(), "note": "同意"}),
            ("reveal", {"reason": "核对申请人信息"}),
        ):
            answer = await desk.post(f"{here}/{work}", data={**common, **fields})
            assert answer.status_code == 404, (work, answer.status_code)
            assert foreign_case.applicant_name not in answer.text
        queue = await desk.get("/backoffice/cases")
        assert foreign_case.case_no not in queue.text
        chosen = await desk.get("/backoffice/cases?office=0102")
        assert chosen.status_code == 422 and foreign_case.case_no not in chosen.text
    assert await seen("page.refused") == [
        f"page:{here}", f"page:{here}/claim", f"page:{here}/decision", f"page:{here}/reveal",
    ]  # fmt: skip


async def test_nor_by_the_api(running: RunningHouse, foreign_case: CaseView, staff_client: Enter) -> None:
    reviewer = await staff_client("li.min")
    listed = await reviewer.data("{ reviewQueue(first: 50) { edges { node { id caseNo } } } }")
    ids = {edge["node"]["caseNo"]: edge["node"]["id"] for edge in listed["reviewQueue"]["edges"]}
    intruder = await staff_client(LOGIN)
    claim = "mutation($input: ClaimCaseInput!) { claimCase(input: $input) { userErrors { code } } }"
    async with nothing_changed():
        answer = await intruder.data(claim, {"input": {"id": ids[foreign_case.case_no], "requestKey": key()}})
        assert [error["code"] for error in answer["claimCase"]["userErrors"]] == ["case.not_found"]
        mine = await intruder.data("{ reviewQueue(first: 50) { totalCount edges { node { caseNo } } } }")
        assert foreign_case.case_no not in str(mine)
    assert await seen("access.out_of_reach") == ["mutation:claim_case"]


async def test_an_employer_of_another_department_is_neither_read_nor_changed(running: RunningHouse) -> None:
    desk, common = await _desk(running, LOGIN)
    # even with the employer's person standing there
    await person_at_counter(LOGIN, "employer.change_information", str(FOREIGN), now=running.clock())
    form = {**common, "employer_no": str(FOREIGN), "request_key": key(), "address": "别处"}
    async with aclosing(desk), nothing_changed():
        assert (await desk.get(EMPLOYERS, params={"employer_no": str(FOREIGN)})).status_code == 403
        assert (await desk.post(f"{EMPLOYERS}/change", data=form)).status_code == 403
    assert await seen("page.refused") == [f"page:{EMPLOYERS}", f"page:{EMPLOYERS}/change"]


async def test_the_domain_says_the_same_without_any_page(running: RunningHouse, foreign_case: CaseView) -> None:
    actor = await people.staff(LOGIN)
    async with nothing_changed():
        with pytest.raises(Refused) as unknown:
            await rent.claim(running, foreign_case, LOGIN)
        with pytest.raises(Refused) as elsewhere:
            await contributions.matters_of(actor=actor, employer_no=FOREIGN)
    assert unknown.value.refusals[0].code == "case.not_found"
    assert elsewhere.value.refusals[0].code == "employer.other_office"

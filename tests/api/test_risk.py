"""What a citizen is listed for, through the API: seen, appealed against, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import Enter, RunningHouse
from tests.factories import listed, rent

pytestmark = pytest.mark.requirement("R02.3")

RECORDS = """
query { riskRecords { id listName reasonName reason evidence fromOn untilOn state stateName howToAppeal
  effects { flowName effect effectName } appeals { state stateName statement channelName dueOn answer } } }
"""
APPEAL = """
mutation A($input: AppealRiskRecordInput!) { appealRiskRecord(input: $input) {
  record { id state appeals { state statement } } userErrors { code message field } } }
"""
WITHDRAW = """
mutation W($input: WithdrawRiskAppealInput!) { withdrawRiskAppeal(input: $input) {
  record { appeals { state } } userErrors { code field } } }
"""
STATEMENT = "本人从未提交过该租赁合同，请调取材料核对签名。"


async def test_a_citizen_reads_appeals_and_withdraws(running: RunningHouse, citizen_client: Enter) -> None:
    await listed.put(running, "zhang_wei")
    mine, other = await citizen_client("zhang_wei"), await citizen_client("li_na")
    (record,) = (await mine.data(RECORDS))["riskRecords"]
    assert (record["listName"], record["reason"], record["state"]) == ("不良信息", listed.REASON, "in_force")
    assert {one["flowName"]: one["effect"] for one in record["effects"]}["非销户提取申请"] == "refuse"
    assert "closure" not in str(record["effects"]) and "申诉" in record["howToAppeal"]
    assert (await other.data(RECORDS))["riskRecords"] == []

    def given(**changes: Any) -> dict[str, Any]:
        return {"input": {"id": record["id"], "statement": STATEMENT, "requestKey": rent.new_key(), **changes}}

    refused = await other.data(APPEAL, given())
    assert [one["code"] for one in refused["appealRiskRecord"]["userErrors"]] == ["risk.entry_not_found"]
    refused = await mine.data(APPEAL, given(statement="冤枉"))
    assert [one["field"] for one in refused["appealRiskRecord"]["userErrors"]] == ["statement"]
    refused = await mine.data(APPEAL, given(id="bm9uZQ"))
    assert [one["code"] for one in refused["appealRiskRecord"]["userErrors"]] == ["request.reference_malformed"]
    sent = given()
    done = (await mine.data(APPEAL, sent))["appealRiskRecord"]
    assert done["record"]["appeals"] == [{"state": "waiting", "statement": STATEMENT}] and not done["userErrors"]
    assert (await mine.data(APPEAL, sent))["appealRiskRecord"] == done, "the same key answers the same"
    taken = await mine.data(WITHDRAW, {"input": {"id": record["id"], "requestKey": rent.new_key()}})
    assert taken["withdrawRiskAppeal"]["record"]["appeals"] == [{"state": "withdrawn"}]

"""Transfers: the decision tables, the letter's number, and both flows step by step."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from channels.national_transfer import messages
from domain import policy
from domain.cases.flows import FlowError
from domain.cases.flows.machine import Flow
from domain.kernel.money import Money
from domain.transfers import flow_of, is_letter_no, letter_no, remark_of
from domain.transfers.rules import InFacts, OutFacts, judge_in, judge_out

pytestmark = pytest.mark.requirement("R06.1")
HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, Any]]:
    table = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return [{**table["基准"], **row} for row in table["规则"]]


@pytest.mark.requirement("R02.1")
@pytest.mark.parametrize("row", rows("transfer_in"), ids=lambda row: row["名称"])
def test_who_may_transfer_in(row: dict[str, Any]) -> None:
    facts = InFacts(
        account_state=row["账户状态"],
        account_state_name="某状态",
        months=row["连续缴存月数"],
        centre_known=row["转出地"] == "已知",
        centre_is_ours=row["转出地"] == "本中心",
    )
    judged = judge_in(facts=facts, policy=policy.on(row["申请日期"]))
    assert [one.code for one in judged.refusals] == row.get("原因", [])
    assert (not judged.refusals) == (row["结果"] == "同意")


@pytest.mark.parametrize("row", rows("transfer_out"), ids=lambda row: row["名称"])
def test_what_may_be_transferred_out(row: dict[str, Any]) -> None:
    facts = OutFacts(
        account_state=row["账户状态"],
        account_state_name="某状态",
        balance=Money.parse(row["余额"]),
        held=Money.parse(row["占用"]),
        same_name=row["姓名一致"] == "是",
        loan_open=row["未结清贷款"] == "是",
        fraud=row["骗提骗贷"] == "是",
    )
    judged = judge_out(facts=facts, policy=policy.on(row["申请日期"]))
    assert [one.code for one in judged.refusals] == row.get("原因", [])


def test_before_the_platform_there_is_no_policy() -> None:
    facts = InFacts(account_state="01", account_state_name="正常", months=12, centre_known=True, centre_is_ours=False)
    with pytest.raises(policy.PolicyMissing):
        judge_in(facts=facts, policy=policy.on(date(2017, 6, 30)))


@given(day=st.dates(min_value=date(2017, 7, 1), max_value=date(2099, 12, 31)), sequence=st.integers(1, 9999))
def test_a_letters_number_is_read_back(day: date, sequence: int) -> None:
    number = letter_no(centre_code="110000000000000", day=day, sequence=sequence)
    assert is_letter_no(number) and len(number) == 16 and remark_of(number) == f"#{number}#"


@pytest.mark.parametrize(
    "text", ["", "110000261123000", "11000026112300011", "1100002602300001", "1100002611230000", "11000026l1230001"]
)
def test_what_is_no_letters_number(text: str) -> None:
    assert not is_letter_no(text)


# Both processes once more, written by hand: what the YAML must say, pair by pair.
IN = {
    (None, "apply"): "applied",
    ("applied", "issue"): "01",
    ("applied", "decline"): "declined",
    ("applied", "withdraw"): "05",
    ("01", "cancelled"): "05",
    ("01", "received"): "02",
    **{(state, "informed"): "08" for state in ("01", "02", "13")},
    **{(state, "refused"): "13" for state in ("01", "02", "08")},
    **{(state, "failed"): "40" for state in ("01", "02", "08", "06", "13")},
    **{(state, action): "06" for state in ("08", "13") for action in ("negotiate", "asked")},
    ("06", "amended"): "08",
    ("08", "finish"): "00",
    **{(state, "finish_negotiated"): "20" for state in ("06", "08")},
}
OUT = {
    (None, "letter"): "01",
    ("01", "confirm"): "02",
    **{(state, "approve"): "08" for state in ("02", "13", "06")},
    **{(state, "refuse"): "13" for state in ("01", "02", "06")},
    **{(state, "fail"): "40" for state in ("02", "06", "13")},
    ("01", "not_found"): "13",
    ("01", "cancelled"): "05",
    **{(state, "asked"): "06" for state in ("08", "13")},
    **{(state, "not_paid"): "06" for state in ("08", "06")},
    ("06", "amend"): "08",
    ("08", "finish"): "00",
    **{(state, "finish_negotiated"): "20" for state in ("06", "08")},
}
FLOWS = [(flow_of(direction="in"), IN), (flow_of(direction="out"), OUT)]


@pytest.mark.parametrize(("flow", "expected"), FLOWS, ids=["in", "out"])
def test_every_pair_of_the_flow(flow: Flow, expected: dict[tuple[str | None, str], str]) -> None:
    states = {state for state, _ in expected if state} | set(expected.values())
    assert set(flow.states) == states and set(flow.transitions) == {action for _, action in expected}
    for state in (None, *states):
        for action in flow.transitions:
            target = expected.get((state, action))
            assert flow.allows(state, action) == (target is not None), (state, action)
            if target is None:
                with pytest.raises(FlowError):
                    flow.next(state, action)
            else:
                assert flow.next(state, action) == target


@pytest.mark.parametrize(("flow", "expected"), FLOWS, ids=["in", "out"])
def test_the_nine_states_of_the_platform_are_all_there(flow: Flow, expected: object) -> None:
    assert set(flow.states) - {"applied", "declined"} == messages.STATES
    assert {code for code in flow.states if flow.is_terminal(code)} - {"declined"} == {"00", "05", "20", "40"}


@given(data=st.data(), direction=st.sampled_from(["in", "out"]))
def test_every_walk_ends_where_the_platform_ends(data: st.DataObject, direction: str) -> None:
    """From anywhere an end can be reached, and a walk never leaves it."""
    flow = flow_of(direction=direction)
    state = flow.initial
    for _ in range(12):
        actions = flow.actions_from(state)
        if not actions:
            break
        state = flow.next(state, data.draw(st.sampled_from(actions)))
    reached = {state}
    edge = [state]
    while edge:
        at = edge.pop()
        for action in flow.actions_from(at):
            if (target := flow.next(at, action)) not in reached:
                reached.add(target)
                edge.append(target)
    assert any(flow.is_terminal(one) for one in reached)

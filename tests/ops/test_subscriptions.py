"""Every event is heard by somebody, and every text that is sent exists and fits."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import cases
from domain.kernel import database
from notifications import rendering
from ops import subscriptions, transfers
from ops.subscriptions import SUBSCRIPTIONS
from tests.city import RunningHouse
from tests.factories import rent
from tests.factories.people import citizen

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("domain", "notifications", "channels", "auth", "ops", "backoffice", "resolvers", "schema")


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            yield path, ast.parse(path.read_text())


def declared_kinds() -> dict[str, str]:
    """Constant → kind, of every `events.py`."""
    return {
        target.id: node.value.value
        for path, tree in _trees()
        if path.name == "events.py"
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def emitted_kinds() -> Iterator[tuple[str, ast.expr]]:
    """Where events leave: `kind=` of `outbox.emit`, `event_kind=` of `ledger.post`."""
    for path, tree in _trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            argument = {"emit": "kind", "post": "event_kind"}.get(node.func.attr)
            for keyword in node.keywords:
                if argument is not None and keyword.arg == argument:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", keyword.value


def test_every_kind_that_is_emitted_is_declared_and_heard() -> None:
    declared = declared_kinds()
    emitted = list(emitted_kinds())
    assert len(emitted) >= 4
    for place, kind in emitted:
        assert isinstance(kind, ast.Name) and kind.id in declared, f"{place}: the kind is no declared constant"
        assert SUBSCRIPTIONS.get(declared[kind.id]), f"{place}: nobody hears of {declared[kind.id]}"


def test_nobody_listens_for_what_never_comes() -> None:
    declared = declared_kinds()
    sent = {declared[kind.id] for _, kind in emitted_kinds() if isinstance(kind, ast.Name)}
    assert set(SUBSCRIPTIONS) == set(declared.values()) == sent


def test_texts_belong_to_actions_of_the_flows_and_exist() -> None:
    actions = {action for flow in cases.flows() for action in flow.transitions}
    for action, template in subscriptions._TEMPLATE_OF_ACTION.items():
        assert action in actions, f"no flow has the action {action}"
        assert rendering.template(template).sent_by_default
    for template in (subscriptions.PAID, transfers.INVITATION):
        assert rendering.template(template).sent_by_default


@pytest.mark.requirement("R06.6")
async def test_each_story_sends_its_texts_once(running: RunningHouse) -> None:
    reason = {"reason_code": "materials_insufficient", "note": "材料不足"}
    await rent.paid(running, "ma_li")
    await rent.paid(running, "zhou_jie")
    refused = await rent.apply(running, "zhang_wei")
    await rent.review(running, refused, "li.min", "refuse", **reason)
    refused_later = await rent.apply(running, "wu_fang")
    await rent.review(running, refused_later, "li.min")
    await rent.review(running, refused_later, "wang.fang", "return", **reason)
    await rent.review(running, refused_later, "li.min")
    await rent.review(running, refused_later, "wang.fang", "refuse", **reason)
    cancelled = await rent.apply(running, "li_na")
    await cases.cancel(
        actor=await citizen("li_na"),
        case_no=cancelled.case_no,
        request_key=rent.new_key(),
        now=running.clock(),
        matters=running.house.matters,
    )
    await running.settle()
    rows = await database.rows("SELECT template, state, count(*) AS n FROM sms_message GROUP BY 1, 2")
    assert {(row["template"], row["state"]): row["n"] for row in rows} == {
        ("withdrawal.submitted", "delivered"): 5,
        ("withdrawal.paid", "delivered"): 1,
        ("withdrawal.payment_failed", "delivered"): 1,
        ("withdrawal.refused", "delivered"): 2,
        ("withdrawal.cancelled", "delivered"): 1,
        # whoever the centre has given an answer evaluates, whatever the answer
        ("evaluation.invited", "delivered"): 4,
    }

"""The 42 items against the counts of the source, and what the loader refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from domain import catalogue
from domain.cases.flows import latest_flow
from domain.catalogue.loading import DATA
from domain.kernel.declared import DeclarationError
from domain.kernel.refusal import CATALOGUE

pytestmark = pytest.mark.requirement("R08.1")


def codes(channel: str) -> set[str]:
    return {item.code for item in catalogue.items_for(channel=channel)}


def test_counts_of_the_source() -> None:
    items = catalogue.items()
    assert len(items) == 42
    areas = [item.area for item in items]
    assert [areas.count(area) for area in ("collection", "loans", "housing_funds")] == [24, 8, 10]
    assert len(codes("city_platform")) == 15
    for channel in ("jingtong_h5", "jingtong_wechat", "jingtong_alipay", "jingtong_baidu"):
        assert len(codes(channel)) == 15


def test_the_withdrawals_are_open() -> None:
    opened = {item.code for item in catalogue.items() if item.open}
    assert {"C17", "C18", "C19", "C20", "C21", "C22", "C23", "C24"} <= opened
    on_jingtong = {item.code for item in catalogue.items_for(channel="jingtong_h5", open_only=True)}
    assert {"C17", "C18", "C20", "C22", "C24"} <= on_jingtong
    assert not {"C19", "C21", "C23"} & on_jingtong


def test_the_rent_withdrawal() -> None:
    item = catalogue.item("C20")
    assert item is catalogue.item("rent_withdrawal")
    assert (item.name, item.audience, item.login, item.time_limit_working_days) == (
        "租房提取",
        ("person",),
        "real_name",
        3,
    )
    assert item.step_names == ("初审", "复审", "支付")
    assert {"quoteRentWithdrawal", "applyForRentWithdrawal", "cancelCase", "evaluateCase"} <= set(item.operations)
    assert item.opening is not None and item.opening.staff_page == "/backoffice/cases"
    assert any("2023" in basis.document for basis in item.legal_basis)


def test_an_open_item_has_flow_table_and_refusals() -> None:
    tables = Path(__file__).parents[1] / "rules"
    for item in catalogue.items():
        if item.opening is None:
            assert item.operations == ()
            continue
        # how the flow of transfers is found stands in `test_catalogue_is_open`
        assert item.code == "C14" or latest_flow(item.opening.flow)
        assert (tables / f"{item.opening.decision_table}.yaml").is_file()
        import_module(f"domain.{item.opening.refusal_area}s")
        assert any(code.startswith(item.opening.refusal_area + ".") for code in CATALOGUE)


def test_unverified_marks_are_kept() -> None:
    for item in catalogue.items():
        assert "grouping" in item.unverified
        assert ("jingtong_choice" in item.unverified) == ("jingtong_h5" in item.channels)
        assert ("city_platform_choice" in item.unverified) == ("city_platform" in item.channels)


def test_every_item_says_by_what_right_and_how() -> None:
    for item in catalogue.items():
        assert item.legal_basis and item.materials and item.steps and item.channels
        assert set(item.channels) <= set(catalogue.channels())
        assert len(item.step_names) == len(item.steps)


def test_materials_by_condition() -> None:
    item = catalogue.item("C20")

    def required(*conditions: str) -> list[str]:
        return [m.code for m in catalogue.required_materials(item=item, conditions=conditions)]

    assert required() == ["commitment", "bank_card"]
    assert required("married") == ["commitment", "bank_card", "spouse_id_document"]
    assert "id_document" in required("at_counter")


def test_completeness_of_materials() -> None:
    item = catalogue.item("C20")

    def missing(*given: str) -> list[str]:
        conditions = ("married", "filing_declared")
        return [m.code for m in catalogue.missing_materials(item=item, conditions=conditions, given=given)]

    assert missing() == ["commitment", "bank_card", "spouse_id_document"]
    assert missing("commitment", "bank_card") == ["spouse_id_document"]
    assert missing("commitment", "bank_card", "spouse_id_document", "something_else") == []


@pytest.mark.parametrize(
    "asked",
    [
        lambda: catalogue.item("C25"),
        lambda: catalogue.item("c20"),
        lambda: catalogue.item(""),
        lambda: catalogue.items_for(channel="fax"),
        lambda: catalogue.items_for(channel="J"),
        lambda: catalogue.required_materials(item=catalogue.item("C20"), conditions={"on_mondays"}),
    ],
)
def test_unknown_names_are_errors(asked: Callable[[], object]) -> None:
    with pytest.raises(LookupError):
        asked()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("items_collection.yaml", "[J, K, C, W, P]", "[J, K, C, W]", "city_platform: "),
        ("items_loans.yaml", "[J, K, C, W]", "[K, C, W]", "jingtong_wechat: "),
        (
            "items_loans.yaml",
            "identifier: prepayment",
            "identifier: rent_withdrawal",
            "rent_withdrawal stands twice",
        ),
        ("items_loans.yaml", "identifier: prepayment", "identifier: PrePay", "not snake case"),
        ("items_loans.yaml", "L08:", "F99:", "does not fit its area"),
        ("items_loans.yaml", "channels: [C, K]", "channels: [C, X]", "channels"),
        ("items_loans.yaml", "login: face", "login: eyes", "login eyes is unknown"),
        ("items_collection.yaml", "steps: [instant]", "steps: []", "steps"),
        ("items_collection.yaml", "[regulation_15]", "[regulation_99]", "legal_basis"),
        (
            "items_collection.yaml",
            "time_limit_working_days: 0",
            "time_limit_working_days: soon",
            "time limit",
        ),
        ("items_collection.yaml", "when: married", "when: happy", "condition happy"),
        ("items_collection.yaml", "audience: [employer]", "audience: [nobody]", "audience"),
        ("materials.yaml", "roster:", "rooster:", "material roster"),
    ],
)
def test_unsound_catalogues_are_refused(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=said):
        catalogue.load(directory=folder)

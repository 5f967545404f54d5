"""An open item is open in every room: operations in the SDL, a matter behind the review desk, a flow, a decision
table, refusal texts, SMS templates and a staff page."""

from __future__ import annotations

import pytest
from graphql import GraphQLObjectType

from backoffice.app import PAGES
from domain import cases, catalogue, transfers
from domain.kernel.refusal import CATALOGUE
from notifications import rendering
from ops.wiring import MATTERS
from schema.root import executable
from tests.architecture.checks import ROOT

TRANSFER = "account_transfer"
"""Its applications are no cases: flows, locks and staff page are of `domain.transfers`."""
OPEN = [item for item in catalogue.items() if item.opening is not None]


@pytest.mark.requirement("R08.1")
def test_the_catalogue_has_its_counts() -> None:
    assert len(catalogue.items()) == 42
    assert {item.identifier for item in OPEN} == {*MATTERS, TRANSFER}


@pytest.mark.parametrize("item", OPEN, ids=lambda item: item.identifier)
def test_an_open_item_is_open_in_every_room(item: catalogue.ServiceItem) -> None:
    opening = item.opening
    assert opening is not None
    sdl = executable()
    assert isinstance(sdl.query_type, GraphQLObjectType) and isinstance(sdl.mutation_type, GraphQLObjectType)
    assert set(opening.queries) <= set(sdl.query_type.fields)
    assert set(opening.mutations) <= set(sdl.mutation_type.fields)
    if item.identifier == TRANSFER:
        assert transfers.flow_of(direction="in").code == opening.flow
    else:
        assert cases.latest_flow(opening.flow)
    assert (ROOT / "tests" / "rules" / f"{opening.decision_table}.yaml").exists()
    assert any(code.startswith(f"{opening.refusal_area}.") for code in CATALOGUE)
    assert any(page.path == opening.staff_page for page in PAGES)
    assert any(code.startswith(f"{opening.refusal_area}.") for code in rendering.templates())


@pytest.mark.parametrize("item", [item for item in catalogue.items() if item.opening is None], ids=lambda i: i.code)
def test_an_item_that_is_not_open_has_no_matter(item: catalogue.ServiceItem) -> None:
    assert item.identifier not in MATTERS

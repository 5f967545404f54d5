"""The price of an operation: weights, page sizes, upper bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from graphql import ObjectTypeDefinitionNode, parse, print_ast, validate

from schema.cost import LIST_SIZE, Price, declared_cost, prices
from schema.documents import Documents
from schema.limits import GraphQLLimits
from schema.root import executable
from schema.sdl import sdl


def price(text: str) -> Price:
    document = parse(text)
    assert validate(executable(), document) == []
    (found,) = prices(executable(), document).values()
    return found


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ __typename }", 1),
        ("{ viewer { kind name channel } }", 1),
        ("{ viewer { person { nameMasked } } }", 2),
        ("{ a: viewer { kind } b: viewer { kind } }", 2),
        # two accounts as declared, three cards each by default for a list without a length
        ("{ accounts { id } }", 2),
        ("{ accounts { cards { id } } }", 2 * (1 + LIST_SIZE)),
        ("{ serviceItems { code } }", 42),
        # the connection, its entries (edge and node each), page information
        ("{ cases(first: 7) { edges { node { id } } } }", 1 + 7 * 2),
        ("{ cases(first: 7) { totalCount pageInfo { hasNextPage } } }", 2),
        ("{ cases { edges { node { id } } } }", 1 + 20 * 2),
        ("{ cases(first: 3) { edges { node { history { seq } } } } }", 1 + 3 * (2 + LIST_SIZE)),
        ("{ accounts { entries(first: 5) { edges { node { id } } } } }", 2 * (1 + 1 + 5 * 2)),
        # what is no page size counts as the largest
        ("{ cases(first: 0) { edges { cursor } } }", 1 + 100),
        ("{ cases(first: -4) { edges { cursor } } }", 1 + 100),
        ("{ cases(first: 2147483647) { edges { cursor } } }", 1 + 100),
        ("mutation { cancelCase(input: {id: \"x\", requestKey: \"12345678\"}) { case { id } } }", 10 + 1),
        ("{ dayFigures { submitted } }", 20),
    ],
)  # fmt: skip
def test_prices(text: str, points: int) -> None:
    assert price(text).points({}) == points
    assert price(text).points_max == points


def test_fragments_cost_as_often_as_they_are_spread() -> None:
    spread = "{ accounts { ...C ... on Account { ...C } } } fragment C on Account { cards { id } }"
    assert price(spread).points({}) == 2 * (1 + 2 * LIST_SIZE)


def test_every_branch_of_an_abstract_type_is_added() -> None:
    text = '{ node(id: "x") { ... on Account { cards { id } } ... on Case { history { seq } } } }'
    assert price(text).points({}) == 1 + 2 * LIST_SIZE


@pytest.mark.parametrize(
    ("given", "points"),
    [
        ({"n": 7}, 1 + 7 * 2),
        ({}, 1 + 20 * 2),
        ({"n": 0}, 201),
        ({"n": -1}, 201),
        ({"n": 10**30}, 201),
        ({"n": "7"}, 201),
        ({"n": True}, 201),
        ({"n": None}, 201),
        ({"n": [1]}, 201),
    ],
)
def test_a_page_size_that_comes_as_a_variable(given: dict[str, Any], points: int) -> None:
    found = price("query Q($n: Int! = 20) { cases(first: $n) { edges { node { id } } } }")
    assert (found.points(given), found.points_max) == (points, 201)


def test_pages_within_pages_multiply() -> None:
    found = price(
        "query Q($n: Int!, $m: Int!) { accounts { entries(first: $n) { edges { node { id } } } }"
        " cases(first: $m) { edges { node { id } } } }"
    )
    assert found.points({"n": 10, "m": 5}) == 2 * (2 + 10 * 2) + 1 + 5 * 2
    assert found.points_max == 2 * (2 + 100 * 2) + 1 + 100 * 2


def test_each_operation_of_a_document_has_its_own_price() -> None:
    document = parse("query A { viewer { kind } } query B { serviceItems { code } }")
    assert {name: each.points({}) for name, each in prices(executable(), document).items()} == {"A": 1, "B": 42}


def test_weights_are_declared_where_fields_are_and_shown_in_the_sdl() -> None:
    query = executable().query_type
    assert query is not None
    assert declared_cost(query.fields["quoteRentWithdrawal"]).weight == 50
    assert declared_cost(query.fields["viewer"]).weight is None
    assert "directive @cost(weight: Int, listSize: Int) on FIELD_DEFINITION" in sdl()
    (shown,) = (
        field
        for kind in parse(sdl()).definitions
        if isinstance(kind, ObjectTypeDefinitionNode) and kind.name.value == "Query"
        for field in kind.fields or ()
        if field.name.value == "serviceItems"
    )
    assert [print_ast(each) for each in shown.directives or ()] == ["@cost(listSize: 42)"]


def test_the_limiters_leave_the_cache_of_validated_documents_alone() -> None:
    documents = Documents(schema=executable(), limits=GraphQLLimits())
    for text in ("{ viewer { kind } }", "{ nothing }", "{ " + "viewer { kind } " * 21 + "}"):
        assert documents.prepare(text) is documents.prepare("".join(list(text)))


def test_the_cache_forgets_the_oldest() -> None:
    documents = Documents(schema=executable(), limits=replace(GraphQLLimits(), documents_cached=2))
    first = documents.prepare("{ viewer { kind } }")
    documents.prepare("{ viewer { name } }")
    assert documents.prepare("{ viewer { kind } }") is first
    documents.prepare("{ viewer { channel } }")
    assert documents.prepare("{ viewer { kind } }") is first

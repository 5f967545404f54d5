"""Lists in pages (Relay connections) from the domain's keyset pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import strawberry

from domain.kernel.paging import Page
from schema.guards import SIGNED_IN, answered, shown

T = TypeVar("T")
V = TypeVar("V")

FIRST_DEFAULT = 20


@strawberry.type(description="页码信息 · where this page stands in the list")
class PageInfo:
    has_next_page: bool = shown(SIGNED_IN, "是否还有下一页 · whether more follow")
    end_cursor: str | None = shown(SIGNED_IN, "本页末位置 · give it as `after` for the next page")


def _cursor(root: Edge[Any]) -> str:
    return root.cursors[root.nth]


@strawberry.type(description="列表中的一条 · one entry of a list")
class Edge(Generic[T]):
    cursors: strawberry.Private[Sequence[str]]
    nth: strawberry.Private[int]

    cursor: str = answered(_cursor, SIGNED_IN, "位置 · its place in the list")
    node: T = shown(SIGNED_IN, "内容 · the object")


@strawberry.type(description="分页列表 · a list in pages")
class Connection(Generic[T]):
    edges: list[Edge[T]] = shown(SIGNED_IN, "本页各条 · the entries of this page")
    page_info: PageInfo = shown(SIGNED_IN, "页码信息 · where this page stands")
    total_count: int = shown(SIGNED_IN, "总条数 · number of entries on all pages")


def edges_of(page: Page[V], of: Callable[[V], T]) -> list[Edge[T]]:
    cursors = page.cursors
    return [Edge(cursors=cursors, nth=nth, node=of(item)) for nth, item in enumerate(page.items)]


def connection_of(page: Page[V], of: Callable[[V], T]) -> Connection[T]:
    """`of` turns a view of the domain into its type."""
    return Connection(edges=edges_of(page, of), page_info=page_info_of(page), total_count=page.total)


def page_info_of(page: Page[V]) -> PageInfo:
    return PageInfo(has_next_page=page.has_next, end_cursor=page.end_cursor)

"""Lists in pages (Relay connections) from the domain's keyset pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import strawberry

from domain.kernel.paging import Page
from schema.guards import CITIZEN_OR_DESK, shown

T = TypeVar("T")
V = TypeVar("V")

FIRST_DEFAULT = 20


@strawberry.type(description="页码信息 · where this page stands in the list")
class PageInfo:
    has_next_page: bool = shown(CITIZEN_OR_DESK, "是否还有下一页 · whether more follow")
    end_cursor: str | None = shown(CITIZEN_OR_DESK, "本页末位置 · give it as `after` for the next page")


@strawberry.type(description="列表中的一条 · one entry of a list")
class Edge(Generic[T]):
    cursor: str = shown(CITIZEN_OR_DESK, "位置 · its place in the list")
    node: T = shown(CITIZEN_OR_DESK, "内容 · the object")


@strawberry.type(description="分页列表 · a list in pages")
class Connection(Generic[T]):
    edges: list[Edge[T]] = shown(CITIZEN_OR_DESK, "本页各条 · the entries of this page")
    page_info: PageInfo = shown(CITIZEN_OR_DESK, "页码信息 · where this page stands")
    total_count: int = shown(CITIZEN_OR_DESK, "总条数 · number of entries on all pages")


def edges_of(page: Page[V], of: Callable[[V], T]) -> list[Edge[T]]:
    return [Edge(cursor=cursor, node=of(item)) for cursor, item in zip(page.cursors, page.items, strict=True)]


def connection_of(page: Page[V], of: Callable[[V], T]) -> Connection[T]:
    """`of` turns a view of the domain into its type."""
    return Connection(edges=edges_of(page, of), page_info=page_info_of(page), total_count=page.total)


def page_info_of(page: Page[V]) -> PageInfo:
    return PageInfo(has_next_page=page.has_next, end_cursor=page.end_cursor)

"""Charts as SVG drawn on the server: no script, no remote file, styled by our own sheet."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from functools import lru_cache

import pygal
from markupsafe import Markup

# pygal adds a finder of an interface that Python has dropped; whoever asks each finder (pytest) fails on it.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

_SVG = "http://www.w3.org/2000/svg"
ET.register_namespace("", _SVG)

# Parts that a strict content policy forbids, or that only a tooltip script would read.
_UNWANTED = {"style", "script", "desc", "title", "defs"}


def bars(*, name: str, title: str, counts: Mapping[str, int]) -> Markup:
    """Horizontal bars, the first on top. `name` is unique on the page; the caller shows the same numbers in a
    table, which is what screen readers read."""
    return _drawn("bars", name, title, tuple(counts.items()))


def columns(*, name: str, title: str, counts: Mapping[str, int], unit: str = "件") -> Markup:
    """Columns from left to right, for hours of a day."""
    return _drawn("columns", name, title, tuple(counts.items()), unit)


@lru_cache(maxsize=256)
def _drawn(kind: str, name: str, title: str, counts: tuple[tuple[str, int], ...], unit: str = "件") -> Markup:
    most = max((number for _, number in counts), default=0)
    common = {
        "js": [],
        "css": [],
        "show_legend": False,
        "print_values": True,
        "print_zeroes": False,
        "explicit_size": True,
        "disable_xml_declaration": True,
        "margin": 8,
        "spacing": 6,
        "value_formatter": lambda value: str(int(value)),
        "range": (0, max(most, 4)),
        "show_x_guides": False,
        "show_y_guides": False,
    }
    if kind == "bars":
        height = 24 + 30 * len(counts)
        # pygal reckons with Latin letters, which are half as wide as Chinese ones.
        margin_left = 10 + 7 * max(len(label) for label, _ in counts)
        chart = pygal.HorizontalBar(**common, width=460, height=height, margin_left=margin_left)
        # pygal stacks horizontal bars from the bottom up
        ordered = tuple(reversed(counts))
    else:
        chart = pygal.Bar(**common, width=960, height=200)
        ordered = counts
    chart.x_labels = [label for label, _ in ordered]
    chart.add(title, [number for _, number in ordered])
    root = ET.fromstring(chart.render(is_unicode=True))
    _strip(root)
    return Markup(_labelled(root, kind=kind, name=name, title=title, counts=counts, unit=unit))


def _strip(node: ET.Element) -> None:
    for child in list(node):
        if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] in _UNWANTED:
            node.remove(child)
        else:
            child.attrib.pop("style", None)
            child.attrib.pop("id", None)
            _strip(child)


def _labelled(
    root: ET.Element, *, kind: str, name: str, title: str, counts: tuple[tuple[str, int], ...], unit: str
) -> str:
    root.attrib.update(
        {
            "id": f"chart-{name}",
            "class": f"chart chart-{kind}",
            "role": "img",
            "aria-labelledby": f"chart-{name}-title chart-{name}-desc",
            "focusable": "false",
            "preserveAspectRatio": "xMinYMin meet",
        }
    )
    told = "，".join(f"{label}{number}{unit}" for label, number in counts)
    heading = ET.Element(f"{{{_SVG}}}title", {"id": f"chart-{name}-title"})
    heading.text = title
    story = ET.Element(f"{{{_SVG}}}desc", {"id": f"chart-{name}-desc"})
    story.text = told
    root.insert(0, heading)
    root.insert(1, story)
    return ET.tostring(root, encoding="unicode")

"""How a paper looks: A4, title and number, facts in two columns, paragraphs, a table over as many pages as it takes,
the seal's picture where the date stands, and the QR code that leads to the public verification page.

The Chinese font is the standard one of PDF readers (STSong-Light, Adobe-GB1), so that no font file has to be shipped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, black
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from domain.archives import Paper

FONT = "STSong-Light"
_WIDTH, _HEIGHT = A4
_LEFT, _RIGHT = 71, _WIDTH - 71
_TOP, _BOTTOM = _HEIGHT - 78, 118
_RED, _GREY = Color(0.78, 0.09, 0.09), Color(0.42, 0.45, 0.48)
_BODY, _LEADING = 11, 20
_LABEL_WIDTH = 120


def draw(paper: Paper, *, number: str, code: str, link: str, issuer: str, issued_on: date) -> bytes:
    """The PDF, without its signature; the same input gives the same bytes."""
    _font()
    canvas = Canvas("", pagesize=A4, invariant=1)
    page = _Page(canvas, paper, number=number, code=code, link=link)
    page.head()
    for label, value in paper.facts:
        page.fact(label, value)
    page.gap(10 if paper.facts else 0)
    for paragraph in paper.text:
        page.paragraph(paragraph)
    if paper.heads:
        page.table(paper)
    for note in paper.notes:
        page.note(note)
    page.sign(issuer, issued_on)
    page.end()
    content: bytes = canvas.getpdfdata()
    return content


class _Page:
    """A pen that knows how far down the page it is."""

    def __init__(self, canvas: Canvas, paper: Paper, *, number: str, code: str, link: str) -> None:
        self._canvas, self._number, self._code, self._link = canvas, number, code, link
        self._y: Any = _TOP
        self._page = 1
        canvas.setTitle(f"{paper.title} {number}")
        canvas.setAuthor("北京住房公积金管理中心")
        canvas.setSubject("凭编号与校验码在验证页面核验")
        self._title = paper.title

    def head(self) -> None:
        self._canvas.setFont(FONT, 20)
        self._canvas.drawCentredString(_WIDTH / 2, self._y, self._title)
        self._y -= 26
        self._canvas.setFont(FONT, 10)
        self._canvas.setFillColor(_GREY)
        self._canvas.drawCentredString(_WIDTH / 2, self._y, f"编号：{self._number}")
        self._canvas.setFillColor(black)
        self._y -= 34

    def fact(self, label: str, value: str) -> None:
        lines = _split(value, _RIGHT - _LEFT - _LABEL_WIDTH, _BODY) or [""]
        self._room(len(lines) * _LEADING)
        self._write(_LEFT, label, _BODY, _GREY)
        for line in lines:
            self._write(_LEFT + _LABEL_WIDTH, line, _BODY)
            self._y -= _LEADING

    def paragraph(self, text: str) -> None:
        for line in _split("　　" + text, _RIGHT - _LEFT, _BODY):
            self._room(_LEADING)
            self._write(_LEFT, line, _BODY)
            self._y -= _LEADING
        self.gap(6)

    def note(self, text: str) -> None:
        for line in _split(text, _RIGHT - _LEFT, 9):
            self._room(15)
            self._write(_LEFT, line, 9, _GREY)
            self._y -= 15

    def table(self, paper: Paper) -> None:
        whole, at = sum(paper.wide), [_LEFT]
        for share in paper.wide:
            at.append(at[-1] + (_RIGHT - _LEFT) * share // whole)
        self._room(3 * _LEADING)
        self._row(paper.heads, at, _GREY)
        for row in paper.rows:
            if self._y < _BOTTOM + 3 * _LEADING:
                self._turn()
                self._row(paper.heads, at, _GREY)
            self._row(row, at, black)
        self.gap(12)

    def gap(self, points: int) -> None:
        self._y -= points

    def sign(self, issuer: str, issued_on: date) -> None:
        self._room(130)
        self._y -= 46
        middle = _RIGHT - 84
        self._canvas.setFont(FONT, _BODY)
        self._canvas.drawCentredString(middle, self._y, issuer)
        day = f"{issued_on.year}年{issued_on.month}月{issued_on.day}日"
        self._canvas.drawCentredString(middle, self._y - _LEADING, day)
        _stamp(self._canvas, middle, self._y - 6, issuer)
        self._y -= 70

    def end(self) -> None:
        self._foot()
        self._canvas.showPage()

    def _row(self, cells: Sequence[str], at: Sequence[Any], colour: Color) -> None:
        lined = [_split(cell, right - left - 8, 9) for left, right, cell in zip(at, at[1:], cells, strict=False)]
        tall = max(map(len, lined))
        for left, lines in zip(at, lined, strict=False):
            for place, line in enumerate(lines):
                self._write(left + 4, line, 9, colour, down=place * 13)
        low = self._y - 6 - (tall - 1) * 13
        self._canvas.setStrokeColor(Color(0.85, 0.88, 0.9))
        self._canvas.line(_LEFT, low, _RIGHT, low)
        self._y = low - (_LEADING - 6)

    def _write(self, x: Any, text: str, size: int, colour: Color = black, *, down: int = 0) -> None:
        self._canvas.setFont(FONT, size)
        self._canvas.setFillColor(colour)
        self._canvas.drawString(x, self._y - down, text)
        self._canvas.setFillColor(black)

    def _room(self, points: int) -> None:
        if self._y - points < _BOTTOM:
            self._turn()

    def _turn(self) -> None:
        self._foot()
        self._canvas.showPage()
        self._page += 1
        self._y = _TOP

    def _foot(self) -> None:
        canvas = self._canvas
        canvas.setStrokeColor(Color(0.8, 0.84, 0.87))
        canvas.line(_LEFT, 104, _RIGHT, 104)
        widget = QrCodeWidget(self._link, barLevel="M", barBorder=0)
        left, low, right, high = widget.getBounds()
        size = 58
        drawing = Drawing(size, size, transform=[size / (right - left), 0, 0, size / (high - low), 0, 0])
        drawing.add(widget)
        renderPDF.draw(drawing, canvas, _LEFT, 38)
        canvas.setFillColor(_GREY)
        canvas.setFont(FONT, 9)
        page = self._link.partition("?")[0].rpartition("/")[0]
        lines = (
            f"编号 {self._number}　校验码 {self._code}",
            f"扫码，或在 {page} 填写编号与校验码核验；内容以核验结果为准。",
            "本文书由北京住房公积金管理中心加盖电子印章，复制件、打印件须核验后使用。",
        )
        for place, line in enumerate(lines):
            canvas.drawString(_LEFT + 72, 84 - place * 15, line)
        canvas.drawRightString(_RIGHT, 84 - 3 * 15, f"第{self._page}页")
        canvas.setFillColor(black)


_TOKENS = re.compile(r"[A-Za-z0-9.,:/_-]+|.", re.DOTALL)
_NOT_FIRST = "，。、；：！？）》」』”’〕】%"


def _split(text: str, width: Any, size: int) -> list[str]:
    """Lines of a width: broken between any two characters but inside a number or word, and never before a closing
    mark."""
    lines = []
    for part in text.split("\n"):
        line = ""
        for token in _TOKENS.findall(part):
            if line and _wide(line + token, size) > width and token not in _NOT_FIRST:
                lines.append(line)
                line = token
            else:
                line += token
            while _wide(line, size) > width and len(line) > 1 and line[-1] not in _NOT_FIRST:
                fits = next(n for n in range(len(line) - 1, 0, -1) if _wide(line[:n], size) <= width or n == 1)
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line)
    return lines


def _wide(text: str, size: int) -> Any:
    return pdfmetrics.stringWidth(text, FONT, size)


def _stamp(canvas: Canvas, x: Any, y: Any, issuer: str) -> None:
    """The round seal: a star, and the issuer's name along the ring."""
    canvas.saveState()
    canvas.setStrokeColor(_RED)
    canvas.setFillColor(_RED)
    canvas.setFillAlpha(0.8)
    canvas.setStrokeAlpha(0.8)
    canvas.setLineWidth(2)
    radius = 48
    canvas.circle(x, y, radius, stroke=1, fill=0)
    star = canvas.beginPath()
    for corner in range(10):
        turned, far = math.radians(90 + corner * 36), (16, 6)[corner % 2]
        (star.moveTo if corner == 0 else star.lineTo)(x + far * math.cos(turned), y + far * math.sin(turned))
    star.close()
    canvas.drawPath(star, stroke=0, fill=1)
    canvas.setFont(FONT, 10)
    span = 240
    for place, sign in enumerate(issuer):
        turned = 90 + span / 2 - span * place / max(len(issuer) - 1, 1)
        canvas.saveState()
        canvas.translate(x, y)
        canvas.rotate(turned - 90)
        canvas.drawCentredString(0, radius - 14, sign)
        canvas.restoreState()
    canvas.restoreState()


@cache
def _font() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))

"""The pages that login shows itself: what went wrong, and how to go on. No script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape

_STYLE = (
    "body{margin:0;background:#f3f6f7;color:#1c2a2e;"
    'font:17px/1.7 -apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}'
    "main{max-width:26em;margin:12vh auto 0;padding:2em 1.5em;background:#fff;border-top:4px solid #0b6e75}"
    "h1{font-size:1.25em;margin:0 0 .6em}p{margin:0 0 1.2em}"
    "a{display:block;padding:.7em;background:#0b6e75;color:#fff;text-align:center;text-decoration:none;"
    "border-radius:6px}button{width:100%;padding:.7em;border:0;border-radius:6px;background:#b3261a;color:#fff;"
    "font:inherit;cursor:pointer}a:focus,button:focus{outline:3px solid #7fc4c9}"
    "small{display:block;margin-top:1.2em;color:#5b6b70}"
)
# CSP knows the style by its SHA-256; browsers offer no other digest of national cryptography.
_STYLE_SUM = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; frame-ancestors 'none'; style-src 'sha256-{_STYLE_SUM}'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def message_page(*, title: str, message: str, form: str) -> tuple[str, dict[str, str]]:
    """A page that says one thing; `form` is markup of ours."""
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f"<p>{escape(message)}</p>{form}<small>北京住房公积金管理中心 12329</small></main></body></html>"
    )
    headers = dict(_HEADERS)
    headers["Content-Security-Policy"] += "; form-action 'self'"
    return page, headers


def failure_page(*, message: str, code: str, again: str) -> tuple[str, dict[str, str]]:
    """The page and its headers. `again` is the path of ours where the citizen starts anew."""
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>登录未完成</title><style>{_STYLE}</style></head><body><main><h1>登录未完成</h1>"
        f'<p>{escape(message)}</p><a href="{escape(again)}">返回首页</a><small>{escape(code)}</small>'
        "</main></body></html>"
    )
    return page, dict(_HEADERS)

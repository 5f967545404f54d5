"""Baidu (百度): smart mini-program."""

from channels.baidu.client import BaiduLogin, BaiduSettings

__all__ = ["BaiduLogin", "BaiduSettings"]

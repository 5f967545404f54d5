"""Alipay (支付宝): mini-program."""

from channels.alipay.client import AlipayLogin, AlipaySettings

__all__ = ["AlipayLogin", "AlipaySettings"]

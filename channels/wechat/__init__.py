"""WeChat (微信): mini-program and official account."""

from channels.wechat.client import WechatLogin, WechatSettings

__all__ = ["WechatLogin", "WechatSettings"]

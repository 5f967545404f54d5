"""个人网上业务平台、手机客户端、微信公众号: the citizen's page under /portal/, with every item of these channels.

The page itself is the one of `channels.jingtong`; its documents are shared, those of further items lie here.
"""

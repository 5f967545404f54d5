"""Aliyun's verification of living persons (实人认证): client and simulator."""

from channels.face.client import AliyunFace, AliyunFaceSettings

__all__ = ["AliyunFace", "AliyunFaceSettings"]

"""Aliyun's short message service."""

from notifications.carriers.aliyun.client import AliyunCarrier, AliyunSettings
from notifications.carriers.aliyun.reports import ACKNOWLEDGEMENT, MalformedReports, read_reports, read_texts

__all__ = ["ACKNOWLEDGEMENT", "AliyunCarrier", "AliyunSettings", "MalformedReports", "read_reports", "read_texts"]

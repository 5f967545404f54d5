"""China Mobile's cloud MAS (云MAS) over HTTP."""

from notifications.carriers.cloud_mas.client import CloudMasCarrier, CloudMasSettings
from notifications.carriers.cloud_mas.reports import MalformedReports, read_reports, read_texts

__all__ = ["CloudMasCarrier", "CloudMasSettings", "MalformedReports", "read_reports", "read_texts"]

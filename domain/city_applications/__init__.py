"""市统一申办受理平台: applications that the city's platform took for us, worked on here, answered there."""

from domain.city_applications.desk import (
    ApplicationFilters,
    FileView,
    actions_of,
    application_of,
    applications,
    declared_of,
    file_content,
    files_of,
    take_step,
)
from domain.city_applications.employers import employer_of
from domain.city_applications.opening import applicant_of, matter_moved, open_matter, opens_here
from domain.city_applications.ports import CityPlatform, Report, Reported
from domain.city_applications.receiving import (
    CHANNEL,
    PLATFORM,
    Handed,
    HandedFile,
    TooEarly,
    known_application,
    take_application,
    take_file,
    take_supplement,
    take_withdrawal,
)
from domain.city_applications.reporting import (
    DueReport,
    ReportView,
    claim_reports,
    record_reported,
    report_counts,
    reports_of,
    with_document,
)
from domain.city_applications.results import IssuedPaper
from domain.city_applications.store import ApplicationEvent, ApplicationView, events_of, flow

__all__ = [
    "CHANNEL",
    "PLATFORM",
    "ApplicationEvent",
    "ApplicationFilters",
    "ApplicationView",
    "CityPlatform",
    "DueReport",
    "FileView",
    "Handed",
    "HandedFile",
    "IssuedPaper",
    "Report",
    "ReportView",
    "Reported",
    "TooEarly",
    "actions_of",
    "applicant_of",
    "application_of",
    "applications",
    "claim_reports",
    "declared_of",
    "employer_of",
    "events_of",
    "file_content",
    "files_of",
    "flow",
    "known_application",
    "matter_moved",
    "open_matter",
    "opens_here",
    "record_reported",
    "report_counts",
    "reports_of",
    "take_application",
    "take_file",
    "take_step",
    "take_supplement",
    "take_withdrawal",
    "with_document",
]

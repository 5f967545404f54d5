"""Clients of public security, social security and civil affairs: who a person is, draws a pension, has died."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from channels.registries.asking import Unreadable, ask, count, day_or_none, object_of, person_out, text_or_none, yes_no
from channels.wire import SignedClient
from domain.withdrawals import AgencyAnswer, CivilStatus, Death, Employment, Pension, PersonIdentity


class IdentityClient:
    """人口信息. Implements `IdentityRegistry`."""

    agency = "公安部（人口信息）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def civil_status_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[CivilStatus]:
        return await ask(
            wire=self._wire,
            agency=self.agency,
            path="identity/person",
            body={"person": person_out(person)},
            read=_civil_status,
            now=now,
        )


class LifeClient:
    """社会保险 and 民政. Implements `LifeRegistry`."""

    social_security = "人力资源社会保障部（社会保险）"
    civil_affairs = "国家卫生健康委、民政部（死亡信息）"
    national = "住房城乡建设部（全国住房公积金数据平台）"

    def __init__(self, *, wire: SignedClient) -> None:
        self._wire = wire

    async def pension_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Pension]:
        return await ask(
            wire=self._wire,
            agency=self.social_security,
            path="pension/status",
            body={"person": person_out(person)},
            read=lambda data: Pension(since=day_or_none(object_of(data), "since")),
            now=now,
        )

    async def death_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Death]:
        return await ask(
            wire=self._wire,
            agency=self.civil_affairs,
            path="death/status",
            body={"person": person_out(person)},
            read=lambda data: Death(died_on=day_or_none(object_of(data), "diedOn")),
            now=now,
        )

    async def employment_of(self, *, person: PersonIdentity, now: datetime) -> AgencyAnswer[Employment]:
        return await ask(
            wire=self._wire,
            agency=self.national,
            path="national/account",
            body={"person": person_out(person)},
            read=_employment,
            now=now,
        )


def _civil_status(data: Any) -> CivilStatus:
    row = object_of(data)
    province = text_or_none(row, "province") or ""
    if province and not (len(province) == 2 and province.isdecimal()):
        raise Unreadable("a province has two digits")
    children = None if row.get("minorChildren") is None else count(row, "minorChildren", most=30)
    return CivilStatus(matches=yes_no(row, "matches"), province=province, minor_children=children)


def _employment(data: Any) -> Employment:
    row = object_of(data)
    return Employment(months_elsewhere=count(row, "monthsElsewhere"), open_hpf_loan=yes_no(row, "openLoan"))

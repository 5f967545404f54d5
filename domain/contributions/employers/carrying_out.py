"""Which code carries out an approved matter, by its kind."""

from __future__ import annotations

from collections.abc import Mapping

from domain.contributions.certificates.applying import carry_out_certificate
from domain.contributions.employers.agreeing import carry_out_term
from domain.contributions.employers.closing import carry_out_closure
from domain.contributions.employers.matters import CarryOut

CARRY_OUT: Mapping[str, CarryOut] = {
    "deferral": carry_out_term,
    "rate_reduction": carry_out_term,
    "closure": carry_out_closure,
    "listing_certificate": carry_out_certificate,
    "bankruptcy_certificate": carry_out_certificate,
}

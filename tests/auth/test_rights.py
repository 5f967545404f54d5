"""Which role may do what, and that the three administrators are apart."""

import pytest

from auth import rights
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.refusal import Refused

BUSINESS = set(Role) - rights.ADMINISTRATORS


def member(*roles: str) -> Actor:
    return Actor(kind="staff", channel="backoffice", staff_id=1, roles=frozenset(roles))


def test_every_role_has_rights() -> None:
    assert set(rights.RIGHTS_OF_ROLES) == set(Role)
    assert all(rights.RIGHTS_OF_ROLES.values())


def test_reviewers_review_their_own_step_only() -> None:
    first, second = member(Role.PRELIMINARY_REVIEWER), member(Role.FINAL_REVIEWER)
    assert rights.may(first, "case.review_preliminary") and not rights.may(first, "case.review_final")
    assert rights.may(second, "case.review_final") and not rights.may(second, "case.review_preliminary")


def test_only_the_supervisor_releases_locks() -> None:
    assert [role for role in Role if rights.may(member(role), "case.release_lock")] == [Role.SUPERVISOR]


@pytest.mark.parametrize("administrator", sorted(rights.ADMINISTRATORS))
def test_administrators_share_no_right_with_anybody(administrator: Role) -> None:
    others = {right for role in Role if role != administrator for right in rights.RIGHTS_OF_ROLES[role]}
    assert rights.RIGHTS_OF_ROLES[administrator].isdisjoint(others)


@pytest.mark.parametrize("other", sorted(Role))
@pytest.mark.parametrize("administrator", sorted(rights.ADMINISTRATORS))
def test_an_administrator_holds_no_second_role(administrator: Role, other: Role) -> None:
    if other == administrator:
        assert rights.check_roles([administrator, other]) == {administrator}
        return
    with pytest.raises(Refused) as refused:
        rights.check_roles([administrator, other])
    assert refused.value.refusals[0].code == "staff.roles_conflict"


def test_business_roles_go_together() -> None:
    assert rights.check_roles(BUSINESS) == BUSINESS


def test_an_unknown_role_is_refused_and_gives_nothing() -> None:
    with pytest.raises(Refused) as refused:
        rights.check_roles(["superuser"])
    assert refused.value.refusals[0].code == "staff.role_unknown"
    assert rights.rights_of(member("superuser")) == frozenset()


@pytest.mark.parametrize("actor", [SYSTEM, Actor(kind="citizen", channel="web", person_id=1, roles=frozenset(Role))])
def test_only_staff_have_rights(actor: Actor) -> None:
    assert rights.rights_of(actor) == frozenset()


def test_asking_for_an_undeclared_right_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        rights.may(member(Role.SUPERVISOR), "case.anything")

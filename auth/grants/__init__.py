"""Third parties: services registered, granted and connected (服务注册、服务授权、服务对接).

A party is registered, its keys too; a grant gives it documents, the fields they may read, a purpose, a quota of a day
and an end. Each of these is proposed by one administrator and decided by another. A party connects with a signed
assertion (RFC 7523) and gets tokens of minutes, each for one grant; whoever it stands for has said so in a delegation.
"""

from auth.grants.changes import proposals, proposals_of_party
from auth.grants.connecting import PARTNER_TOKEN_PATH, PartnerAnswer, TokenDenied, connect
from auth.grants.counter import (
    EmployerDelegation,
    delegate_at_counter,
    delegations_of_employer,
    employer_offers,
    end_at_counter,
)
from auth.grants.delegations import (
    Delegation,
    DelegationOffer,
    delegate,
    delegation_offers,
    delegations_of,
    forget_delegation,
    give_delegation,
    revoke_delegation,
    take_back_delegation,
)
from auth.grants.granting import (
    GrantTerms,
    end_grant,
    propose_grant,
    propose_resumption,
    suspend_grant,
)
from auth.grants.parties import (
    add_key,
    end_party,
    register_party,
    register_service,
    suspend_party,
)
from auth.grants.reading import (
    GrantView,
    KeyView,
    PartyView,
    ServiceView,
    UsageDay,
    grants_of,
    keys_of,
    parties,
    party_by_id,
    services,
    usage_of,
)

__all__ = [
    "PARTNER_TOKEN_PATH",
    "Delegation",
    "DelegationOffer",
    "EmployerDelegation",
    "GrantTerms",
    "GrantView",
    "KeyView",
    "PartnerAnswer",
    "PartyView",
    "ServiceView",
    "TokenDenied",
    "UsageDay",
    "add_key",
    "connect",
    "delegate",
    "delegate_at_counter",
    "delegation_offers",
    "delegations_of",
    "delegations_of_employer",
    "employer_offers",
    "end_at_counter",
    "end_grant",
    "end_party",
    "forget_delegation",
    "give_delegation",
    "grants_of",
    "keys_of",
    "parties",
    "party_by_id",
    "proposals",
    "proposals_of_party",
    "propose_grant",
    "propose_resumption",
    "register_party",
    "register_service",
    "revoke_delegation",
    "services",
    "suspend_grant",
    "suspend_party",
    "take_back_delegation",
    "usage_of",
]

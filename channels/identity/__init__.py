"""The city's unified identity platform (北京市统一身份认证) by OpenID Connect: client and simulator.

The platform's own protocol resembles OAuth 2.0 but names its parameters otherwise and is not public in full;
we assume an OpenID Connect front with PKCE. `OidcSettings` names what may differ: addresses, claims, codes.
"""

from channels.identity.client import ClaimNames, OidcIdentity, OidcSettings
from channels.identity.provider import DemonstrationCitizen, RegisteredClient

__all__ = [
    "ClaimNames",
    "DemonstrationCitizen",
    "OidcIdentity",
    "OidcSettings",
    "RegisteredClient",
]

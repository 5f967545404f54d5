"""The identity platforms: clients and simulators.

- Natural persons by OpenID Connect (`OidcIdentity`): any conforming provider; `OidcSettings` names what may differ.
- Natural persons by the city platform's own protocol (`PlatformIdentity`): the same port, without PKCE and nonce.
- Legal persons (`CorporatePlatform`): 法人一证通 and the electronic business licence.
"""

from channels.identity.client import ClaimNames, OidcIdentity, OidcSettings
from channels.identity.corporate_client import CorporatePlatform, CorporateSettings
from channels.identity.platform_client import PlatformIdentity, PlatformSettings
from channels.identity.provider import DemonstrationCitizen, RegisteredClient

__all__ = [
    "ClaimNames",
    "CorporatePlatform",
    "CorporateSettings",
    "DemonstrationCitizen",
    "OidcIdentity",
    "OidcSettings",
    "PlatformIdentity",
    "PlatformSettings",
    "RegisteredClient",
]

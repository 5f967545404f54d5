"""The agencies that withdrawals ask: property, marriage and rental registry, public security, net-signing, taxes,
loans, social security, civil affairs, the national fund platform.

Their interfaces are reached through the city's data-sharing gateway and are not public. The wire shape below
is our own assumption, of the usual form of such gateways; only `client.py` and `simulator.py` know it.

Every request is a signed POST of JSON (`channels.wire`) with a `requestNo` of ours, which the answer repeats:

    /property/homes     {"requestNo", "persons": [{"name", "documentType", "documentNo"}, …]}
    /marriage/status    {"requestNo", "person": {"name", "documentType", "documentNo"}}
    /rental/filing      {"requestNo", "filingNo"}
    /identity/person, /pension/status, /death/status, /national/account
                        {"requestNo", "person": {…}}
    /contract/signing   {"requestNo", "contractNo"}    /invoice/query {"requestNo", "invoiceNo"}
    /loan/repayment     {"requestNo", "loanContractNo"}

    answer              {"code": "0", "message", "requestNo", "traceNo", "dataTime", "data"}
    data of homes       [{"address", "districtCode", "ownershipShare", "certificateNo", "registeredOn"}, …]
    data of status      {"status": "single|married|divorced|widowed", "spouseName", "spouseDocumentNo"}
    data of filing      {"filingNo", "address", "monthlyRent": "3500.00", "from", "until", "valid",
                         "tenants": [{"name", "documentType", "documentNo"}, …]}, or null
    data of person      {"matches", "province": "11", "minorChildren": 1 or null}
    data of pension     {"since": "2026-05-01" or null}     of death {"diedOn"}
    data of account     {"monthsElsewhere": 0, "openLoan": false}
    data of signing     {"contractNo", "address", "districtCode", "price", "signedOn", "newHome", "buyers": […],
                         "cancelledOn"}, or null
    data of invoice     {"invoiceNo", "amount", "issuedOn", "payer": {…}, "valid"}, or null
    data of repayment   {"loanContractNo", "borrowers": […], "repaid", "open"}, or null

`dataTime` is ISO 8601 with offset. Any other `code` is a refusal of the gateway: 1001 system busy, 1002 name
and document number do not belong together, 1003 not entitled.
"""

from channels.registries.client import MarriageClient, PropertyClient, RentalClient, registries
from channels.registries.simulator import CitizenRecord, RegistryRecords
from channels.registries.standing import PersonRegistriesClient

__all__ = [
    "CitizenRecord",
    "MarriageClient",
    "PersonRegistriesClient",
    "PropertyClient",
    "RegistryRecords",
    "RentalClient",
    "registries",
]

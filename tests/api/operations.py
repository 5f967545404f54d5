"""The operations of the tests, as clients send them."""

HOME = """
query Home {
  viewer { kind name channel person { nameMasked documentNoMasked mobileMasked } }
  accounts { id accountNo employerName officeName stateName balance held available monthlyContribution paidThrough
    entries(first: 3) { totalCount edges { node { id kindName side amount balanceAfter businessDate summary } }
      pageInfo { hasNextPage endCursor } }
    cards { id bankName cardNoMasked isDefault } }
  cases(first: 5) { totalCount edges { node { id caseNo } } }
  rentArrangement { stateName fromMonth untilMonth }
  serviceItems { code item name open timeLimit materials }
}
"""

QUOTE = """
query Quote($input: RentWithdrawalInput!) { quoteRentWithdrawal(input: $input) {
  quote { amount monthlyLimit months fromMonth untilMonth needsManualCheck explanation { title text } }
  userErrors { code message field retryable } } }
"""

APPLY = """
mutation Apply($input: ApplyForRentWithdrawalInput!) { applyForRentWithdrawal(input: $input) {
  case { id caseNo state stateName amount dueOn allowedActions } userErrors { code message field retryable } } }
"""

CASE = """
query Case($id: ID!) { case(id: $id) { id caseNo itemName state stateName stateExplanation amount submittedAt dueOn
  evaluation allowedActions steps { code name state at } explanation { title text }
  history { seq at action actionName toStateName note } form { name title value }
  payment { state stateName amount bankName cardMasked confirmedAt } } }
"""

PROGRESS = "subscription Progress($id: ID!) { caseProgress(id: $id) { id state steps { code state } } }"


def _mutation(name: str, fields: str) -> str:
    kind = name[0].upper() + name[1:] + "Input"
    return (
        f"mutation M($input: {kind}!) {{ {name}(input: $input) {{ case {{ {fields} }}"
        " userErrors { code message field retryable } } }"
    )


CANCEL = _mutation("cancelCase", "id state")
EVALUATE = _mutation("evaluateCase", "id evaluation")
CLAIM = _mutation("claimCase", "id allowedActions claimedByMe")
RELEASE = _mutation("releaseCase", "id allowedActions")
DECIDE = _mutation("decideCase", "id state")


def rent_input(card: str, **changes: object) -> dict[str, object]:
    """What a citizen without spouse declares."""
    return {
        "frequency": "MONTHLY",
        "cardId": card,
        "autoRenewal": False,
        "commitment": True,
        **changes,
    }

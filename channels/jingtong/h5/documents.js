// Every GraphQL operation of this page, each complete in itself: copy one and run it.
//
// Amounts are decimal strings in yuan ("1234.56"), months "2026-11", times carry their offset. Lists are connections:
// ask for `first`, then pass `pageInfo.endCursor` as `after`. A mutation takes one `input` with a `requestKey` and
// answers `userErrors`, Chinese sentences for the citizen, all at once, each with the input field that it is about.

export const HOME = `
  query Home($entries: Int!) {
    viewer {
      person { nameMasked }
    }
    accounts {
      id
      accountNo
      employerName
      officeName
      stateName
      balance
      held
      available
      monthlyContribution
      paidThrough
      entries(first: $entries) {
        edges { node { id kindName side amount balanceAfter businessDate summary } }
        pageInfo { hasNextPage endCursor }
      }
    }
    cases(first: 5) {
      edges { node { id caseNo itemName stateName state amount submittedAt allowedActions } }
    }
    serviceItems {
      code
      name
      open
    }
  }
`;

export const ACCOUNT_ENTRIES = `
  query AccountEntries($account: ID!, $first: Int!, $after: String) {
    node(id: $account) {
      ... on Account {
        entries(first: $first, after: $after) {
          edges { node { id kindName side amount balanceAfter businessDate summary } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`;

export const SERVICE_ITEMS = `
  query ServiceItems {
    serviceItems {
      code
      name
      areaName
      open
      timeLimit
    }
  }
`;

export const RENT_WITHDRAWAL_FORM = `
  query RentWithdrawalForm($code: String!) {
    serviceItem(code: $code) {
      code
      name
      open
      timeLimit
      materials
    }
    viewer {
      person { nameMasked documentNoMasked }
    }
    accounts {
      id
      accountNo
      available
      cards { id bankName cardNoMasked isDefault }
    }
    rentArrangement {
      stateName
      fromMonth
      untilMonth
    }
  }
`;

// Asks the registries and judges, but leaves nothing behind.
export const QUOTE_RENT_WITHDRAWAL = `
  query QuoteRentWithdrawal($input: RentWithdrawalInput!) {
    quoteRentWithdrawal(input: $input) {
      quote {
        amount
        monthlyLimit
        months
        fromMonth
        untilMonth
        needsManualCheck
        explanation { title text }
      }
      userErrors { code message field retryable }
    }
  }
`;

export const APPLY_FOR_RENT_WITHDRAWAL = `
  mutation ApplyForRentWithdrawal($input: ApplyForRentWithdrawalInput!) {
    applyForRentWithdrawal(input: $input) {
      case { id caseNo itemName amount stateName dueOn }
      userErrors { code message field retryable }
    }
  }
`;

export const CASE = `
  query Case($id: ID!) {
    case(id: $id) {
      id
      caseNo
      itemName
      state
      stateName
      stateExplanation
      amount
      submittedAt
      dueOn
      evaluation
      allowedActions
      steps { code name state at }
      explanation { title text }
      history { seq at actionName toStateName reason note }
      payment { state stateName amount bankName cardMasked confirmedAt }
    }
  }
`;

// By server-sent events: the present state at once, then again after each change.
export const CASE_PROGRESS = `
  subscription CaseProgress($id: ID!) {
    caseProgress(id: $id) {
      id
      caseNo
      itemName
      state
      stateName
      stateExplanation
      amount
      submittedAt
      dueOn
      evaluation
      allowedActions
      steps { code name state at }
      explanation { title text }
      history { seq at actionName toStateName reason note }
      payment { state stateName amount bankName cardMasked confirmedAt }
    }
  }
`;

export const CASES = `
  query Cases($first: Int!, $after: String, $states: [String!]) {
    cases(first: $first, after: $after, states: $states) {
      totalCount
      edges { node { id caseNo itemName stateName state amount submittedAt allowedActions evaluation } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

export const CANCEL_CASE = `
  mutation CancelCase($input: CancelCaseInput!) {
    cancelCase(input: $input) {
      case { id state stateName }
      userErrors { code message field retryable }
    }
  }
`;

export const EVALUATE_CASE = `
  mutation EvaluateCase($input: EvaluateCaseInput!) {
    evaluateCase(input: $input) {
      case { id evaluation }
      userErrors { code message field retryable }
    }
  }
`;

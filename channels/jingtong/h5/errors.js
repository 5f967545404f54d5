// What can go wrong, with sentences that are meant for the citizen.

export class Told extends Error {}

/** There is no session, or none any more: the citizen has to log in. */
export class LoginNeeded extends Told {}

/** The centre said no: `userErrors` is a list of { code, message, field, retryable }. */
export class Refusal extends Told {
  constructor(userErrors) {
    super(userErrors.map((error) => error.message).join(""));
    this.userErrors = userErrors;
  }
}

/** Something did not work. `retryable`: trying again later may help. `reference`: to quote when calling 12329. */
export class Trouble extends Told {
  constructor(message, { code = "", retryable = false, reference = "" } = {}) {
    super(message);
    Object.assign(this, { code, retryable, reference });
  }
}

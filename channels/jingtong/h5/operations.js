// Which registered document serves a kind of withdrawal. 京通 and the portal register different ones: what a channel does
// not offer is not offered by `withdrawalKinds` either.

import * as common from "./documents.js";
import * as portal from "./documents_portal.js";

const QUOTES = { rent: "RENTED_HOME", home: "HOME", expense: "EXPENSE", closure: "CLOSURE" };

/** `operation`: the mutation's name, as the kind's data says it. */
export function applying(operation) {
  return named(operation.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
}

export function quoting(form) {
  return named(`QUOTE_${QUOTES[form]}_WITHDRAWAL`);
}

function named(constant) {
  const found = common[constant] ?? portal[constant];
  if (!found) throw new Error(`no document ${constant}`);
  return found;
}

// The typed client of the registered documents, for every portal of the service: a page hands it `fetch`, a mini-program
// its own `request`. What an operation takes and answers stands in `documents.ts`; nothing here knows a field.
//
// - A mutation carries a `requestKey`. Trying again after a lost answer must use the SAME key: the server then answers
//   what it did the first time instead of doing it again. `RequestKeys` keeps a key until an answer has arrived.
// - Refusals (`userErrors`) are thrown as `Refusal`, a lost login as `LoginNeeded`, everything else as `Trouble`.

import type { Operation } from "./documents.ts";

/** What a way to the service has to do: send the body as JSON, and give back status and parsed body (null for none). */
export type Transport = (request: {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}) => Promise<{ readonly status: number; readonly body: unknown }>;

/** One reason why nothing was done, a sentence for people; `field` is the input field that it is about. */
export interface UserError {
  readonly code: string;
  readonly message: string;
  readonly field: string | null;
  readonly retryable: boolean;
}

export class Refusal extends Error {
  readonly errors: ReadonlyArray<UserError>;

  constructor(errors: ReadonlyArray<UserError>) {
    super(errors.map((error) => error.message).join(""));
    this.name = "Refusal";
    this.errors = errors;
  }
}

export class LoginNeeded extends Error {
  override readonly name = "LoginNeeded";
}

export class Trouble extends Error {
  override readonly name = "Trouble";
  readonly code: string;
  readonly retryable: boolean;
  /** The number to quote to 12329, when the service gave one. */
  readonly reference: string;

  constructor(message: string, { code = "", retryable = false, reference = "" } = {}) {
    super(message);
    this.code = code;
    this.retryable = retryable;
    this.reference = reference;
  }
}

/** One key for one intention: the same operation with the same input keeps its key until `settle`. */
export class RequestKeys {
  #key = "";
  #intention = "";
  readonly #fresh: () => string;

  /** `fresh` gives 8 to 64 letters and digits that nobody can guess. */
  constructor(fresh: () => string) {
    this.#fresh = fresh;
  }

  keyFor(operation: string, input: object): string {
    const intention = JSON.stringify([operation, input]);
    if (!this.#key || this.#intention !== intention) {
      this.#key = this.#fresh();
      this.#intention = intention;
    }
    return this.#key;
  }

  settle(): void {
    this.#key = "";
  }
}

type Input<Variables> = Variables extends { readonly input: infer Given } ? Omit<Given, "requestKey"> : never;
type PayloadOf<Data> = NonNullable<Data[keyof Data]>;

export class Client {
  readonly #transport: Transport;
  readonly #bearer: () => Promise<string | null>;

  /** `bearer` gives the access token of the moment, null for nobody. */
  constructor(transport: Transport, bearer: () => Promise<string | null>) {
    this.#transport = transport;
    this.#bearer = bearer;
  }

  /** Runs a query. Throws Trouble or LoginNeeded. */
  async query<Data, Variables>(operation: Operation<"query", Data, Variables>, variables: Variables): Promise<Data> {
    return this.#run<Data>(operation.id, variables);
  }

  /**
   * Runs a mutation with its input and answers its payload. Throws Refusal, Trouble or LoginNeeded. After a Trouble call
   * it again with the same `keys`: as long as the input is the same, so is the request key.
   */
  async mutate<Data, Variables>(
    operation: Operation<"mutation", Data, Variables>,
    input: Input<Variables>,
    keys: RequestKeys,
  ): Promise<PayloadOf<Data>> {
    const requestKey = keys.keyFor(operation.name, input);
    const data = await this.#run<Data>(operation.id, { input: { ...input, requestKey } });
    keys.settle(); // an answer arrived, a refusal included: the next attempt is a new request
    const [payload] = Object.values(data as object) as [PayloadOf<Data>];
    const { userErrors = [] } = payload as { readonly userErrors?: ReadonlyArray<UserError> };
    if (userErrors.length) throw new Refusal(userErrors);
    return payload;
  }

  async #run<Data>(documentId: string, variables: unknown): Promise<Data> {
    const token = await this.#bearer();
    const headers: Record<string, string> = {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
    };
    const { status, body } = await this.#transport({ headers, body: JSON.stringify({ documentId, variables }) });
    return dataOf<Data>(status, body);
  }
}

interface Told {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly retryable?: boolean; readonly reference?: string };
}

function dataOf<Data>(status: number, body: unknown): Data {
  if (typeof body !== "object" || body === null) {
    throw new Trouble("服务暂时繁忙，请稍后重试。", { retryable: true });
  }
  const { data, errors = [] } = body as { readonly data?: Data | null; readonly errors?: ReadonlyArray<Told> };
  const [error] = errors;
  if (error === undefined) {
    if (data === undefined || data === null) throw new Trouble("服务暂时繁忙，请稍后重试。", { retryable: true });
    return data;
  }
  const { code = "", retryable = false, reference = "" } = error.extensions ?? {};
  if (code === "UNAUTHENTICATED") throw new LoginNeeded(error.message);
  throw new Trouble(error.message, { code, retryable: retryable || status >= 500 || status === 429, reference });
}

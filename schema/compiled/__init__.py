"""Operations compiled to plain Python, with the answers of the reference executor.

`compile_operation` turns an operation of a validated document into a `Plan`, or says why not (`Uncompilable`);
`Plan.run` gives the `ExecutionResult` that graphql-core and Strawberry would have given: the same data in the same
order, the same errors at the same paths, the same nulls. Differential tests (`tests/compiled`) hold the two together.

A small compiler, in the order of its work:

`reading`    what stands behind a field: attribute or function, its guard. A field that anything but `enforce` and
             Strawberry's plain resolver has wrapped is refused.
`shape`      which fields an object of which type has, grouped by the executor's own `collect_fields`. Conditions
             (`@skip`, `@include`) are decided first: each set of conditions becomes source of its own.
`source`     a function for each object, a coroutine for each field that waits; `values` completes values, `writer`
             holds the lines. The source is executed once and kept.
`running`    what that source stands on: errors and nulls, values of an unexpected kind, waiting side by side.
`fetches`    what the operation will read, where one read can serve several fields.
`plan`       variables, variants, the result, the counts.
`warming`    when a document that is not trusted is compiled.
`reference`  the one call of the reference executor.

What is saved: grouping selections, building `info` and Strawberry's layers for each field, asking a guard that hangs on
the caller alone more than once an operation, and one that hangs on the row more than once a row. What is not: every
guard, every resolver, every scalar is the same function that the reference calls, in the same order.

Nothing is executed twice. Subscriptions and introspection stay with the reference executor, which is counted.
"""

from schema.compiled.plan import Counts, Plan, Uncompilable, compile_operation, counts
from schema.compiled.reference import execute_by_reference
from schema.compiled.warming import Candidates

__all__ = [
    "Candidates",
    "Counts",
    "Plan",
    "Uncompilable",
    "compile_operation",
    "counts",
    "execute_by_reference",
]

"""What withdrawals are for, over all accounts: one home, one invoice, one loan, one rented address, one estate.

A lookup of its own (scale-out rule 8): read and claimed by its key in the transaction of the application, after the
account's row, never joined. What an agreed withdrawal may still take is set aside when it is claimed, so that its later
payments look at their own account alone; what it does not take goes back when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.kernel import database, vault
from domain.kernel.database import Executor, Transaction
from domain.kernel.money import Money
from domain.withdrawals.answers import Answers
from domain.withdrawals.gathering import Applicant, Application
from domain.withdrawals.kinds import Kind, kind_of
from domain.withdrawals.rules import ESTATE_SHARES, Judgement, SubjectFacts, share_of
from domain.withdrawals.rules.addresses import same_home, signs

CANDIDATES_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`household` names the applicant and spouse by blind index; `used` counts in fen, for an estate in its shares."""

    key: str
    used_for: str
    address: str
    household: str
    facts: SubjectFacts


async def subject_of(
    *,
    applicant: Applicant,
    application: Application,
    answers: Answers,
    similarity: object,
    using: Executor = database.pool,
    lock: bool = False,
) -> Subject | None:
    """The subject of an application with what was used of it before; None for a kind that has none, and while the
    number that names it is missing. With `lock` its row is made if need be and locked until the transaction ends."""
    kind = kind_of(application.kind)
    key = _key(kind, applicant, application, answers)
    if key is None:
        return None
    household = household_of(answers)
    if lock:
        await using.execute(
            "INSERT INTO withdrawal_subject (subject_key, used_for, address, signs, limit_fen)"
            " VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING",
            key,
            kind.pool,
            answers.address,
            signs(answers.address),
        )
    row = await using.row(
        f"SELECT used_fen, last_used_on FROM withdrawal_subject WHERE subject_key = $1{' FOR UPDATE' if lock else ''}",
        key,
    )
    others = await using.rows(
        "SELECT household FROM withdrawal_claim WHERE subject_key = $1 AND state <> 'released'", key
    )
    strangers = any(not set(one["household"].split(",")) & set(household.split(",")) for one in others)
    facts = SubjectFacts(
        used=Money(row["used_fen"] if row else 0),
        last_used_on=row["last_used_on"] if row else None,
        of_another_household=strangers and kind.subject != "estate",
        similar=await _similar(kind, key=key, address=answers.address, similarity=similarity, using=using),
    )
    return Subject(key=key, used_for=kind.pool, address=answers.address, household=household, facts=facts)


async def claim(
    tx: Transaction, *, subject: Subject, kind: Kind, case_id: int, account_no: int, judgement: Judgement, share: str
) -> None:
    """Sets aside what the application may take in all. The subject's row is locked already; what the rule allowed fits
    into the limit, or the database refuses."""
    if kind.subject == "estate":
        amount, whole = share_of(share) or 0, ESTATE_SHARES
    elif kind.subject == "rented":
        amount, whole = 0, 0
    else:
        arranged = judgement.months > 0
        amount = (judgement.limit.total or judgement.amount).fen if arranged else judgement.amount.fen
        counted = 0 if "interval_of_home" in kind.conditions else subject.facts.used.fen
        whole = (judgement.limit.whole or judgement.amount).fen + subject.facts.used.fen - counted
    await tx.execute(
        "UPDATE withdrawal_subject SET limit_fen = greatest(limit_fen, $2), used_fen = used_fen + $3"
        " WHERE subject_key = $1",
        subject.key,
        whole,
        amount,
    )
    await tx.execute(
        "INSERT INTO withdrawal_claim (subject_key, account_no, case_id, household, amount_fen, state)"
        " VALUES ($1, $2, $3, $4, $5, 'claimed') ON CONFLICT (subject_key, account_no, case_id) DO UPDATE"
        # given back before: a corrected application claims anew
        " SET household = excluded.household, amount_fen = excluded.amount_fen, state = 'claimed'"
        " WHERE withdrawal_claim.state = 'released'",
        subject.key,
        account_no,
        case_id,
        subject.household,
        amount,
    )


async def keep(tx: Transaction, *, subject_key: str, account_no: int, case_id: int, paid_on: date) -> None:
    """The first payment is made: the claim stands."""
    await tx.execute(
        "UPDATE withdrawal_claim SET state = 'kept' WHERE subject_key = $1 AND account_no = $2 AND case_id = $3",
        subject_key,
        account_no,
        case_id,
    )
    await tx.execute(
        "UPDATE withdrawal_subject SET last_used_on = greatest(last_used_on, $2) WHERE subject_key = $1",
        subject_key,
        paid_on,
    )


async def give_back(tx: Transaction, *, subject_key: str, account_no: int, case_id: int, taken: Money | None) -> None:
    """What was set aside and not taken goes back to the others; None: nothing was taken, the claim is released."""
    row = await tx.row(
        "SELECT amount_fen, state FROM withdrawal_claim WHERE subject_key = $1 AND account_no = $2 AND case_id = $3"
        " FOR UPDATE",
        subject_key,
        account_no,
        case_id,
    )
    if row is None or row["state"] == "released":
        return
    kept = 0 if taken is None else min(taken.fen, row["amount_fen"])
    await tx.execute(
        "UPDATE withdrawal_subject SET used_fen = used_fen - $2 WHERE subject_key = $1",
        subject_key,
        row["amount_fen"] - kept,
    )
    await tx.execute(
        "UPDATE withdrawal_claim SET amount_fen = $4, state = $5"
        " WHERE subject_key = $1 AND account_no = $2 AND case_id = $3",
        subject_key,
        account_no,
        case_id,
        kept,
        "released" if taken is None else "kept",
    )


async def set_claim(tx: Transaction, *, subject_key: str, account_no: int, case_id: int, amount: Money) -> bool:
    """Changes what an arrangement sets aside; False when the others' parts leave no room for it."""
    row = await tx.row(
        "SELECT s.used_fen, s.limit_fen FROM withdrawal_subject s WHERE s.subject_key = $1 FOR UPDATE", subject_key
    )
    mine = await tx.value(
        "SELECT amount_fen FROM withdrawal_claim WHERE subject_key = $1 AND account_no = $2 AND case_id = $3",
        subject_key,
        account_no,
        case_id,
    )
    assert row is not None and mine is not None, f"subject of case {case_id} vanished"
    if row["used_fen"] - mine + amount.fen > row["limit_fen"]:
        return False
    await tx.execute(
        "UPDATE withdrawal_subject SET used_fen = used_fen + $2 WHERE subject_key = $1", subject_key, amount.fen - mine
    )
    await tx.execute(
        "UPDATE withdrawal_claim SET amount_fen = $4 WHERE subject_key = $1 AND account_no = $2 AND case_id = $3",
        subject_key,
        account_no,
        case_id,
        amount.fen,
    )
    return True


def household_of(answers: Answers) -> str:
    """The family's blind indexes in order, so that nobody's number stands in the lookup; under every key that stands,
    so that a household is known by an earlier claim too."""
    sealed = vault.current()
    return ",".join(
        sorted(index.hex() for one in answers.family for index in sealed.blind_indexes(one.document_no.upper()))
    )


def _key(kind: Kind, applicant: Applicant, application: Application, answers: Answers) -> str | None:
    """A number that the registries know, where the kind has one; else the normalised address."""
    declared = application.declared()
    if kind.subject == "none":
        return None
    if kind.subject == "estate":
        return f"{kind.pool}:{applicant.account_no}"
    if kind.subject == "rented":
        return f"{kind.pool}:{answers.address}" if answers.address else None
    names = {
        "home": ("contract_no", "certificate_no", "agreement_no"),
        "invoice": ("invoice_no",),
        "loan": ("loan_contract_no",),
    }[kind.subject]
    number = next((declared.text(name) for name in names if declared.text(name)), "")
    number = "".join(number.split()).upper() or (answers.address if kind.subject == "home" else "")
    return f"{kind.pool}:{number}" if number else None


async def _similar(kind: Kind, *, key: str, address: str, similarity: object, using: Executor) -> bool:
    """Whether another subject of the pool may be the same home under another number or spelling."""
    if kind.subject not in ("home", "rented") or not address:
        return False
    rows = await using.rows(
        "SELECT subject_key, address FROM withdrawal_subject WHERE used_for = $1 AND subject_key <> $2"
        " AND signs OPERATOR(trigram.%) $3 AND trigram.similarity(signs, $3) >= $4::numeric"
        " ORDER BY trigram.similarity(signs, $3) DESC LIMIT $5",
        kind.pool,
        key,
        signs(address),
        similarity,
        CANDIDATES_MAX,
    )
    keys = [row["subject_key"] for row in rows if same_home(row["address"], address)]
    return bool(keys) and bool(
        await using.value(
            "SELECT EXISTS (SELECT FROM withdrawal_claim WHERE subject_key = ANY($1) AND state <> 'released')", keys
        )
    )


async def widen(
    tx: Transaction, *, subject_key: str, account_no: int, case_id: int, arrangement_id: int, whole: Money
) -> None:
    """A loan has been repaid further: the arrangement may take what the other borrowers' claims leave of it."""
    row = await tx.row(
        "SELECT used_fen, limit_fen FROM withdrawal_subject WHERE subject_key = $1 FOR UPDATE", subject_key
    )
    mine = await tx.value(
        "SELECT amount_fen FROM withdrawal_claim WHERE subject_key = $1 AND account_no = $2 AND case_id = $3",
        subject_key,
        account_no,
        case_id,
    )
    assert row is not None and mine is not None, f"subject of case {case_id} vanished"
    more = whole.fen - row["used_fen"]
    if more <= 0:
        return
    await tx.execute(
        "UPDATE withdrawal_subject SET limit_fen = greatest(limit_fen, $2), used_fen = used_fen + $3"
        " WHERE subject_key = $1",
        subject_key,
        whole.fen,
        more,
    )
    await tx.execute(
        "UPDATE withdrawal_claim SET amount_fen = amount_fen + $4"
        " WHERE subject_key = $1 AND account_no = $2 AND case_id = $3",
        subject_key,
        account_no,
        case_id,
        more,
    )
    await tx.execute(
        "UPDATE withdrawal_arrangement SET total_limit_fen = total_limit_fen + $3"
        " WHERE account_no = $1 AND arrangement_id = $2",
        account_no,
        arrangement_id,
        more,
    )

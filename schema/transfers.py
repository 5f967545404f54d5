"""Root fields of 异地转移接续."""

from __future__ import annotations

import strawberry

from resolvers import transfers as of_transfers
from schema.guards import CITIZEN, PUBLIC, answered
from schema.types.transfers import Transfer, TransferCentre, TransferPayload


@strawberry.type
class TransferQueries:
    transfers: list[Transfer] = answered(
        of_transfers.transfers, CITIZEN, "我的异地转移 · the caller's transfers, the newest first", list_size=5
    )
    transfer: Transfer | None = answered(
        of_transfers.transfer, CITIZEN, "异地转移 · one of the caller's transfers; null for any other"
    )
    transfer_centres: list[TransferCentre] = answered(
        of_transfers.transfer_centres, PUBLIC, "转出地中心 · centres that can be transferred from", list_size=400
    )


@strawberry.type
class TransferMutations:
    apply_for_transfer_in: TransferPayload = answered(
        of_transfers.apply_for_transfer_in,
        CITIZEN,
        "申请异地转入 · ask for the money of the caller's account in another city",
        weight=60,
    )
    answer_transfer: TransferPayload = answered(
        of_transfers.answer_transfer, CITIZEN, "答复协商 · say something to a negotiation or a refusal"
    )
    evaluate_transfer: TransferPayload = answered(
        of_transfers.evaluate_transfer, CITIZEN, "评价异地转移 · evaluate a transfer that has ended (好差评)"
    )
    cancel_transfer: TransferPayload = answered(
        of_transfers.cancel_transfer, CITIZEN, "撤销异地转入 · take an application for a transfer back"
    )

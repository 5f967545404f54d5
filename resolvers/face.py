"""The caller's own face checks."""

from __future__ import annotations

from auth import face, identity
from auth.refusals import LOGIN_RETURN_UNKNOWN
from domain.kernel.failures import PartnerFailure
from domain.kernel.refusal import Refused
from resolvers.mutation import refusable
from schema.context import Info
from schema.types.face import FaceCheckPayload, FinishFaceCheckInput, StartFaceCheckInput


@refusable(FaceCheckPayload)
async def start_face_check(info: Info, input: StartFaceCheckInput) -> FaceCheckPayload:
    context = info.context
    if not identity.is_way_back(input.return_to):
        raise Refused(LOGIN_RETURN_UNKNOWN.on("returnTo"))
    check = await face.start(
        actor=context.actor,
        challenge=input.challenge,
        meta_info=input.meta_info,
        return_url=identity.address_of_path(input.return_to),
        service=_service(info),
        now=context.now,
    )
    return FaceCheckPayload.of(check)


@refusable(FaceCheckPayload)
async def finish_face_check(info: Info, input: FinishFaceCheckInput) -> FaceCheckPayload:
    check = await face.finish(
        actor=info.context.actor, check_id=input.check_id(), service=_service(info), now=info.context.now
    )
    return FaceCheckPayload.of(check)


def _service(info: Info) -> face.FaceVerification:
    return info.context.face or _NotConnected()


class _NotConnected:
    """An installation without the service: whoever gets so far hears of it."""

    provider = "none"

    async def start(
        self, *, order_no: str, name: str, document_no: str, meta_info: str, return_url: str
    ) -> face.StartedFace:
        raise PartnerFailure(partner="实人认证", reason="未接入", retryable=False)

    async def outcome(self, *, certify_id: str) -> face.FaceOutcome:
        raise PartnerFailure(partner="实人认证", reason="未接入", retryable=False)

"""Refusals about papers under the centre's seal."""

from domain.kernel.refusal import refusal_kind

PAPER_UNKNOWN = refusal_kind(
    "paper.unknown", "没有查到该编号与校验码对应的电子文书，请按文书上印制的内容逐字核对。", field="paperNo"
)
PAPER_REVOKED = refusal_kind("paper.revoked", "该电子文书已于{on}撤销，不能再下载或使用；如有需要请重新申请。")
PAPER_REASON = refusal_kind("paper.reason", "撤销电子文书须填写4至200个字的原因，请补充。", field="reason")
PAPER_TOO_LARGE = refusal_kind("paper.too_large", "文件不能超过{most}MB，请上传从本中心下载的原文件。", field="file")

FILED_UNKNOWN = refusal_kind("archive.unknown", "没有找到该档案，或不属于您所在的归集点，请核对后重新查询。")
FILED_STRUCK = refusal_kind("archive.struck", "该档案已作废（{reason}），不能打开，请查看重新归档的文件。")
FILED_REASON = refusal_kind("archive.reason", "作废档案须填写4至200个字的原因，请补充。", field="reason")
FILED_EMPTY = refusal_kind("archive.empty", "请选择要上传的文件。", field="file")
FILED_KIND = refusal_kind("archive.file_kind", "只接受PDF、JPG、PNG和TIFF文件，请重新选择。", field="file")
FILED_TOO_LARGE = refusal_kind("archive.too_large", "文件不能超过{most}MB，请拆分后重新上传。", field="file")
FILED_MALFORMED = refusal_kind(
    "archive.malformed", "请填写文件名、所属业务和页数（1至{most}页）后重新提交。", field="pages"
)

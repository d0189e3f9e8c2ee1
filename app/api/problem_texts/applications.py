"""Refusals about applications for benefits."""

from app.api.problem_texts.text import ProblemText
from app.core.codes import Code

APPLICATIONS = {
    Code.CONSENT_REQUIRED: ProblemText(
        409,
        "需要本人（未满 14 周岁的由监护人）先同意处理申请所需信息",
        "The person's consent (below 14 the guardian's) to use the data of an application is needed first",
        "请先在“授权同意”中同意 figures.purpose 所列用途",
        "Give the consent to the purpose in `figures.purpose` first",
    ),
    Code.FILE_TYPE_REFUSED: ProblemText(
        415,
        "材料仅支持 JPEG、PNG 图片和 PDF，且内容须与 Content-Type 一致",
        "Material is a JPEG, a PNG or a PDF, and is what its Content-Type says",
        "请重新拍照、截图，或导出为 PDF 后上传",
        "Take the photo again, or save it as a PDF",
    ),
    Code.TOO_MANY_FILES: ProblemText(
        409,
        "该申请的材料文件已达上限",
        "The application has as many files as it can have",
        "请将多页合并为一个 PDF 文件，替换已上传的材料",
        "Put pages together into one PDF in the place of what was uploaded",
    ),
}

"""The pages of a certificate: one to print, with a QR code that leads to the check, and the check for a phone."""

from pathlib import Path
from zoneinfo import ZoneInfo

import segno
from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.api.certificate_fields import CertificateAnswer, CertificateCheck

_CONTENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _hours(minutes: int) -> str:
    return f"{minutes // 60} 小时 {minutes % 60} 分 / {minutes // 60} h {minutes % 60} min"


_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters["hours"] = _hours


def _answer(page: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _CONTENT_POLICY}
    return Response(page, headers=headers, media_type="text/html; charset=utf-8")


def render_certificate_page(certificate: CertificateAnswer, zone: str) -> Response:
    """The certificate on paper, Chinese with English; days are those of the programme."""
    drawn = segno.make_qr(certificate.check_url, error="m").svg_inline(scale=3, border=4)
    issued_on = certificate.issued_at.astimezone(ZoneInfo(zone)).date()
    return _answer(_PAGES.get_template("certificate.html").render(said=certificate, drawn=drawn, issued_on=issued_on))


def render_check_page(number: str, checked: CertificateCheck) -> Response:
    """The answer of the public check for whoever has scanned the code."""
    return _answer(_PAGES.get_template("certificate_check.html").render(number=number, said=checked))

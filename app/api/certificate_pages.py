"""The pages of a certificate: one to print, with a QR code that leads to the check, and the check for a phone."""

from zoneinfo import ZoneInfo

import segno
from fastapi import Response

from app.api.certificate_fields import CertificateAnswer, CertificateCheck
from app.api.pages import render_template


def render_certificate_page(certificate: CertificateAnswer, zone: str) -> Response:
    """The certificate on paper, Chinese with English; days are those of the programme."""
    drawn = segno.make_qr(certificate.check_url, error="m").svg_inline(scale=3, border=4)
    issued_on = certificate.issued_at.astimezone(ZoneInfo(zone)).date()
    return render_template("certificate.html", said=certificate, drawn=drawn, issued_on=issued_on)


def render_check_page(number: str, checked: CertificateCheck) -> Response:
    """The answer of the public check for whoever has scanned the code."""
    return render_template("certificate_check.html", number=number, said=checked)

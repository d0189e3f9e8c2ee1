"""Pages for a phone, for paper and for a screen reader: one form for all, and nothing is loaded from elsewhere."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from types import SimpleNamespace as Said

import pytest
from fastapi import Response

from app.api.pages import render_template

ZONE = timezone(timedelta(hours=8))
ENTRY = Said(
    name="钱*",
    village="沈五村",
    category="志愿者困难救助",
    category_en="Aid for volunteers in hardship",
    amount_fen=300_000,
    until=datetime(2026, 12, 7, 16, tzinfo=UTC),
)
UNIT = Said(
    name="青年队",
    minutes=90,
    records=[Said(served_on="2026-11-01", activity="平安夜巡", content="<b>夜巡</b>", minutes=90)],
)
CERTIFICATE = Said(
    masked_name="岑**",
    volunteer_id="vol_1",
    minutes=90,
    since=None,
    until=None,
    number="crt_1",
    check_url="https://example.org/v1/certificates/crt_1",
    units=[UNIT],
)
LETTER = Said(
    title="推荐函",
    title_en="Letter",
    addressee="市教育局",
    addressee_en="Education Bureau",
    masked_name="张**",
    volunteer_id="vol_1",
    name="入学",
    name_en="Enrolment",
    as_of="2026-11-28",
    stars=3,
    minutes=36_000,
    window_from=None,
    honours="—",
    statement="仅佐证志愿服务情况。",
    statement_en="Attests service only.",
    application_id="app_1",
    facts_hash="00" * 32,
)
PAGES = {
    "certificate": lambda: render_template(
        "certificate.html", said=CERTIFICATE, drawn="<svg></svg>", issued_on="2026-11-28"
    ),
    "check": lambda: render_template(
        "certificate_check.html", said=Said(state="unknown", minutes=None, masked_name=None), number="crt_1"
    ),
    "notice": lambda: render_template("publicity.html", said=Said(entries=[ENTRY]), printed_on="2026-11-28", zone=ZONE),
    "reference": lambda: render_template("reference.html", said=LETTER, printed_on="2026-11-28"),
}


class Outline(HTMLParser):
    """The tags of a page with their attributes, and the languages that are marked."""

    def __init__(self, page: Response) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(bytes(page.body).decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_everybody(name: str) -> None:
    """Its languages are marked, it has one heading and one main part, and headers of columns are such."""
    tags = Outline(PAGES[name]()).tags
    counted = Counter(tag for tag, _ in tags)
    assert counted["h1"] == counted["main"] == counted["title"] == 1
    assert ("html", {"lang": "zh-CN"}) in tags
    assert any(told.get("lang") == "en" for _, told in tags)
    assert all(told.get("scope") == "col" for tag, told in tags if tag == "th")
    assert any("width=device-width" in str(told.get("content")) for tag, told in tags if tag == "meta")
    assert counted["svg"] == sum(told.get("role") == "img" and bool(told.get("aria-label")) for _, told in tags)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_and_is_kept_by_nobody(name: str) -> None:
    """No script, no address, and what people typed is text."""
    page = PAGES[name]()
    tags = Outline(page).tags
    assert not {"script", "img", "link", "iframe", "b"} & {tag for tag, _ in tags}
    assert not any({"src", "href", "action"} & set(told) for _, told in tags)
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_an_empty_notice_says_so() -> None:
    """In both languages, not with an empty table."""
    page = render_template("publicity.html", said=Said(entries=[]), printed_on="2026-11-28", zone=ZONE)
    said = bytes(page.body).decode()
    assert "目前没有公示中的申请" in said
    assert "No application is under public notice" in said
    assert "<table" not in said

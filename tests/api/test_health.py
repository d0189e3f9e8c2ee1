"""Whether the process lives and can work."""

from starlette.types import Message
from structlog.testing import capture_logs

from app.store.migrating import newest_revision
from tests.support.sites import Site


async def test_a_ready_process_says_so(site: Site) -> None:
    """Alive without the database, ready with it, and counting."""
    assert (await site.client.get("/livez")).json() == {"status": "ok"}
    assert (await site.client.get("/readyz")).json() == {"status": "ok"}
    metrics = await site.client.get("/metrics")
    assert "liyu_requests_total" in metrics.text


async def test_a_process_on_an_old_schema_is_not_ready(site: Site) -> None:
    """503 until the migration has run."""
    async with site.database.begin() as tx:
        await tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    answer = await site.client.get("/readyz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert newest_revision() != "older"


async def test_request_id_and_trace_travel_through(site: Site) -> None:
    """A caller's id comes back; a bad one is replaced; traceparent is handed on."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await site.client.get("/livez", headers={"Request-Id": "till-7.42", "traceparent": trace})
    assert (answer.headers["Request-Id"], answer.headers["traceparent"]) == ("till-7.42", trace)
    bad = await site.client.get("/livez", headers={"Request-Id": "x" * 65, "traceparent": "no"})
    assert len(bad.headers["Request-Id"]) == 32
    assert "traceparent" not in bad.headers


async def test_a_caller_who_hangs_up_is_not_a_broken_request(site: Site) -> None:
    """Nobody is answered, nothing is logged as an error, and nothing is raised."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/pos/redemptions",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    sent: list[Message] = []

    async def hang_up() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    with capture_logs() as logged:
        await site.app(scope, hang_up, send)
    assert sent == []
    assert [entry for entry in logged if entry["log_level"] == "error"] == []

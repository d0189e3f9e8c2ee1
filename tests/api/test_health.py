"""Whether the process lives and can work."""

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

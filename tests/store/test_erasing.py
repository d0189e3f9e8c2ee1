"""Every table that knows volunteers is accounted for: what an erasure does to it, or why it stays as it is."""

from sqlalchemy import text

from app.store.database import Database
from tests.support.ledgers import fetch_rows

ERASED = {
    "application_files": "deleted",
    "application_objections": "what the volunteer wrote, and what was written about them, goes with the key",
    "applications": "the statement goes with the key, material is blanked",
    "binding_codes": "deleted",
    "family_links": "ended",
    "guardianships": "ended, with papers and birthday blanked",
    "objections": "what the volunteer wrote, and what was written about them, goes with the key",
    "penalties": "evidence, reasons and appeal go with the key",
    "person_keys": "destroyed",
    "predicate_permits": "revoked",
    "sessions": "ended, with device and network blanked",
    "user_relatives": "deleted",
    "users": "no longer told to be that volunteer",
    "vault_fields": "deleted",
    "vault_indexes": "deleted",
    "volunteer_external_ids": "deleted",
    "volunteers": "mask, birthday, team and village are taken away",
    "wechat_links": "deleted",
}
LEDGER = "points and hours, by the opaque id"
LEGAL = "a record that the law keeps, by the opaque id"
KEPT = {
    "accounts": LEDGER,
    "accruals": LEDGER,
    "audit_rows": "who did what, by opaque ids",
    "benefit_grants": LEGAL,
    "bonuses": LEDGER,
    "certificates": LEGAL,
    "consents": LEGAL,
    "correction_records": LEDGER,
    "corrections": LEDGER,
    "data_approvals": LEGAL,
    "data_reads": LEGAL,
    "erasure_requests": LEGAL,
    "erasures": "what a restored backup is brought to again",
    "evaluations": LEGAL,
    "expiry_notices": LEDGER,
    "honours": LEGAL,
    "login_attempts": "a keyed hash, for minutes",
    "opening_balances": LEDGER,
    "opening_lines": LEDGER,
    "orders": LEDGER,
    "pay_codes": "a keyed hash, for a minute",
    "places": LEGAL,
    "pool_grants": LEDGER,
    "predicate_answers": LEGAL,
    "redemptions": LEDGER,
    "referrals": LEDGER,
    "refused_logins": "ids of users and keyed hashes, for an hour",
    "service_records": LEGAL,
    "start_claims": LEDGER,
    "tallies": LEDGER,
    "training_records": LEGAL,
}
KNOWS = """
SELECT DISTINCT c.table_name::text FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'programmes'
  AND c.column_name ~ '(volunteer|child|guardian|member|owner_id|referred_by|raised_by|subject|applicant|acting)'
"""

APPEND_ONLY = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'refuse_change'::regproc"


async def test_every_table_that_knows_volunteers_is_accounted_for(database: Database) -> None:
    """A new table with a volunteer in it must say here what becomes of it; nothing is in both lists."""
    known = {table for (table,) in await fetch_rows(database, KNOWS)} | {"volunteers"}
    assert known == set(ERASED) | set(KEPT)
    assert not set(ERASED) & set(KEPT)
    triggered = {table for (table,) in await fetch_rows(database, APPEND_ONLY)}
    assert not set(ERASED) & triggered


async def test_what_is_sealed_stands_in_the_vault_alone(database: Database) -> None:
    """No other table has a column for a name in clear, a phone, a document or an address to live at."""
    query = """
    SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c
    WHERE c.table_schema = 'public' AND c.column_name ~ '(phone|id_number|id_card|real_name|home_address|email)'
    """
    async with database.read() as reader:
        assert (await reader.execute(text(query))).all() == []

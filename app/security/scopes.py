"""Scopes: the closed list of what a token may allow. Each route names the one it needs."""

from enum import StrEnum


class Scope(StrEnum):
    """One permission."""

    PROGRAMME_READ = "programme:read"
    PROGRAMME_WRITE = "programme:write"
    REGIONS_READ = "regions:read"
    TEAMS_READ = "teams:read"
    TEAMS_WRITE = "teams:write"
    VOLUNTEERS_READ = "volunteers:read"
    VOLUNTEERS_WRITE = "volunteers:write"
    VOLUNTEER_TOKENS_ISSUE = "volunteer-tokens:issue"
    RECORDS_READ = "records:read"
    RECORDS_CREATE = "records:create"
    RECORDS_VERIFY = "records:verify"
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    MERCHANTS_READ = "merchants:read"
    MERCHANTS_WRITE = "merchants:write"
    TERMINALS_WRITE = "terminals:write"
    FUNDS_READ = "funds:read"
    FUNDS_WRITE = "funds:write"
    LEDGER_READ = "ledger:read"
    EVENTS_READ = "events:read"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    KEYS_WRITE = "keys:write"
    ME_READ = "me:read"
    ME_PAY = "me:pay"
    POS_REDEEM = "pos:redeem"

"""Tokens and keys that we make are told from what others make up."""

from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from app.core.ids import ApiKeyId, ClientId, ProgrammeId, SessionId
from app.security.bindings import (
    draw_binding_code,
    hash_binding_code,
    index_openid,
    issue_binding_token,
    read_binding_token,
)
from app.security.client_secrets import (
    format_api_key,
    format_client,
    hash_secret,
    is_secret,
    parse_api_key,
    parse_client,
)
from app.security.sealing import Keyring
from app.security.session_tokens import issue_refresh_token, read_refresh_token

CIXI = ProgrammeId("cixi")
KEY = bytes(range(32))
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def test_a_refresh_token_comes_back_as_it_was() -> None:
    """Programme, session and number; the same token each time."""
    session = SessionId(uuid7())
    token = issue_refresh_token(KEY, CIXI, session, 7)
    assert token == issue_refresh_token(KEY, CIXI, session, 7)
    assert read_refresh_token(KEY, token) == (CIXI, session, 7)


def test_a_refresh_token_that_was_changed_is_none() -> None:
    """Another number, programme or session, another key, a cut one, anything else: none of ours."""
    token = issue_refresh_token(KEY, CIXI, SessionId(uuid7()), 7)
    changed = (
        token.replace("_7_", "_8_"),
        token.replace("rft_cixi", "rft_yuyao"),
        token.replace("rft_cixi_0", "rft_cixi_f"),
        token[:-1],
        token + "A",
        "",
        "rft_cixi",
        "x" * 500,
    )
    assert all(read_refresh_token(KEY, other) is None for other in changed)
    assert read_refresh_token(bytes(32), token) is None


def test_an_api_key_carries_its_programme_and_is_kept_as_a_hash() -> None:
    """What is stored does not give it away."""
    key, secret = ApiKeyId(uuid7()), "k" * 43
    shown = parse_api_key(format_api_key(CIXI, key, secret))
    assert shown is not None
    assert (shown.programme, shown.id, shown.hash) == (CIXI, key, hash_secret(secret))
    assert secret not in repr(shown)
    for other in ("", "lyk_cixi", f"lyk_cixi_{key.hex}_short", f"lyk_CIXI_{key.hex}_{secret}", "lyk_" + "x" * 300):
        assert parse_api_key(other) is None


def test_a_client_is_named_with_its_programme() -> None:
    """And a secret is its own or not."""
    client = ClientId(uuid7())
    assert parse_client(format_client(CIXI, client)) == (CIXI, client)
    assert parse_client("cli_cixi_zz") is None
    assert is_secret("s", hash_secret("s"))
    assert not is_secret("t", hash_secret("s"))


def _ring() -> Keyring:
    return Keyring({"m1": KEY}, "m1")


def test_a_binding_token_hides_the_account_and_ends() -> None:
    """Only we can open it, for its programme, until its time."""
    token = issue_binding_token(_ring(), CIXI, "o-123", AT + timedelta(minutes=10))
    assert "o-123" not in token
    assert read_binding_token(_ring(), CIXI, token, AT) == "o-123"
    assert read_binding_token(_ring(), CIXI, token, AT + timedelta(minutes=10)) is None
    assert read_binding_token(_ring(), ProgrammeId("yuyao"), token, AT) is None


@pytest.mark.parametrize("change", ["later", "cut", "prefix", "words", "empty", "letters"])
def test_a_binding_token_that_was_changed_is_none(change: str) -> None:
    """A later end, a cut one, another beginning, anything else."""
    token = issue_binding_token(_ring(), CIXI, "o-123", AT + timedelta(minutes=10))
    start, until, sealed = token.split("_", 2)
    changed = {
        "later": f"{start}_{int(until) + 9999}_{sealed}",
        "cut": token[:-8],
        "prefix": token.replace("wbt_", "rft_"),
        "words": "wbt_x_y",
        "empty": "",
        "letters": f"{start}_{until}_姓名",
    }
    assert read_binding_token(_ring(), CIXI, changed[change], AT) is None


def test_a_binding_code_is_taken_however_it_was_typed() -> None:
    """In small letters, with spaces; drawn anew each time."""
    code = draw_binding_code()
    assert len(code) == 10
    assert code != draw_binding_code()
    kept = hash_binding_code(KEY, CIXI, code)
    assert hash_binding_code(KEY, CIXI, f" {code[:5].lower()} {code[5:]}") == kept
    assert hash_binding_code(KEY, ProgrammeId("yuyao"), code) != kept


def test_an_openid_is_found_by_a_hash_of_its_programme() -> None:
    """Two programmes do not learn that they know the same account."""
    assert index_openid(KEY, CIXI, "o-123") != index_openid(KEY, ProgrammeId("yuyao"), "o-123")

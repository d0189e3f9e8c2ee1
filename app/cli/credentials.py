"""`liyu credential check`: what an office does with a credential that it is shown, without asking anybody."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.main import now
from app.security.credentials import PublicKeys, Verdict, check_credential

credential = typer.Typer(no_args_is_help=True, help="Signed credentials, checked offline (离线核验).")

_TOLD = {
    Verdict.VALID: "有效 / valid",
    Verdict.MALFORMED: "不是本系统的凭证 / not a credential of ours",
    Verdict.UNKNOWN_KEY: "密钥不在公钥文件中 / signed by a key that is not in the key file",
    Verdict.WRONG_SIGNATURE: "签名错误 / wrong signature",
    Verdict.NOT_YET_VALID: "尚未生效 / not valid yet",
    Verdict.EXPIRED: "已过期 / expired",
    Verdict.STATUS_UNKNOWN: "状态未知，请下载最新状态列表 / status unknown: fetch the newest status list",
    Verdict.REVOKED: "已撤销 / revoked",
}


@credential.callback()
def _group() -> None:
    """A group, so that `check` is named."""


@credential.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The credential: a compact JWS, or the JSON answer that holds it.")],
    jwks: Annotated[Path, typer.Option(help="The saved /.well-known/liyu/<programme>/jwks.json.")],
    status: Annotated[Path | None, typer.Option(help="The saved status list that the credential names.")] = None,
) -> None:
    """Check signature, time and status offline. Exits 0 if it is valid, 1 if not, 2 if a file cannot be read."""
    try:
        given = file.read_text(encoding="utf-8").strip()
        shown = str(json.loads(given)["jws"]) if given.startswith("{") else given
        keys = PublicKeys(json.loads(jwks.read_text(encoding="utf-8")))
        listed = status.read_text(encoding="utf-8") if status else None
    except (OSError, ValueError, KeyError) as error:
        typer.echo(f"liyu: {error}", err=True)
        sys.exit(2)
    checked = check_credential(shown, keys, listed, now())
    typer.echo(_TOLD[checked.verdict])
    if checked.claims:
        typer.echo(json.dumps(checked.claims, ensure_ascii=False, indent=2))
    sys.exit(0 if checked.verdict is Verdict.VALID else 1)

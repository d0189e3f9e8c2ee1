"""What a caller of the command line can mend, told in a line of English and one of Chinese instead of a traceback."""

from dataclasses import dataclass

import typer

from app.api.problem_texts import TEXTS
from app.core.codes import Rejected
from app.security.sealing import UnsealRefused
from app.settings import BadSetting
from app.store.failures import DatabaseFault, fault_of
from app.store.migrating import NewerSchema
from app.store.postgres import BinariesNotFound, DataFolderInUse, PostgresVersionMismatch, ServerFailed

EXIT_CODE = 2
"""Of every mistake of the caller's: 1 is for a check that ran and failed."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What to mend, in both languages."""

    en: str
    zh: str


_OURS: tuple[tuple[type[Exception], str], ...] = (
    (BadSetting, "设置有误，请按上述名称更正"),
    (BinariesNotFound, "找不到可用的 PostgreSQL 15 或更高版本的程序，请检查 LIYU_PG_BINDIR"),
    (DataFolderInUse, "数据目录正被另一进程使用：请先停止该进程，或用 LIYU_DATA_DIR 另选目录"),
    (PostgresVersionMismatch, "数据由另一主版本的 PostgreSQL 写成：请用原版本程序导出，再导入新的数据目录"),
    (ServerFailed, "自带的 PostgreSQL 未能启动，原因见上"),
    (NewerSchema, "数据库已由更新版本的 Liyu 升级：请安装该版本，或恢复升级前的备份"),
)
"""Errors whose own message names in English what to mend."""

_FAULTS = {
    DatabaseFault.UNREACHABLE: Mistake(
        "the database cannot be reached: is it running, and is LIYU_DATABASE_URL right?",
        "无法连接数据库：请检查数据库是否在运行、LIYU_DATABASE_URL 是否正确",
    ),
    DatabaseFault.BAD_ADDRESS: Mistake(
        "LIYU_DATABASE_URL cannot be used: postgresql://user:password@host:port/database",
        "LIYU_DATABASE_URL 无法使用，格式为 postgresql://用户:密码@主机:端口/数据库",
    ),
    DatabaseFault.LOGIN_REFUSED: Mistake(
        "the database refuses the name or the password in LIYU_DATABASE_URL",
        "数据库拒绝登录：请检查 LIYU_DATABASE_URL 中的用户名和密码",
    ),
    DatabaseFault.NO_SUCH_DATABASE: Mistake(
        "the database that LIYU_DATABASE_URL names is not there: create it first",
        "LIYU_DATABASE_URL 所指的数据库不存在，请先创建",
    ),
    DatabaseFault.NO_SUCH_ROLE: Mistake(
        "the database knows no such role: create it first", "数据库中没有该角色，请先创建"
    ),
    DatabaseFault.NOT_ALLOWED: Mistake(
        "this role may not do that: run `liyu migrate --grant-to ROLE` as the owner of the tables",
        "该数据库角色权限不足：请以表的所有者运行 liyu migrate --grant-to 角色",
    ),
    DatabaseFault.OLD_SCHEMA: Mistake(
        "the database has not the tables of this version: run `liyu migrate`",
        "数据库缺少本版本所需的表：请先运行 liyu migrate",
    ),
    DatabaseFault.READ_ONLY: Mistake(
        "the database takes no changes: LIYU_DATABASE_URL names a standby", "数据库只读：LIYU_DATABASE_URL 指向了备库"
    ),
    DatabaseFault.FULL: Mistake("the database's disk is full", "数据库磁盘已满"),
    DatabaseFault.BUSY: Mistake(
        "the database has no connection or no time left for this: try again later",
        "数据库连接数已满或等待超时，请稍后重试",
    ),
}
_WRONG_KEY = Mistake(
    "the master key or a vault key is not the one that this database's secrets are sealed under: "
    "LIYU_MASTER_KEY (or master.key in LIYU_DATA_DIR) and LIYU_VAULT_KEYS must be those of this database",
    "主密钥或保险库密钥与本数据库不符：请使用原来的 LIYU_MASTER_KEY（或数据目录中的 master.key）和 LIYU_VAULT_KEYS",
)


def tell_refusal(what: str, refused: Rejected) -> None:
    """Print a refusal of the service's own: its code, both texts, and the figures that explain it."""
    text = TEXTS[refused.code]
    figures = "".join(f", {name}: {value}" for name, value in refused.detail.items())
    typer.echo(f"{what}: {refused.code}{figures}\n{text.en} · {text.zh}", err=True)


def mistake_of(error: BaseException) -> Mistake | None:
    """What the caller can mend; None for a fault of the program's own, which keeps its traceback."""
    for ours, zh in _OURS:
        if isinstance(error, ours):
            return Mistake(str(error), zh)
    if isinstance(error, UnsealRefused):
        return _WRONG_KEY
    if fault := fault_of(error):
        kind, said = fault
        told = _FAULTS[kind]
        return Mistake(f"{told.en} ({said})" if said else told.en, told.zh)
    if isinstance(error, OSError):
        return Mistake(f"{error.filename} cannot be used: {error.strerror}", f"文件或目录无法使用：{error.filename}")
    return None

"""`liyu till` as a cashier has it: a real terminal, a real service, a wire that loses things, and the ledger after."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.core.ids import format_terminal
from app.jobs.verifying import run_verify
from app.store.database import Database
from tests.support.cities import a_city
from tests.support.commands import a_committer
from tests.support.ledgers import fetch_rows
from tests.support.losing_proxy import LosingProxy, Loss, a_losing_proxy
from tests.support.processes import a_clock_of_today, issue_code, now, server_processes
from tests.support.pseudo_terminals import a_pseudo_terminal
from tests.support.sites import SECRET, seal_secret


@dataclass(frozen=True, slots=True)
class Shop:
    """A till's command line, the wire to its service, and a volunteer whose phone shows codes."""

    command: list[str]
    env: dict[str, str]
    proxy: LosingProxy
    next_code: Callable[[], Awaitable[str]]


@asynccontextmanager
async def a_shop(database: Database, folder: Path) -> AsyncIterator[Shop]:
    """A small city, a server process of its own, and a till behind a proxy. Every invariant holds afterwards."""
    city = await a_city(database, a_clock_of_today(), sealed_secret=seal_secret)
    async with a_committer(database, city.programme, now) as committer:
        with server_processes(database) as [server]:
            async with a_losing_proxy(server.base_url) as proxy:
                command = [sys.executable, "-m", "app", "till", "--base-url", proxy.base_url, "--read-timeout", "1.5"]
                command += ["--terminal", format_terminal(city.programme, city.tills[0].terminal)]
                command += ["--store", "横河咖啡馆", "--journal", str(folder / "till.jsonl")]
                env = {"LIYU_TILL_SECRET": SECRET.decode()}
                yield Shop(command, env, proxy, lambda: issue_code(committer, city, city.volunteers[0]))
    assert not (await run_verify(database, city.programme, lambda _done, _total: None)).findings


async def test_a_sale_a_time_out_and_a_refund(database: Database, tmp_path: Path) -> None:
    """The cashier sees each through; the ledger has each exactly once, and the lost answer's sale was never doubled."""
    async with a_shop(database, tmp_path) as shop, a_pseudo_terminal(*shop.command, env=shop.env) as till:
        await till.sees("扫码 scan > ")
        till.type(await shop.next_code())
        await till.sees("积分 points")
        till.type("１２")
        await till.sees("核销成功 PAID   12 分")
        await till.sees("志愿者 Volunteer             王*")

        shop.proxy.losses.append(Loss.ANSWER)
        till.type(await shop.next_code())
        till.type("30")
        await till.sees("未收到应答，请勿重新下单")
        await till.sees("核销成功 PAID   30 分")

        till.type("r")
        await till.sees("订单号 order no.")
        till.type("")
        await till.sees("退还积分 points back (1-30")
        till.type("10")
        await till.sees("退款成功 REFUNDED   10 分")

        till.type("z")
        await till.sees("班结 Totals")
        await till.sees("32")
        till.type("x")
        assert await till.ends() == 0
        assert SECRET.decode() not in till.shown
    query = "SELECT points, refunded_points, state FROM redemptions ORDER BY points"
    assert await fetch_rows(database, query) == [(12, 0, "SUCCESS"), (30, 10, "PARTIALLY_REFUNDED")]


async def test_a_sale_that_never_arrived(database: Database, tmp_path: Path) -> None:
    """It is reversed 15 s after it was sent, the cashier is told to hand nothing over, and the next customer pays."""
    async with a_shop(database, tmp_path) as shop, a_pseudo_terminal(*shop.command, env=shop.env) as till:
        shop.proxy.losses.append(Loss.REQUEST)
        await till.sees("扫码 scan > ")
        code = await shop.next_code()
        till.type(code)
        till.type("12")
        await till.sees("查询订单")
        await till.sees("正在冲正")
        await till.sees("未收款 NOT PAID")
        till.type(code)
        till.type("12")
        await till.sees("核销成功 PAID   12 分")
        till.type("", end="\x04")
        await till.sees("再见 Goodbye")
        assert await till.ends() == 0
    assert await fetch_rows(database, "SELECT points, state FROM redemptions") == [(12, "SUCCESS")]


async def test_a_till_that_is_shut_off_reverses_when_it_is_back(database: Database, tmp_path: Path) -> None:
    """Killed with its answer lost, it finds the sale in its journal and gives the points back."""
    async with a_shop(database, tmp_path) as shop:
        async with a_pseudo_terminal(*shop.command, env=shop.env) as till:
            shop.proxy.losses.append(Loss.ANSWER)
            await till.sees("扫码 scan > ")
            till.type(await shop.next_code())
            till.type("12")
            await shop.proxy.lost.wait()
            till.process.kill()
        async with a_pseudo_terminal(*shop.command, env=shop.env) as till:
            await till.sees("上次留下 1 笔未决")
            await till.sees("此前未明的订单已冲正")
            till.type("", end="\x03")
            assert await till.ends() == 0
    assert await fetch_rows(database, "SELECT points, state FROM redemptions") == [(12, "REVERSED")]


async def test_lines_from_a_pipe(database: Database, tmp_path: Path) -> None:
    """Without a terminal it reads what is piped in, and leaves at its end."""
    async with a_shop(database, tmp_path) as shop:
        process = await asyncio.create_subprocess_exec(
            *shop.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **shop.env},
        )
        typed = f"hello\n{await shop.next_code()}\n-5\n0\n7\nz"
        shown, _ = await process.communicate(typed.encode())
    assert process.returncode == 0
    assert "PAID   7 分" in shown.decode()
    assert await fetch_rows(database, "SELECT points FROM redemptions") == [(7,)]

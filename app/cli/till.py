"""`liyu till`: the reference till in a terminal, for the tills of the demo beside it or for any other by name."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.till.client import CONNECT_S, READ_S, open_till
from app.till.journal import Journal, JournalInUse
from app.till.keyboard import Keyboard
from app.till.protocol import Desk
from app.till.screen import Screen
from app.till.terminal import Terminal


def till(
    base_url: Annotated[str | None, typer.Option(help="The service; the demo's when left out.")] = None,
    terminal: Annotated[str | None, typer.Option(help="The terminal's id; the demo's first when left out.")] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            envvar="LIYU_TILL_SECRET", show_default=False, help="Its secret. Others can see options: use the variable."
        ),
    ] = None,
    store: Annotated[str | None, typer.Option(help="The shop's name, for the receipt.")] = None,
    demo: Annotated[Path, typer.Option(help="What `liyu demo` wrote about its tills.")] = Path(".liyu/demo.json"),
    journal: Annotated[
        Path | None, typer.Option(help="Where open sales are kept; beside the demo's file when left out.")
    ] = None,
    connect_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds until a connection stands.")] = CONNECT_S,
    read_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for an answer.")] = READ_S,
) -> None:
    """Sell for points: scan a code, type the points, see the outcome. Beside `make demo` it needs no options."""
    given = {} if base_url and terminal and secret else _read_demo(demo, terminal)
    base_url, terminal, secret = base_url or given["base_url"], terminal or given["terminal"], secret or given["secret"]
    path = journal or demo.parent / f"till-{terminal}.jsonl"
    screen = Screen(Console(highlight=False))
    try:
        memory = Journal(path)
    except JournalInUse as error:
        raise typer.BadParameter(f"this terminal is open in another window already ({error})") from error
    except OSError as error:
        raise typer.BadParameter(f"the journal of open sales cannot be written: {error}") from error
    with open_till(base_url, terminal, secret, connect_s=connect_timeout, read_s=read_timeout) as opened:
        desk = Desk(till=opened, journal=memory, report=screen.step)
        code = Terminal(desk, screen, Keyboard(sys.stdin.fileno()), store or given.get("store_id", "")).run()
    memory.release()
    sys.exit(code)


def _read_demo(path: Path, terminal: str | None) -> dict[str, Any]:
    """The demo's first till, or the one that is named."""
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        told = f"--base-url, --terminal and a secret are needed: {path} of `liyu demo` cannot be read ({error})"
        raise typer.BadParameter(told) from error
    programmes = [described, described.get("sandbox", {"terminals": []})]
    tills = [{**till, "base_url": described["base_url"]} for known in programmes for till in known["terminals"]]
    for known in tills:
        if terminal in {None, known["terminal"]}:
            return known
    raise typer.BadParameter(f"{path} knows no terminal {terminal}; give --secret or LIYU_TILL_SECRET")

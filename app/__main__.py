"""`python -m app` is the `liyu` command."""

from app.cli import main

main()

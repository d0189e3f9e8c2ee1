"""Python's search for garbage cycles, put off while an import runs.

It looks at everything that is alive again and again: with a city's accounts remembered that took a third of the time.
An import makes no cycles to speak of: what it lets go of is freed at once, by counting references.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collecting() -> Iterator[None]:
    """No search for cycles until the block ends; then as it was before."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()

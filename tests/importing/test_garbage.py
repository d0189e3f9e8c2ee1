"""The search for garbage cycles is put off, and comes back."""

import gc

import pytest

from app.importing.garbage import no_collecting


def _break_off() -> None:
    with no_collecting():
        assert not gc.isenabled()
        raise OSError("full")


def test_it_comes_back_whatever_happens() -> None:
    """Off inside, on after, also when the block breaks; and what was off stays off."""
    assert gc.isenabled()
    with pytest.raises(OSError, match="full"):
        _break_off()
    assert gc.isenabled()
    gc.disable()
    try:
        with no_collecting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()

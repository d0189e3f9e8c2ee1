"""The whole protocol, walked through at random, says and does what an independent model says."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.core.protocol_machine import ProtocolMachine

WALKS = settings(max_examples=400, stateful_step_count=60, deadline=None, derandomize=True, database=None)


def test_the_core_agrees_with_the_model() -> None:
    """Every answer and every balance of every walk."""
    run_state_machine_as_test(ProtocolMachine, settings=WALKS)

"""The rules of the trade as functions over frozen values: no I/O, no clock, no randomness, no floats."""

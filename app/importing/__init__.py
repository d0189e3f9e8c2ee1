"""Importing the files of an older system: teams, volunteers, service records.

`decoding` and `tables` read a file, `mapping` says which column is which field, `parsing` makes typed rows of it,
`feeding` does that in a process of its own, `running` writes what comes through the engine, `refusals` tells what did
not. No name, phone or ID number is read out of a file: such columns are not looked at.
"""

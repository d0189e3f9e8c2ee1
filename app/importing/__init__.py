"""Importing the files of an older system: teams, volunteers, service records.

`decoding` and `tables` read a file, `mapping` says which column is which field, `parsing` makes typed rows of it,
`feeding` does that in a process of its own, `running` writes what comes through the engine, `refusals` tells what did
not. Names, phones and ID numbers are read out of a file of volunteers only (`person_cells`), sorted (`newcomers`) and
sealed (`sealing`) before they are written; in any other file such columns are not looked at.
"""

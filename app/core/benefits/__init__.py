"""Benefit programmes (礼遇): what they are, what is known of a volunteer, and whether that is enough. Pure.

`model` says what a benefit holds and `facts` what is known of a volunteer; `criteria` hold conditions and what tells
them together, `eligibility` judges, `sentences` words what is missing. `shape` and `publishing` say what may be saved
and what may be published. A published version is never edited; what it judged stays explained by it.
"""

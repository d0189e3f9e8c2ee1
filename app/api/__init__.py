"""HTTP: a request becomes a command or an action, its outcome an answer. Nothing is decided here."""

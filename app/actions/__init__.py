"""Control-plane use cases: one function, one transaction, one audit row, one kept answer."""

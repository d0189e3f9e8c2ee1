"""The write path: commands queue up, a batch of them is one database transaction, then each gets its answer."""

"""Who may do what, and the cryptography: actors, scopes, tokens, passwords, signatures, pay codes, sealing."""

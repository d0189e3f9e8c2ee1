"""Background work and audits. Each piece is safe to run twice, also at the same time."""

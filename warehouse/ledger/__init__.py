"""The ledger: what came, when, from whom, and what became of it; on SQLite or PostgreSQL."""

"""Where it is kept: landing, ledger, store, register of agencies, publishing and the reports' SQL.

Knows nothing of Dagster, and of `checks` only the data model (`checks.model`).
"""

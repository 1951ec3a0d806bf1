"""What is right: the data model, the format check, the record rules and their catalogue.

Pure: bytes in, records and findings out.  Knows nothing of Dagster, the ledger or any disk.
"""

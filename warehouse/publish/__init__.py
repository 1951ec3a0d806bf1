"""Publishing: building `warehouse.duckdb` and the reading copies it shows, beside what readers have open.

`publisher.py` is the one writer; `known.py` what the ledger knows of each month;
`past.py` the same tables as of a moment.
"""

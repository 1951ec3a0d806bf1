"""Retention (保存年限): how many years each table is kept, which years were removed, and the figures kept of those.

`policy.py` the wish, as data; `archive.py` the reports of years of which something was removed, which nothing can make
anew any more; `removal.py` what lies where, and how it goes.  What was removed is in the ledger (`retirements.py`).
"""

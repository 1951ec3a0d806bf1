"""Reviews (跨檔檢核): what the rules across submissions look at, for whom it is due, and what they said.

`due.py` says which agency-months a late or corrected month can affect, `reading.py` reads what the rules need,
`recording.py` writes findings and ledger.  The rules themselves are `checks.across`.
"""

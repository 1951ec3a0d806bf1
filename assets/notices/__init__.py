"""Notices (通知): who is told what and when, in which words, and by which way it goes out.

`occasions` says what is to be told, `facts` what is so, `words` how it is said, `mail` and `webhook` take it away,
`sending` does it all; the outbox in which notices wait is `warehouse.ledger.outbox`.
"""

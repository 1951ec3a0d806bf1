"""The portal (入口網): what agencies and supervising authorities see in a browser, and their systems by REST.

Server-rendered pages over the same checks, ledger and reports as the command line.  `app.py` puts it together;
`wire.py` what holds for every request; a module for each thing that people come for (`format_check.py`).
"""

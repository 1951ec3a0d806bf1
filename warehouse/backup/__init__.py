"""Backups (備份) of what cannot be made anew: the ledger, landing, and the files that operators wrote.

`DEST/<moment>/` is a backup: `ledger/<table>.parquet`, `landing.parquet` (which documents), `home/` (operators' files,
sealed), and `manifest.json` over all of them.  `DEST/landing/` holds the documents, sealed as they lie in landing,
for all backups of that destination.  Keys are in none of it.
"""

#: A file that says, in a home folder, which backup it is being made of; Dagster's processes look for it too.
MARK = ".restoring"

"""The ledger's schema, one change a module, in the order of their numbers; a module once released is never edited."""

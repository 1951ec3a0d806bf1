"""機關代碼 The register of agencies: importing it, its tree and supervising authorities, and who owes which month.

The tables are the ledger's (`warehouse.ledger.models`); nothing else writes them.  docs/register.md tells an operator.
"""

from warehouse.register.agencies import RegisterAgencies
from warehouse.register.files import RegisterError
from warehouse.register.importing import ImportReport, import_register

__all__ = ["ImportReport", "RegisterAgencies", "RegisterError", "import_register"]

"""`python -m checks.published FOLDER`: write the published format, as `docs/` has it."""

import sys
from pathlib import Path

from checks.published.documents import published

for name, text in published().items():
    file = Path(sys.argv[1]) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")

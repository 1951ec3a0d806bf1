"""docs/register.md says what the code does: every oddity, every column, and an example that can be imported."""

import re
from datetime import date
from pathlib import Path

from warehouse.register.oddities import KINDS
from warehouse.register.reading import GOVERNMENT_REQUIRED, OBLIGATION_COLUMNS, PROJECT_REQUIRED

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "register.md").read_text(encoding="utf-8")


def test_every_oddity_is_in_the_table_and_no_other():
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert {kind: (chinese, english) for kind, chinese, english in rows} == KINDS


def test_every_column_is_named():
    for column in (*GOVERNMENT_REQUIRED, "機關層級", "機關生效日期", "機關裁撤日期", "裁撤註記", "新機關生效日"):
        assert re.search(rf"^\| [^|]*{column}", PAGE, re.MULTILINE), column
    for column in (*PROJECT_REQUIRED, "kind", *OBLIGATION_COLUMNS):
        assert re.search(rf"^\| [^|]*`{column}`", PAGE, re.MULTILINE), column


def test_the_example_imports_without_an_oddity(register):
    example = re.search(r"```csv\n(.+?)```", PAGE, re.DOTALL)[1]
    report = register.take(example.encode(), date(2021, 1, 1))
    assert (report.added, report.oddities) == (4, [])
    agencies = register.agencies
    assert [code for code, due in agencies.due("2021-06").items() if due.channel == "webitr"] == ["376500000A"]
    assert sorted(agencies.not_due("2021-06")) == ["376500100A", "376500101X"]
    assert agencies.of_month("2021-06")["376500101X"].authority_code == "376500000A"

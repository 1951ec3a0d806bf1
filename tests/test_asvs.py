"""docs/asvs.md: each test that it names exists, and no requirement of levels 1 and 2 is left out or said twice."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/asvs.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")] for line in PAGE.splitlines() if re.match(r"\| \d", line)
]
#: Section of ASVS 4.0.3 → the numbers in it of levels 1 and 2.
ASKED = {
    "1.1": range(1, 8),
    "1.2": range(1, 5),
    "1.4": (1, 4, 5),
    "1.5": range(1, 5),
    "1.6": range(1, 5),
    "1.7": (1, 2),
    "1.8": (1, 2),
    "1.9": (1, 2),
    "1.10": (1,),
    "1.11": (1, 2),
    "1.12": (2,),
    "1.14": range(1, 7),
    "2.1": range(1, 13),
    "2.2": (1, 2, 3),
    "2.3": (1, 2, 3),
    "2.4": range(1, 7),
    "2.5": range(1, 8),
    "2.6": (1, 2, 3),
    "2.7": range(1, 7),
    "2.8": range(1, 8),
    "2.9": (1, 2, 3),
    "2.10": range(1, 5),
    "3.1": (1,),
    "3.2": range(1, 5),
    "3.3": range(1, 5),
    "3.4": range(1, 6),
    "3.5": (1, 2, 3),
    "3.7": (1,),
    "4.1": (1, 2, 3, 5),
    "4.2": (1, 2),
    "4.3": (1, 2, 3),
    "5.1": range(1, 6),
    "5.2": range(1, 9),
    "5.3": range(1, 11),
    "5.4": (1, 2, 3),
    "5.5": range(1, 5),
    "6.1": (1, 2, 3),
    "6.2": range(1, 7),
    "6.3": (1, 2),
    "6.4": (1, 2),
    "7.1": range(1, 5),
    "7.2": (1, 2),
    "7.3": (1, 3, 4),
    "7.4": (1, 2, 3),
    "8.1": range(1, 5),
    "8.2": (1, 2, 3),
    "8.3": range(1, 9),
    "9.1": (1, 2, 3),
    "9.2": range(1, 5),
    "10.2": (1, 2),
    "10.3": (1, 2, 3),
    "11.1": range(1, 9),
    "12.1": (1, 2, 3),
    "12.2": (1,),
    "12.3": range(1, 7),
    "12.4": (1, 2),
    "12.5": (1, 2),
    "12.6": (1,),
    "13.1": (1, 3, 4, 5),
    "13.2": (1, 2, 3, 5, 6),
    "13.3": (1, 2),
    "13.4": (1, 2),
    "14.1": range(1, 5),
    "14.2": range(1, 7),
    "14.3": (2, 3),
    "14.4": range(1, 8),
    "14.5": range(1, 5),
}
STATES = {"met", "part", "proxy", "provider", "operators", "none", "**not met**"}


def numbers_in(cell):
    for part in cell.split(", "):
        first, _, last = part.partition("–")
        section, _, begin = first.rpartition(".")
        end = (last or first).rpartition(".")[2]
        assert not last or last.rpartition(".")[0] == section, part
        yield from (f"{section}.{number}" for number in range(int(begin), int(end) + 1))


def test_every_requirement_has_its_line_and_one_only():
    said = [number for row in ROWS for number in numbers_in(row[0])]
    wanted = {f"{section}.{number}" for section, numbers in ASKED.items() for number in numbers}
    assert sorted(one for one in said if said.count(one) > 1) == []
    assert wanted - set(said) == set()
    assert set(said) - wanted == set()


def test_every_line_has_a_state_and_what_is_met_a_test():
    for row in ROWS:
        assert row[2] in STATES, row[0]
    without = [row[0] for row in ROWS if row[2] == "met" and "::" not in row[-1]]
    assert without == ["1.10.1", "9.2.1"]  # git itself; httpx's own default


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE))))
def test_each_test_that_is_named_exists(named):
    path, _, function = named.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

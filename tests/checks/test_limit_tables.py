"""The tables of limits: rows switched on, ids refused, gaps and overlaps found whatever is switched."""

from importlib.resources import files
from pathlib import Path

import pytest

from checks import limit_rows
from checks.limit_rows import TableRefused
from checks.limit_tables import RowsRefused, limit_tables
from checks.overtime_limits import packaged_overtime_limits

ROW = "civil_servant-police_fire"


def test_a_row_is_on_only_where_it_is_named():
    def switch(*on: str) -> dict[str, str]:
        return dict(limit_tables(on).overtime_limits.rows.select("id", "switch").iter_rows())

    assert switch()[ROW] == "off"
    assert switch(ROW)[ROW] == "on"
    assert {id_ for id_, said in switch(ROW).items() if said != switch()[id_]} == {ROW}
    assert dict(limit_tables(["02-contract"]).quotas.periods.select("id", "switch").iter_rows())["02-contract"] == "on"
    assert limit_tables([ROW, "02-contract", ROW]).switched_on == ("02-contract", ROW)


@pytest.mark.parametrize(("row", "said"), [("police", "there is no row police"), ("labour", "labour .*on as shipped")])
def test_what_cannot_be_switched_on_is_refused_and_what_can_is_listed(row, said):
    with pytest.raises(RowsRefused, match=f"{said}.*{ROW}, contract-police_fire, 02-contract"):
        limit_tables([ROW, row])


@pytest.mark.parametrize(("begins", "said"), [("2024-01-01", "overlaps"), ("2024-03-01", "leaves a gap before")])
def test_rows_that_are_off_may_neither_overlap_nor_leave_a_gap(tmp_path: Path, monkeypatch, begins, said):
    """The shipped table with a second row of police: read as at the start, refused."""
    table = files("checks").joinpath("data", "overtime_limits.csv").read_text(encoding="utf-8").splitlines()
    heading, *rows = table
    (row,) = (one for one in rows if one.startswith(f"{ROW},"))
    ends, later = row.replace("2023-01-01,,", "2023-01-01,2024-01-31,"), row.replace(ROW, "later")
    later = later.replace("2023-01-01", begins)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/overtime_limits.csv").write_text(f"{heading}\n{ends}\n{later}", encoding="utf-8")
    monkeypatch.setattr(limit_rows, "files", lambda _: tmp_path)
    with pytest.raises(TableRefused, match=f"{ROW} {said} later"):
        packaged_overtime_limits.__wrapped__()

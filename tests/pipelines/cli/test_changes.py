"""`attendance changes` as people read it: what arrivals moved, under the names that the reports have for it."""

from tests.support.installations import FIRST, document, installation


def test_figures_that_only_deadlines_moved_are_counted_and_not_listed(attendance, home, tmp_path):
    installation(home).engine.dispose()
    file = tmp_path / "file.json"
    file.write_bytes(document(FIRST))
    attendance("submit", file)
    attendance("run", "--month", "2021-06")
    ran = attendance("changes", "--since", "2021-05-01")
    assert ran.code == 0
    assert "機關報送比例表" in ran.out
    assert "已報送數" in ran.out
    assert "只因期限屆滿而異動" in ran.out
    listed = [line for line in ran.out.splitlines() if "應報送數" in line or "期限屆滿 deadline" in line]
    assert listed == []


def test_the_state_of_a_moment_says_of_which(attendance, home):
    installation(home).engine.dispose()
    ran = attendance("status", "--month", "2021-06", "--as-of", "2021-07-20")
    assert "2021-07-21 00:00 所知" in ran.out

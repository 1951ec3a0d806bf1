"""A handful of each kind of fault (`benchmarks/faults.py` has the hundreds): what an undisturbed run leaves is left.

In a process of its own, as the trials fork from a server that must not have started any thread of the tests'.
"""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "faults.py"


def test_whatever_a_run_dies_of_the_next_one_makes_good(tmp_path: Path) -> None:
    asked = [sys.executable, str(BENCHMARK), "--short", "--seed", "7", "--work", str(tmp_path)]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "kill -9 of a run: 3 rounds, 3 made good" in ran.stdout

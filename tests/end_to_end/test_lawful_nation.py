"""A few agencies of the made-up nation (`benchmarks/rules.py` has hundreds): left in peace, and their faults found."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "rules.py"


def test_lawful_people_are_hardly_asked_and_every_fault_is_found_of_everybody() -> None:
    asked = [sys.executable, str(BENCHMARK), "--agencies", "12", "--each", "1", "--seed", "3"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ", 0 refusals" in ran.stdout

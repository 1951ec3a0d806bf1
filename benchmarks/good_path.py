"""What checking sound documents costs beside the commit before format 1.1, in the same run.

    python benchmarks/good_path.py                 # 42 MB of format 1.0; exit 1 where it is more than 1.05 times

Both check the same documents in processes of their own, in turns; of each the quickest counts (issue 13, point 1).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from commits import ROOT, checked_out
from nation import MONTH, make_nation

BEFORE = "b82c0faa8fd6745b5a4ca5c9bb073d28929e0e9e"
MOST = 1.05
#: Checks the documents that a file lists, once to warm up and then so many times; prints the best seconds.
_PROGRAM = """
import json, sys, time
from datetime import date
from pathlib import Path
from checks.bulk import check_documents
from checks.context import CheckContext
from checks.document import SubmittedDocument

documents = [SubmittedDocument(Path(file).read_bytes()) for file in json.loads(Path(sys.argv[1]).read_text())]
context = CheckContext(date(2026, 11, 23))
taken = []
for _ in range(1 + int(sys.argv[2])):
    wall, processor = time.perf_counter(), time.process_time()
    result = check_documents(documents, context)
    taken.append((time.perf_counter() - wall, time.process_time() - processor))
refused = sum(document.refused for document in result.documents)
print(json.dumps([min(each[0] for each in taken[1:]), min(each[1] for each in taken[1:]), refused]))
"""


def main() -> int:
    """Print seconds and ratio; 1 where the good path is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.025)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "attendance-benchmarks")
    wanted = parser.parse_args()
    nation = make_nation(wanted.work, wanted.share)
    files = wanted.work / "good-path.json"
    files.write_text(json.dumps(nation.sound_files))
    size = sum(Path(file).stat().st_size for file in nation.sound_files) / 1e6
    print(f"{len(nation.sound_files)} sound documents of {MONTH}, {size:.0f} MB")
    best = {"before": (float("inf"), float("inf")), "now": (float("inf"), float("inf"))}
    with checked_out(BEFORE) as before:
        for _ in range(wanted.rounds):
            for name, tree in (("before", before), ("now", ROOT)):
                best[name] = min(best[name], _seconds(tree, files))
    for name, (wall, processor) in best.items():
        print(f"{name:>6}: {wall:.2f} s, processor {processor:.2f} s")
    ratio = best["now"][0] / best["before"][0]
    print(f"ratio to {BEFORE[:7]}: {ratio:.2f} (at most {MOST})")
    return 1 if ratio > MOST else 0


def _seconds(tree: Path, files: Path) -> tuple[float, float]:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(files), "5"], cwd=tree, capture_output=True, text=True, check=True
    )
    wall, processor, refused = json.loads(ran.stdout)
    if refused:
        raise SystemExit(f"{tree}: {refused} sound documents are refused")
    return wall, processor


if __name__ == "__main__":
    sys.exit(main())

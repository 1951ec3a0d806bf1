"""The rules of the house that no other tool holds: imports, what modules say of themselves, what the pages claim."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from pipelines.cli.reference import helps

ROOT = Path(__file__).parents[1]
PACKAGES = ("portal", "pipelines", "assets", "checks", "warehouse")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
READMES = ("README.md", "README.zh-TW.md")

LEAST_WORDS = 3
#: "About 300 lines" and "about 40" with room for a docstring and a long signature.
LONGEST_MODULE = 320
LONGEST_FUNCTION = 60


@cache
def trees() -> dict[str, ast.Module]:
    """Module, as a path from the root → its syntax tree.  A migration says by its name what it is."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "versions" not in path.parts
    }


def test_packages_import_only_what_they_may():
    command = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_each_module_says_what_belongs_in_it():
    silent = []
    for path, tree in trees().items():
        said = ast.get_docstring(tree) or ""
        if not (len(said.split()) > LEAST_WORDS or re.search(r"[\u4e00-\u9fff]", said)):
            silent.append(path)
    assert silent == []


def test_no_module_is_a_drawer():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert [path for path in trees() if Path(path).stem in drawers] == []


def test_no_module_holds_two_ideas():
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in trees()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_function_holds_two_ideas():
    functions = [
        (path, node)
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {f"{path}: {one.name}": one.end_lineno - one.lineno + 1 for path, one in functions}
    assert len(lengths) > len(trees())
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("readme", READMES)
def test_the_readmes_name_every_command(readme):
    written = (ROOT / readme).read_text(encoding="utf-8")
    paths = [path for path, _ in helps()]
    groups = {path for path in paths if any(other.startswith(f"{path} ") for other in paths)}
    assert [path for path in paths if path not in groups and f"`{path}" not in written] == []


@pytest.mark.parametrize("readme", READMES)
def test_the_readmes_name_only_commands_that_are_there(readme):
    written = (ROOT / readme).read_text(encoding="utf-8")
    known = [path for path, _ in helps()]
    for command in re.findall(r"`(attendance [^`]+)`", written):
        assert any(command.startswith(path) for path in known if path != "attendance"), command
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for target in re.findall(r"(?:`|\$ )make ([a-z]+)", written):
        assert target in targets


@pytest.mark.parametrize("page", [*READMES, *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page):
    written = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", written) if "://" not in link]
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_every_direct_dependency_is_explained():
    explained = set(
        re.findall(r"^\| `([^`]+)`", (ROOT / "docs/dependencies.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    extras = [one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra]
    direct = [*PROJECT["project"]["dependencies"], *extras, *PROJECT["dependency-groups"]["dev"]]
    assert explained == {re.split(r"[\[<>=~!; ]", one)[0] for one in direct}


def test_the_lock_pins_every_direct_dependency_with_hashes():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    one = r"^([a-z0-9-]+)(?:\[[^]]*\])?==[^ ]+(?: ; [^\\]+)? \\\n    --hash=sha256:"
    pinned = set(re.findall(one, lock, re.MULTILINE))
    direct = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    assert {re.split(r"[\[<>=~!; ]", one)[0] for one in direct} - pinned == set()
    assert "://" not in lock


def test_bare_make_lists_the_commands():
    ran = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make ([a-z-]+) +\S", ran.stdout, re.MULTILINE)
    wanted = {
        "demo",
        "demo-servers",
        "image",
        "image-test",
        "test",
        "lint",
        "types",
        "contracts",
        "setup",
        "lock",
        "dagster",
        "portal",
        "bench",
        "faults",
        "fuzz",
        "help",
    }
    assert wanted == set(listed)

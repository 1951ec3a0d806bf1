"""The wheel as it is built offline, and an installation of it: every package with its data, and nothing of the demo."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HATCH = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
    "wheel"
]
DEMO = ("pipelines/demo/", "portal/demo/")


def tracked():
    """What git has of the packages."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *HATCH["packages"]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name for name in listed.stdout.split("\0") if name}


def built(source, folder):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    (file,) = folder.iterdir()
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "installed")
        yield folder / "installed", [one.filename for one in archive.infolist()]


def test_it_has_what_git_has_of_every_package_but_the_demo(wheel):
    _, names = wheel
    wanted = {name for name in tracked() if not name.startswith(DEMO)}
    assert {name.split("/")[0] for name in wanted} == set(HATCH["packages"])
    assert {Path(name).suffix for name in wanted} > {".py", ".sql", ".csv", ".html", ".css", ".js", ".otf"}
    assert {name for name in names if ".dist-info/" not in name} == wanted


def test_nothing_in_it_knows_of_the_demo_but_the_command(wheel):
    installed, names = wheel
    known = [
        name
        for name in names
        if name.endswith(".py")
        for text in [(installed / name).read_text(encoding="utf-8")]
        if any(word in text for word in ("pipelines.demo", "portal.demo", "django", "playwright"))
    ]
    assert known == ["pipelines/cli/demo.py"]
    (metadata,) = installed.glob("*.dist-info/METADATA")
    assert not {"django", "playwright"} & set(metadata.read_text(encoding="utf-8").lower().split())


def test_an_installation_says_where_the_demo_is(wheel, tmp_path):
    installed, _ = wheel
    told = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    program = (
        "import pipelines.cli.app as app; assert app.__file__.startswith(__import__('sys').argv[1]); app.main(['demo'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(installed)],
        cwd=tmp_path,
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert "source tree only" in line
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_absent_ends_the_build(tmp_path):
    source = tmp_path / "source"
    for name in ["pyproject.toml", "hatch_build.py", "README.md", *HATCH["packages"]]:
        if name != "portal":
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (source / name).parent.mkdir(exist_ok=True)
            copy(ROOT / name, source / name)
    done = built(source, tmp_path / "dist")
    assert done.returncode != 0
    assert "portal" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "dist").exists() or list((tmp_path / "dist").iterdir()) == []

"""What is built can be used: wheel and sdist hold the scripts, and the demo runs from the wheel.

Not part of a plain run (it needs a package index and a minute): `pytest -m packaging`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from streamq.scripts import lua_folder

ROOT = Path(__file__).parent.parent
SCRIPTS = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lua").rglob("*.lua")}
SLOW = pytest.mark.timeout(400)  # building and installing wait for a package index


def _run(
    *command: str | Path, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{command} ended with {ran.returncode}:\n{ran.stdout}"
    return ran


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who has just come to this machine."""
    folder = tmp_path_factory.mktemp("home")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {**kept, "HOME": str(folder)}


def _installed(
    what: Path, extras: str, home: dict[str, str], factory: pytest.TempPathFactory
) -> Path:
    """The programs of a fresh environment with one built file in it."""
    folder = factory.mktemp("venv")
    _run(sys.executable, "-m", "venv", folder, cwd=folder)
    pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check"]
    _run(folder / "bin" / "python", *pip, f"{what}{extras}", cwd=folder, env=home)
    return folder / "bin"


@pytest.fixture(scope="module")
def from_wheel(built: Path, home: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    (wheel,) = built.glob("*.whl")
    return _installed(wheel, "[embedded]", home, tmp_path_factory)


def test_a_checkout_finds_its_scripts() -> None:
    assert lua_folder() == ROOT / "lua"


def test_the_lock_of_one_index_is_not_committed() -> None:
    assert "/uv.lock" in (ROOT / ".gitignore").read_text().splitlines()


def test_groups_and_extras_are_one_list() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["dependency-groups"] == {"dev": ["streamq[embedded,dev]"]}
    assert {"embedded", "dev"} <= set(project["project"]["optional-dependencies"])


@SLOW
@pytest.mark.packaging
def test_the_wheel_holds_the_scripts_and_no_tests(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if name.endswith(".lua")} == {f"streamq/{at}" for at in SCRIPTS}
    assert "streamq/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"pytest_streamq.py", "streamq"}


@SLOW
@pytest.mark.packaging
def test_the_sdist_holds_all_it_takes_to_build_and_test(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= SCRIPTS | {"Makefile", "LICENSE", ".ci/venv", "tests/conftest.py"}


@SLOW
@pytest.mark.packaging
def test_an_installed_sdist_finds_its_scripts(
    built: Path, home: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (sdist,) = built.glob("*.tar.gz")
    programs = _installed(sdist, "", home, tmp_path_factory)
    show = "from streamq.scripts import lua_folder, load; load('claim'); print(lua_folder())"
    shown = _run(programs / "python", "-c", show, cwd=tmp_path, env=home).stdout
    assert Path(shown.strip()).parts[-3:] == ("site-packages", "streamq", "lua")


@SLOW
@pytest.mark.packaging
def test_the_demo_runs_from_the_wheel(
    from_wheel: Path, home: dict[str, str], tmp_path: Path
) -> None:
    assert "worker" in _run(from_wheel / "streamq", "--help", cwd=tmp_path, env=home).stdout
    try:
        _run(from_wheel / "streamq", "demo", cwd=tmp_path, env=home)
    finally:
        stop = [str(from_wheel / "streamq"), "embedded", "stop"]  # it would stop by itself, later
        subprocess.run(stop, env=home, cwd=tmp_path, check=False, stdout=subprocess.DEVNULL)

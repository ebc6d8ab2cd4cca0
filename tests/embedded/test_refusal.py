"""Directories that can't be used are refused with what to do, and left as they are."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from streamq.embedded import EmbeddedRefused, data_dir_from_url, ensure, find_binary, status, stop
from streamq.embedded.binary import Binary
from streamq.embedded.marker import Marker, unfit
from streamq.errors import ConfigurationError
from tests.embedded.conftest import living

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def refused(place: Path, match: str) -> str:
    with pytest.raises(EmbeddedRefused, match=match) as caught:
        ensure(place)
    text = str(caught.value)
    assert 2 <= len(text.splitlines()) <= 6
    assert not living(place)
    return text


def written_by(place: Path, **facts: object) -> Path:
    ensure(place)
    stop(place)
    marker = place / "streamq-embedded.json"
    marker.write_text(json.dumps(json.loads(marker.read_text()) | facts))
    return marker


def test_data_of_a_newer_server(place: Path) -> None:
    marker = written_by(place, version=[99, 1, 0])
    before = marker.read_bytes()
    text = refused(place, "written by valkey 99.1.0")
    assert "Install valkey 99.1 or later" in text
    assert marker.read_bytes() == before


def test_data_of_another_server(place: Path) -> None:
    written_by(place, flavour="redis", version=[8, 0, 0])
    found = find_binary()
    if found.flavour == "redis":
        pytest.skip("the only server here is a Redis")
    refused(place, "written by redis 8.0.0")


def test_data_of_an_older_server_is_taken_over(place: Path) -> None:
    marker = written_by(place, version=[7, 2, 0])
    ensure(place)
    assert tuple(json.loads(marker.read_text())["version"]) == find_binary().version


def test_directory_of_a_later_format(place: Path) -> None:
    written_by(place, format=2)
    refused(place, "has format 2")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format":1,"version":[9]}'])
def test_damaged_marker(place: Path, text: str) -> None:
    place.mkdir()
    (place / "streamq-embedded.json").write_text(text)
    refused(place, "is damaged")


def test_folder_with_other_files_is_left_alone(place: Path) -> None:
    place.mkdir()
    (place / "thesis.tex").touch()
    refused(place, r"holds other files \('thesis.tex'\)")
    assert list(place.iterdir()) == [place / "thesis.tex"]


@pytest.mark.parametrize(
    ("have", "marked", "fits"),
    [
        ("valkey 9.1.2", "valkey 9.1.0", True),
        ("valkey 9.1.0", "valkey 9.1.2", True),  # a patch changes no format
        ("valkey 9.1.0", "valkey 9.2.0", False),
        ("valkey 9.1.0", "redis 7.0.15", True),
        ("valkey 9.1.0", "redis 7.4.0", False),
        ("redis 7.2.4", "valkey 7.2.5", False),
        ("redis 7.0.15", "redis 7.2.0", False),
    ],
)
def test_which_server_may_read_what(have: str, marked: str, fits: bool) -> None:
    def parsed(text: str) -> tuple[str, tuple[int, int, int]]:
        flavour, version = text.split()
        one, two, three = map(int, version.split("."))
        return flavour, (one, two, three)

    binary = Binary(Path("/x"), *parsed(have))
    flavour, version = parsed(marked)
    assert (unfit(Marker(1, flavour, version, 0), binary) == "") is fits


@as_root
def test_directory_of_another_user(place: Path) -> None:
    place.mkdir(mode=0o700)
    os.chown(place, 12345, 12345)
    refused(place, "belongs to user 12345")
    (place / "streamq-embedded.json").touch()
    with pytest.raises(EmbeddedRefused, match="belongs to user 12345"):
        status(place)
    with pytest.raises(EmbeddedRefused, match="belongs to user 12345"):
        stop(place)


@as_root
def test_data_of_another_user_in_a_directory_of_ours(place: Path) -> None:
    written_by(place)
    os.chown(place / "appendonlydir", 12345, 12345)
    refused(place, "belongs to user 12345")


@as_root
def test_word_of_another_user_is_not_believed(root: Path, place: Path) -> None:
    """Nobody can lure us to a socket of theirs by leaving a state file for us."""
    other = ensure(root / "other")
    word = (root / "other/run/state.json").read_text()
    lure = word.replace('"socket": ""', f'"socket": "{other.socket_path}"')
    (place / "run").mkdir(parents=True)
    (place / "run/state.json").write_text(lure)
    for path in (place, place / "run", place / "run/state.json"):
        os.chown(path, 12345, 12345)
    with pytest.raises(EmbeddedRefused, match="belongs to user 12345"):
        ensure(place)


def test_directory_that_others_may_write_in(place: Path) -> None:
    place.mkdir()
    place.chmod(0o777)
    assert "chmod 700" in refused(place, "Others may write")


def test_squatted_socket_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = root / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    place = root / ("long" * 25)
    server = ensure(place)
    folder = server.socket_path.parent
    stop(place)
    folder.symlink_to(root)
    refused(place, "is not a directory of yours alone")
    folder.unlink()
    folder.mkdir(mode=0o755)
    refused(place, "is not a directory of yours alone")


def test_loose_run_folder_is_mended(place: Path) -> None:
    (place / "run").mkdir(parents=True, mode=0o755)
    place.chmod(0o755)
    (place / "run").chmod(0o755)
    ensure(place)
    assert stat.S_IMODE((place / "run").stat().st_mode) == 0o700


def test_no_directory_can_be_made(root: Path) -> None:
    (root / "file").touch()
    refused(root / "file" / "data", "can't keep its data")


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(EmbeddedRefused, match="no home directory"):
        ensure()


def test_addresses() -> None:
    assert data_dir_from_url("embedded:") is None
    assert data_dir_from_url("embedded://") is None
    assert data_dir_from_url("embedded:///some/d%20ir") == Path("/some/d ir")
    for url in ("embedded://host/dir", "embedded:dir", "redis://x", "embedded:///a?b=1"):
        with pytest.raises(ConfigurationError, match="embedded:///some/dir"):
            data_dir_from_url(url)

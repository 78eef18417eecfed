import os
from pathlib import Path

import pytest

from kfxl.errors import InputError
from kfxl.spreadsheet.files import read_whole, write_whole


def test_writes_new_and_replaces_old(tmp_path: Path) -> None:
    target = tmp_path / "book.xlsx"
    write_whole(target, b"one")
    assert target.read_bytes() == b"one"
    write_whole(str(target), b"two")
    assert read_whole(target) == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_permissions_and_links_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "book.xlsx", tmp_path / "link.xlsx"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder") as caught:
        write_whole(tmp_path / "no" / "book.xlsx", b"")
    assert "\n" not in str(caught.value)


def test_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a folder"):
        write_whole(tmp_path, b"")
    with pytest.raises(InputError, match="this is a folder"):
        read_whole(tmp_path)


def test_nothing_is_left_when_the_target_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "book.xlsx"
    target.write_bytes(b"old")

    def refuse(self: Path, other: object) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match="close the program that has it open"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]


def test_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "book.xlsx"
    target.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="free some space"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"book\.xlsx: there is no such file in"):
        read_whole(tmp_path / "book.xlsx")

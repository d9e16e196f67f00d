from __future__ import annotations

from pathlib import Path

from acmewrap.host.log import rotate


def test_a_small_log_stays_and_a_missing_one_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "task.log"
    rotate(path)
    path.write_text("x" * 10)
    rotate(path, limit=10)
    assert [one.name for one in tmp_path.glob("task*")] == ["task.log"]


def test_a_large_log_is_renamed_and_the_oldest_of_three_goes(tmp_path: Path) -> None:
    path = tmp_path / "task.log"
    for number in range(5):
        path.write_text(f"{number}" * 11)
        rotate(path, limit=10)
    left = {one.name: one.read_text()[0] for one in tmp_path.glob("task*")}
    assert left == {"task.log.1": "4", "task.log.2": "3", "task.log.3": "2"}


def test_who_has_it_open_goes_on_writing_to_the_renamed_file(tmp_path: Path) -> None:
    path = tmp_path / "task.log"
    with path.open("a") as stream:
        stream.write("before\n" * 3)
        stream.flush()
        rotate(path, limit=10)
        stream.write("after\n")
    assert (tmp_path / "task.log.1").read_text().endswith("after\n")
    assert not path.exists()


def test_a_log_that_cannot_be_renamed_stays(tmp_path: Path) -> None:
    path = tmp_path / "task.log"
    path.write_text("x" * 11)
    (tmp_path / "task.log.2").mkdir()
    (tmp_path / "task.log.3").mkdir()
    (tmp_path / "task.log.3" / "full").touch()
    rotate(path, limit=10)
    assert path.exists()

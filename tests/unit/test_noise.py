"""Which files are called noisy, on a clock that the test sets."""

from __future__ import annotations

from verifyd.edge.noise import NoisyFiles


def test_a_file_in_every_batch_is_named_with_what_to_do() -> None:
    """Forty in a row, none more than a second after the one before."""
    noise = NoisyFiles()
    for count in range(40):
        assert list(noise.notes) == []
        noise.observe({"app.log", f"source{count}.py"}, count * 0.25)
    assert noise.notes == (
        "app.log is written without a pause, so verification never rests: let git ignore it (.gitignore), or write it elsewhere.",
    )


def test_an_agent_that_edits_one_file_again_and_again_is_not_noisy() -> None:
    """Batches more than a second apart are not in a row."""
    noise = NoisyFiles()
    for count in range(100):
        noise.observe({"app.py"}, count * 1.5)
    assert list(noise.notes) == []


def test_a_batch_without_the_file_begins_the_count_anew() -> None:
    """In a row means in each."""
    noise = NoisyFiles()
    for count in range(100):
        noise.observe({"app.log"} if count % 39 else {"other"}, count * 0.25)
    assert list(noise.notes) == []


def test_a_file_that_keeps_quiet_for_a_minute_is_forgotten() -> None:
    """The note goes away when its reason did."""
    noise = NoisyFiles(batches=2)
    noise.observe({"app.log"}, 0.0)
    noise.observe({"app.log"}, 0.5)
    assert len(noise.notes) == 1
    noise.observe({"app.py"}, 60.5)
    assert list(noise.notes) == []


def test_at_most_five_are_named() -> None:
    """A hundred noisy files are no list for a person."""
    noise = NoisyFiles(batches=1)
    noise.observe({f"{number:02}.log" for number in range(100)}, 0.0)
    assert [note.split(" ")[0] for note in noise.notes] == ["00.log", "01.log", "02.log", "03.log", "04.log"]

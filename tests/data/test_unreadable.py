"""What cannot be read: one clear message each, read whole."""

import gzip
import sys
from pathlib import Path
from typing import Any

import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.errors import DataError, OptionError
from tests.data.reading import facts, write

SAVE_AS_CSV = "Save the table as CSV (UTF-8) and give that file."
COMMA_HINT = "Fields are separated by: comma (--sep changes it). A field that contains it needs quotes."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            "", ["the file is empty", "d.csv", "Give a table with a line of column names."], id="empty"
        ),
        pytest.param(
            " \n\n", ["the file is empty", "d.csv", "Give a table with a line of column names."], id="blank"
        ),
        pytest.param(
            "a,b\n",
            [
                "the file has a line of column names but no rows",
                "d.csv",
                "The first line is read as names; the rows of data must follow it.",
            ],
            id="header-only",
        ),
        pytest.param(
            "a,b\n1,2\n3\n",
            ["this row has 1 field, but the table has 2 columns", "d.csv, line 3", COMMA_HINT],
            id="short",
        ),
        pytest.param(
            'a,b\n"1\n",2\n3,4,5\n',
            ["this row has 3 fields, but the table has 2 columns", "d.csv, line 4", COMMA_HINT],
            id="long-after-a-field-of-two-lines",
        ),
        pytest.param(
            "a,b\n1,2\n3,4,\n",
            [
                "this row has 3 fields, but the table has 2 columns",
                "d.csv, line 3",
                "Remove the separator at the end of the line.",
            ],
            id="trailing-separator",
        ),
        pytest.param(
            "a,b,a\n1,2,3\n",
            ["two columns are called `a`: columns 1 and 3", "d.csv, line 1", "Rename one of them."],
            id="duplicate-names",
        ),
        pytest.param(
            "a,,c\n1,2,3\n",
            ["column 2 has values but no name", "d.csv", "Name it in the first line."],
            id="empty-name",
        ),
        pytest.param(
            "1,2\n3,4\n",
            [
                "the first line holds numbers (`1`), not column names",
                "d.csv, line 1",
                "Add a first line that names the columns.",
            ],
            id="no-header",
        ),
        pytest.param(
            'a,b\n1,2\n3,"4\n5,6\n',
            [
                'a quote (") is opened but never closed',
                "d.csv, line 3",
                "Close it, or double it if it belongs to the text.",
            ],
            id="open-quote",
        ),
        pytest.param(
            'a,b\n1,"2"x\n',
            [
                'there is text between a closing quote (") and the next separator',
                "d.csv, line 2",
                "Fields are separated by: comma (--sep changes it). "
                'A quote inside a quoted field is written twice ("").',
            ],
            id="text-after-quote",
        ),
        pytest.param(
            "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
            [
                "this is a page (HTML or XML), not a text table",
                "d.csv",
                f"Open it in a spreadsheet program or a browser. {SAVE_AS_CSV}",
            ],
            id="page",
        ),
        pytest.param(
            '[{"a": 1, "b": 2}]\n',
            [
                "this is JSON, not a text table",
                "d.csv",
                "Save the table as CSV (UTF-8) and give that file.",
            ],
            id="json",
        ),
        pytest.param(
            f'a,b\n1,"{"x" * 140_000}"\n',
            [
                "a field is longer than 131,072 characters",
                "d.csv, line 2",
                'Look for a quote (") that is never closed.',
            ],
            id="huge-field",
        ),
        pytest.param(
            "a,b\n1,x\0\n",
            ["this is not a text file: it contains a NUL byte", "d.csv, line 2", SAVE_AS_CSV],
            id="nul",
        ),
        pytest.param(
            b"a,b\n1,x\n2,\x81\n",
            [
                "the text is not UTF-8: byte 0x81 cannot be decoded",
                "d.csv, line 3",
                "Name its encoding with --encoding, or save the table as UTF-8.",
            ],
            id="neither UTF-8 nor cp1252",
        ),
        pytest.param(
            "a,b\n1,x\n".encode("utf-16"),
            [
                "this is text in UTF-16, not a text table",
                "d.csv",
                "Say so: --encoding UTF-16.",
            ],
            id="utf-16",
        ),
        pytest.param(
            b"PK\x03\x04rest",
            [
                "the zip archive cannot be unpacked: File is not a zip file",
                "d.csv",
                "The file may be cut short; copy it anew.",
            ],
            id="cut-zip",
        ),
        pytest.param(
            gzip.compress(b"RDX3\nX\n"),
            [
                "this is an R workspace, not a text table",
                "d.csv",
                'In R:\n    d <- get(load("d.csv")[1])  # its first object\n'
                '    write.csv(d, "d.csv", row.names = FALSE)',
            ],
            id="rdata",
        ),
        pytest.param(
            gzip.compress(b"a,b\n1,2\n")[:-9],
            [
                "the gzip data cannot be unpacked: "
                "Compressed file ended before the end-of-stream marker was reached",
                "d.csv",
                "The file may be cut short; copy it anew.",
            ],
            id="cut-gzip",
        ),
        pytest.param(
            b"PAR1 and nothing else",
            [
                "the Parquet file is damaged",
                "d.csv",
                "Parquet magic bytes not found in footer. "
                "Either the file is corrupted or this is not a parquet file.",
            ],
            id="broken-parquet",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, content: str | bytes, expected: list[str | None]
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path) == expected


@pytest.mark.parametrize("name", ["https://example.org/d.csv", "s3://bucket/d.parquet"])
def test_a_url_is_no_file(name: str) -> None:
    with pytest.raises(DataError) as caught:
        read_table(name)
    assert caught.value.message == f"`{name}` is a URL, and only files are read"
    assert caught.value.hint == "Download it first, and give the file."


def test_a_tilde_is_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path, "a,b\n1,2\n")
    assert list(read_table("~/d.csv").columns) == ["a", "b"]
    with pytest.raises(DataError):
        read_table("~nobody-of-this-name/d.csv")


def test_a_mistyped_file_name_suggests_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "a\n1\n", "sleepstudy.csv")
    path = tmp_path / "sleepstdy.csv"
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path) == [
        "there is no file `sleepstdy.csv`",
        None,
        "Did you mean `sleepstudy.csv`?",
    ]


def test_a_file_unlike_any_other_is_just_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path)[2] == "The directory `DIR` has no file with a similar name."
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "nowhere" / "x.csv")
    assert facts(caught.value, path)[2] == "There is no directory `DIR/nowhere` either."


def test_a_directory_is_refused_and_its_tables_named(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    with pytest.raises(DataError) as caught:
        read_table(directory)
    assert facts(caught.value, directory) == [
        "`data` is a directory, not a table",
        None,
        "Give the file that holds the table.",
    ]
    for name in "abcdefg":
        write(directory, "a\n1\n", f"{name}.csv")
    with pytest.raises(DataError) as caught:
        read_table(directory)
    hint = "Give one file, such as `a.csv`, `b.csv`, `c.csv`, `d.csv`, `e.csv`, ..."
    assert facts(caught.value, directory)[2] == hint


def test_an_unreadable_path_gives_the_reason() -> None:
    with pytest.raises(DataError) as caught:
        read_table("a" * 5000)
    assert caught.value.message.endswith("cannot be read: File name too long")
    with pytest.raises(DataError) as caught:
        read_table("a\0b")
    assert caught.value.message == "`a\0b` cannot be read: embedded null byte"


@pytest.mark.parametrize("sep", ["", ",,", '"', "\n"])
def test_a_separator_must_be_one_character(sep: str) -> None:
    with pytest.raises(OptionError, match="is not a separator: one character, such as `,` or `;`, or `tab`"):
        Reading(sep=sep)


@pytest.mark.parametrize("key", ["decimal", "thousands", "comment"])
@pytest.mark.parametrize("word", ["", "##", "e", "7", '"'])
def test_a_mark_is_one_character_that_is_no_letter(key: str, word: str) -> None:
    said: dict[str, Any] = {key: word}
    with pytest.raises(OptionError, match="one character"):
        Reading(**said)


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = write(tmp_path, b"PAR1", "d.parquet")
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path) == [
        "reading Parquet needs pyarrow, which is not installed",
        "d.parquet",
        "Install it: pip install pyarrow (the extra `files` of mmtriage brings it).",
    ]

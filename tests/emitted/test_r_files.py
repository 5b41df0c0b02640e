"""R code that reads files which are no text: as it is written, and run where R has the packages."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pyreadstat
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Table
from mmtriage.ladder.emitted.r_table import r_reading
from tests.data.reading import cells
from tests.data.test_labelled import FRAME, LABELS, OF_SAS
from tests.data.workbooks import workbook

PACKAGES = ("haven", "readxl", "jsonlite")
AS_JSON = "cat(jsonlite::toJSON(lapply(d, function(x) list(levels = levels(x), values = as.character(x)))))"
ROWS: list[list[Any]] = [
    ["Trial", None, None],
    ["y", "g 1", "ok"],
    [1.5, "b", True],
    [2, "a", None],
    ["NA", "a", False],
]


def files(directory: Path) -> dict[str, tuple[Path, Reading]]:
    """A small file of each kind."""
    (directory / "d.xlsx").write_bytes(workbook({"Other": ROWS[:2], "It's": ROWS}))
    measured = {"dose": "ordinal"}
    sav, dta = directory / "d.sav", directory / "d.dta"
    pyreadstat.write_sav(FRAME, str(sav), variable_value_labels=LABELS, variable_measure=measured)
    pyreadstat.write_dta(FRAME, str(dta), variable_value_labels=LABELS)
    (directory / "d.sas7bdat").write_bytes(gzip.decompress(base64.b85decode(OF_SAS)))
    with zipfile.ZipFile(directory / "d.zip", "w") as archive:
        archive.writestr("in/t.csv", "y,g\n1,a\n2,b\n")
    FRAME.drop(columns="when").to_parquet(directory / "d.parquet")
    return {
        "xlsx": (directory / "d.xlsx", Reading(sheet="It's", skip=1)),
        **{
            kind: (directory / f"d.{kind}", Reading())
            for kind in ("sav", "dta", "sas7bdat", "zip", "parquet")
        },
    }


PLAIN = (
    'd[] <- lapply(d, function(x) if (is.character(x)) factor(x, exclude = c(NA, "")) '
    "else haven::zap_labels(x))"
)
CODE = {
    "xlsx": """\
d <- readxl::read_excel("d.xlsx", sheet = "It's", skip = 1, col_types = "text", .name_repair = "minimal")
d <- type.convert(as.data.frame(d), na.strings = c("NA", ""), as.is = FALSE)""",
    "sav": f"""\
d <- as.data.frame(haven::read_sav("d.sav"))
d[c("dose")] <- lapply(d[c("dose")], haven::as_factor, ordered = TRUE)
{PLAIN}""",
    "dta": f"""\
d <- as.data.frame(haven::read_dta("d.dta"))
d[c("dose")] <- lapply(d[c("dose")], haven::as_factor)
{PLAIN}""",
    "sas7bdat": f"""\
d <- as.data.frame(haven::read_sas("d.sas7bdat"))
{PLAIN}""",
    "zip": """\
d <- read.csv(unzip("d.zip", "in/t.csv", exdir = tempdir()), na.strings = c("NA", ""), strip.white = TRUE, \
stringsAsFactors = TRUE)""",
    "parquet": """\
d <- as.data.frame(arrow::read_parquet("d.parquet"))
d[] <- lapply(d, function(x) if (is.character(x)) factor(x) else x)""",
}


@pytest.mark.parametrize("kind", CODE)
def test_r_code_reads_the_same_file(tmp_path: Path, kind: str) -> None:
    path, reading = files(tmp_path)[kind]
    code = "\n".join(r_reading(read_table(path, reading)))
    assert code.replace(str(tmp_path) + "/", "") == CODE[kind]


@pytest.mark.slow
def test_r_finds_the_same_columns(tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    wanted = {kind: read_table(*told) for kind, told in files(tmp_path).items() if kind != "parquet"}
    lines = [f'if (!requireNamespace("{name}", quietly = TRUE)) quit()' for name in PACKAGES]
    for table in wanted.values():
        lines += [*r_reading(table), AS_JSON, 'cat("\\n")']
    run = subprocess.run(
        ["Rscript", "--vanilla", "-e", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    if not run.stdout:
        pytest.skip(f"R lacks one of {', '.join(PACKAGES)}")
    for table, line in zip(wanted.values(), run.stdout.splitlines(), strict=True):
        assert_same(table, json.loads(line))


def assert_same(table: Table, in_r: dict[str, Any]) -> None:
    """The columns of a table as R has them: values as texts, and levels."""
    assert set(table.columns) <= set(in_r)
    for name, column in table.columns.items():
        values = [None if value == "NA" else value for value in in_r[name]["values"]]
        if column.kind == "numeric":
            assert [None if value is None else float(value) for value in values] == cells(column)
        elif column.kind == "logical":
            assert [None if value is None else float(value == "TRUE") for value in values] == cells(column)
        else:
            assert values == cells(column)
            assert in_r[name]["levels"] == list(column.levels)

"""Files of SPSS, Stata and SAS: values with labels are factors in the order of the values."""

import base64
import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from mmtriage.data.read_table import read_table
from mmtriage.data.reading import Reading
from mmtriage.data.table import Labelled
from mmtriage.errors import DataError, ModelError, OptionError
from mmtriage.formula import parse_formula
from mmtriage.model.design import build_design
from mmtriage.model.spec import ModelSpec
from tests.data.reading import cells, facts, write

FRAME = pd.DataFrame(
    {
        "y": [1.5, 2, None, 4],
        "dose": [3, 1, 2, None],
        "age": [20, 31, 999, 45],
        "sex": ["m", "f", "m", ""],
        "when": pd.to_datetime(["2020-01-01"] * 4),
    }
)
LABELS: dict[str, dict[int | float, str]] = {
    "dose": {3: "high", 1: "low", 2: "mid", 9: "refused"},
    "age": {999: "refused"},
}
NOTE = 'only some values of `age` have labels (999 = "refused"): it is read as numbers'
# haven::write_sas(data.frame(y = c(1.5, 2, 3), g = c("a", "b", "a")), path), gzipped; no library of Python's
# writes this format.
OF_SAS = (
    "ABzY8000000t4;Zy-UMD7{~D^ZJ{YTq|l**U~uYCBta1b!33-z)G7S~tc$w1DY}U6PU4^8<}8SdqpO>{IIG}Gyqc?NPh;JD`"
    "+mal^nSTJNNL~-Cz3k5-dj4ZlrK&WY$=`l`_)mWJRveBmiY3iN?$JuBX@qG*_aDkVbo~3S!96D{AAp2acA=?Osk=@k|UBc;^"
    "}eE_xwdq)k#&SnrrJDTLJ(80000000000z<*R!m&oOC(yQhB@1E+sYRo#+dA%E0Nm<Rv>pGt?@|&Tg2FChF894v|0Pt5lKg6"
    "%TYyM+0J+2wKty)2C*zKOJd%-x3tEa~4|AY~}#do_~{WnkV#;Q@qnc;2KR#dxHI(_r(@163MXDaEM&$yo(w1D$*92@xc;#ab"
    "I-;Dd&w*C|>>vunB^Bn;I0002+!@U5du@(0KKmY&"
)


def labelled(directory: Path, ending: str, **more: Any) -> Path:
    path = directory / f"d.{ending}"
    writers: dict[str, Callable[..., None]] = {"sav": pyreadstat.write_sav, "dta": pyreadstat.write_dta}
    writers[ending](FRAME, str(path), variable_value_labels=LABELS, **more)
    return path


@pytest.mark.parametrize("ending", ["sav", "dta"])
def test_labels_are_levels_in_the_order_of_their_values(tmp_path: Path, ending: str) -> None:
    table = read_table(labelled(tmp_path, ending))
    dose = table.columns["dose"]
    assert dose.levels == ("low", "mid", "high", "refused")
    assert (cells(dose), dose.is_ordered) == (["high", "low", "mid", None], False)
    assert cells(table.columns["y"]) == [1.5, 2, None, 4]
    assert cells(table.columns["sex"]) == ["m", "f", "m", None]
    assert table.unusable == {"when": "dates or times"}
    assert isinstance(table.layout, Labelled)
    assert table.layout.factors == ("dose",)


@pytest.mark.parametrize("ending", ["sav", "dta"])
def test_labels_of_some_values_leave_numbers_numbers(tmp_path: Path, ending: str) -> None:
    age = read_table(labelled(tmp_path, ending)).columns["age"]
    assert (cells(age), age.note) == ([20, 31, 999, 45], NOTE)


def test_what_spss_calls_ordinal_is_ordered(tmp_path: Path) -> None:
    table = read_table(labelled(tmp_path, "sav", variable_measure={"dose": "ordinal", "age": "ordinal"}))
    assert table.columns["dose"].is_ordered
    assert not table.columns["age"].is_ordered
    assert isinstance(table.layout, Labelled)
    assert table.layout.ordered == ("dose",)


def test_a_sas_file_is_read(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, gzip.decompress(base64.b85decode(OF_SAS)), "d.sas7bdat"))
    assert cells(table.columns["y"]) == [1.5, 2, 3]
    assert cells(table.columns["g"]) == ["a", "b", "a"]


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    path = labelled(tmp_path, "sav")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path)[0] == "an SPSS file that cannot be read: Unable to read from file"


def test_an_unknown_encoding_is_an_option_error(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as caught:
        read_table(labelled(tmp_path, "sav"), Reading(encoding="klingon"))
    assert caught.value.where == "option --encoding"


def test_without_the_extra_a_labelled_file_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = labelled(tmp_path, "sav")
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert facts(caught.value, path) == [
        "reading an SPSS file needs pyreadstat, which is not installed",
        "d.sav",
        "Install it: pip install pyreadstat (the extra `files` of mmtriage brings it).",
    ]


def test_a_labelled_response_can_be_made_numbers(tmp_path: Path) -> None:
    table = read_table(labelled(tmp_path, "sav"))
    with pytest.raises(ModelError) as caught:
        build_design(table, parse_formula("dose ~ 1 + (1 | sex)"), ModelSpec())
    assert caught.value.hint == (
        "A linear mixed model needs numbers: `as.numeric(dose)` is the place of each label in their order."
    )

"""The table of options: complete, cheap to import, and the same question on every way in."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from mmtriage.check.entries import KEYS
from mmtriage.command.fit_model import fit
from mmtriage.errors import OptionError
from mmtriage.option_values import Option, Switch, options_of
from mmtriage.options import OPTIONS, REPEATED, TriageOptions, command_words

ROOT = Path(__file__).parent.parent
OF_PYTHON_ONLY = {"plots", "progress", "evaluated", "own_fixed", "own_random", "held_nb_theta"}


@pytest.mark.parametrize("declared", OPTIONS, ids=lambda declared: declared.name)
def test_an_option_is_a_flag_and_a_key(declared: Option) -> None:
    assert declared.help.endswith((".", '"'))
    assert (declared.metavar is None) == isinstance(declared.meaning, Switch)
    assert [declared.flag] == [
        name for made in fit.params if made.name == declared.key for name in made.opts if name[:2] == "--"
    ]
    assert (declared.key in KEYS) == declared.is_key


def test_every_field_is_an_option_or_pythons_own() -> None:
    assert {item.name for item in fields(TriageOptions)} - OF_PYTHON_ONLY == {
        item.name for item in options_of(TriageOptions)
    }


def test_no_flag_and_no_key_stands_for_two_options() -> None:
    flags = [name for made in fit.params for name in made.opts]
    assert len(flags) == len(set(flags))
    keys = [declared.key for declared in OPTIONS]
    assert len(keys) == len(set(keys))


def test_a_command_to_paste_repeats_what_is_fitted_and_no_more() -> None:
    names = [item.name for item in options_of(TriageOptions)]
    assert set(REPEATED) < set(names)
    options = TriageOptions(
        family="binomial",
        link="probit",
        nagq=9,
        weights="w",
        offset="o",
        subset="x > 3",
        contrasts={"f": "sum", "g": "poly"},
        optimizer="bobyqa",
        maxfun=7,
        all_rungs=True,
        keep=("(1 | g)",),
        bootstrap=3,
        seed=4,
        jobs=2,
        time_budget=5.0,
    )
    assert command_words(options) == [
        *("--family", "binomial", "--link", "probit", "--nagq", "9", "--weights", "w", "--offset", "o"),
        *("--subset", "x > 3", "--contrasts", "f=sum", "--contrasts", "g=poly"),
        *("--optimizer", "bobyqa", "--maxfun", "7"),
    ]
    assert command_words(TriageOptions(reml=False)) == ["--ml"]
    assert command_words(TriageOptions(optimizer="nloptwrap")) == []  # lme4 would use it anyway


def test_declarations_import_neither_numpy_nor_scipy() -> None:
    """Help, completion and `explain` read them."""
    code = (
        "import sys, mmtriage.options, mmtriage.data.reading\n"
        "print(sorted({'numpy', 'scipy', 'pandas', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reml": False}, "is for REML"),
        ({"family": "poisson"}, "without degrees of freedom"),
    ],
)
def test_kenward_roger_is_for_reml(given: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        TriageOptions(ddf="kenward-roger", **given)

"""Configurations as they should be: what is read, from where, and what stands above what."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtriage.check.config import Config, chosen, find_config, overridden, read_config
from mmtriage.check.entries import KEYS
from mmtriage.check.places import places_of
from mmtriage.command.fit_model import fit

MODEL = '[[models]]\nname = "a"\ndata = "d.csv"\nformula = "y ~ x + (1 | g)"\n'
ALL = """
fail_on = "error"
family = "binomial"

[[models]]
name = "a"
data = "sub/d.tsv"
formula = "y ~ x + (1 | g)"
sep = ";"
na_values = ["-9", "n,a"]
factor = {dose = ["low", "hi,gh"], g = true}
contrasts = {dose = "sum"}
subset = "x > 3"
link = "probit"
nagq = 9
weights = "w"
offset = "o"
optimizer = "bobyqa"
maxfun = 500
all_rungs = true
keep = "(1 | g)"
bootstrap = 10
seed = 7
time_budget = 1.5
fail_on = "info"
select = ["MM310", "perfect-correlation", "MM5"]
ignore = [{code = "MM310", reason = "known"}]
"""
DOCUMENT = '''
# c
a = 1
"b c".'d' = """x " ] = \\"""
[[no]]
"""
[tool.mmtriage] # hi
ignore = [ {code="MM310", reason="x # y"}, # foo
  {code = 'a', reason = "\\"]"}, ]
z = [[1,2],[3, [4]]]
when = 1979-05-27 07:32:00
[[tool.mmtriage.models]]
name="a"
sub.x.y = {a.b = 1}
  [tool.mmtriage.models.factor]
  q = ["1"]
  [[tool.mmtriage.models.ignore]]
  [[tool.mmtriage.models.ignore]]
  code = "x"
[[tool.mmtriage.models]]
name='b'
s = """"quoted""""
t = \'\'\'it's'\'\'\'
e = {}
f = []
[last]
"gr\\u00f6\\u00dfe" = -1.5e3'''


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, name: str = "m.toml") -> Config:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return read_config(Path(name))


def test_every_key_is_read() -> None:
    (model,) = read(ALL).models
    assert (model.name, model.line, model.data) == ("a", 5, "sub/d.tsv")
    assert (model.reading.sep, model.reading.na_values) == (";", ("-9", "n,a"))
    assert model.reading.factors == {"dose": ("low", "hi,gh"), "g": None}
    assert (model.fail_on, model.ignore) == ("info", {"MM310": "known"})
    assert model.select == ("MM310", "MM311", "MM501", "MM502", "MM503")
    options = model.options
    assert (options.family, options.link, options.nagq, options.reml) == ("binomial", "probit", 9, True)
    assert (options.weights, options.offset, options.subset) == ("w", "o", "x > 3")
    assert (options.contrasts, options.optimizer, options.maxfun) == ({"dose": "sum"}, "bobyqa", 500)
    assert (options.all_rungs, options.keep, options.bootstrap) == (True, ("(1 | g)",), 10)
    assert (options.seed, options.time_budget, options.jobs) == (7, 1.5, 1)
    assert model.reading.words == (
        *("--sep", ";", "--na-values", '-9,"n,a"', "--factor", 'dose=low,"hi,gh"', "--factor", "g"),
    )


def test_the_keys_are_the_options_of_fit() -> None:
    """An option that `fit` learns must be a key here, or be named among those that are not."""
    about_the_run = {"format", "output", "jobs", "quiet", "verbose", "no_color"}
    about_the_run |= {"baseline", "update_baseline"}
    options = {parameter.name for parameter in fit.params} - about_the_run
    assert options | {"name", "fit"} == set(KEYS)


def test_hyphens_and_the_words_of_the_command_line_do_as_well() -> None:
    as_words = (
        'time-budget = 5\n"all-rungs" = true\nfail-on = "never"\nml = true\n'
        'factor = ["dose=low,high", "g"]\ncontrasts = "dose=contr.sum"\nna-values = "-9"\n'
    )
    (model,) = read(MODEL + as_words).models
    assert (model.options.time_budget, model.options.all_rungs, model.fail_on) == (5, True, "never")
    assert model.reading.factors == {"dose": ("low", "high"), "g": None}
    assert (model.options.contrasts, model.reading.na_values, model.options.reml) == (
        {"dose": "sum"},
        ("-9",),
        False,
    )


def test_a_models_key_stands_above_the_default_and_ignore_adds_to_it() -> None:
    defaults = 'jobs = 2\nseed = 3\nml = true\nignore = [{code = "MM3", reason = "all"}]\n'
    own = (
        'seed = 4\nml = false\nignore = [{code = "MM310", reason = "own"}, {code = "MM105", reason = "id"}]\n'
    )
    config = read(defaults + MODEL + own + MODEL.replace('"a"', '"b"'))
    first, second = config.models
    assert (config.jobs, first.options.seed, second.options.seed) == (2, 4, 3)
    assert (first.options.reml, second.options.reml) == (True, False)
    assert (first.ignore["MM310"], first.ignore["MM311"], first.ignore["MM105"]) == ("own", "all", "id")
    assert set(second.ignore.values()) == {"all"}


def test_paths_are_relative_to_the_file() -> None:
    config = read(
        MODEL.replace("d.csv", "../data/d.csv") + MODEL.replace('"a"', '"b"').replace("d.csv", "/d.csv"),
        "ci/m.toml",
    )
    assert (config.path, [model.data for model in config.models]) == (
        "ci/m.toml",
        ["ci/../data/d.csv", "/d.csv"],
    )


def test_the_nearest_pyproject_with_a_table_is_found(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("pyproject.toml").write_text(MODEL.replace("models", "tool.mmtriage.models"))
    below = directory / "a" / "b"
    below.mkdir(parents=True)
    (directory / "a" / "pyproject.toml").write_text("[tool.ruff]\n")
    monkeypatch.chdir(below)
    config = read_config(find_config(below))
    assert (config.path, config.models[0].data) == ("../../pyproject.toml", "../../d.csv")


def test_a_file_of_any_name_may_have_the_table_of_a_pyproject() -> None:
    (model,) = read(MODEL.replace("models", "tool.mmtriage.models")).models
    assert (model.name, model.line) == ("a", 1)


def test_the_command_line_stands_above_the_file() -> None:
    config = read(MODEL + 'seed = 5\nignore = [{code = "MM310", reason = "file"}]\n')
    ignore = {"MM310": "option", "MM311": "option"}
    (model,) = overridden(config, fail_on="never", select=("MM401",), ignore=ignore, time_budget=3.0).models
    assert (model.fail_on, model.select, model.options.time_budget) == ("never", ("MM401",), 3.0)
    assert (model.ignore, model.options.seed) == ({"MM310": "file", "MM311": "option"}, 5)
    assert overridden(config, fail_on=None, select=None, ignore={}, time_budget=None) == config


def test_named_models_keep_the_order_of_the_file() -> None:
    config = read("".join(MODEL.replace('"a"', f'"{name}"') for name in "abc"))
    assert [model.name for model in chosen(config, ["c", "a", "c"]).models] == ["a", "c"]
    assert chosen(config, []) == config


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every path of a parsed document."""
    inside: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return {path} | {below for key, item in inside for below in paths(item, (*path, key))}


@pytest.mark.parametrize(
    "text", [DOCUMENT, ALL, Path(__file__).parents[2].joinpath("pyproject.toml").read_text()]
)
def test_every_key_of_a_document_has_its_place(text: str) -> None:
    places = places_of(text)
    assert set(places) == paths(tomllib.loads(text)) - {()}
    lines = text.split("\n")
    for path, place in places.items():
        assert place.text == lines[place.line - 1].strip()
        shown = place.text[place.span.start : place.span.end]
        last = path[-1]
        assert shown
        if isinstance(last, str) and last.isascii():
            assert last in shown


def test_places_are_those_of_the_keys() -> None:
    places = places_of(DOCUMENT)
    lines = {
        ("tool", "mmtriage", "ignore", 1, "reason"): 9,
        ("tool", "mmtriage", "models", 1): 20,
        ("tool", "mmtriage", "models", 0, "factor", "q", 0): 16,
        ("tool", "mmtriage", "models", 0, "ignore", 1, "code"): 19,
        ("last", "größe"): 27,
    }
    assert {path: places[path].line for path in lines} == lines


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=("Cc", "Cs")))
SCALARS = st.one_of(WORDS, st.booleans(), st.integers(), st.dates(), st.floats(allow_nan=False))
VALUES = st.recursive(
    SCALARS, lambda inside: st.lists(inside) | st.dictionaries(WORDS, inside), max_leaves=12
)
TABLES = st.dictionaries(WORDS, VALUES, max_size=4)


def written(value: Any, quotes: Callable[[str], str]) -> str:
    """A value as TOML, with comments and line breaks where it allows them."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key_of(k)} = {written(v, quotes)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[ # ]\n" + "".join(f"{written(item, quotes)} ,\n" for item in value) + "]"
    if isinstance(value, str):
        return quotes(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def key_of(text: str) -> str:
    return text if re.fullmatch("[A-Za-z0-9_-]+", text) else in_quotes(text)


def in_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def in_long_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{escaped}"""' if not escaped.endswith('"') else in_quotes(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(TABLES, max_size=3), TABLES, st.sampled_from([in_quotes, in_long_quotes]))
def test_any_document_is_followed(
    models: list[dict[str, Any]], table: dict[str, Any], quotes: Callable[[str], str]
) -> None:
    parts = [f"{key_of(key)} = {written(value, quotes)} # = [" for key, value in table.items()]
    for model in models:
        parts += ["[[ tool . models ]]"]
        parts += [f"{key_of(key)} = {written(value, quotes)}" for key, value in model.items()]
    text = "\n".join(["[top]", *parts])
    document = tomllib.loads(text)
    places = places_of(text)
    assert set(places) == paths(document) - {()}
    for index in range(len(models)):
        assert text.split("\n")[places["tool", "models", index].line - 1] == "[[ tool . models ]]"

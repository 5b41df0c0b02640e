"""Configurations that are wrong: every message is read whole, with its line and the guilty characters."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmtriage.check.config import Config, chosen, find_config, read_config
from mmtriage.check.entries import DEFAULTS
from mmtriage.errors import ConfigError, MmtriageError, OptionError
from mmtriage.model.family_names import LINKS_OF
from mmtriage.render.problem import render_error

MODEL = """[[models]]
name = "a"
data = "d.csv"
formula = "y ~ x + (1 | g)"
"""
FAMILIES = ", ".join(LINKS_OF)
KEYS_OF_THE_FILE = ", ".join((*DEFAULTS, "jobs", "models"))
BROKEN = [
    (
        "",
        "Error in m.toml: there are no models\n"
        "  Write [[models]] with name, data and formula for each model; `mmtriage check --help` shows one.\n",
    ),
    (
        "# nothing\n",
        "Error in m.toml: there are no models\n"
        "  Write [[models]] with name, data and formula for each model; `mmtriage check --help` shows one.\n",
    ),
    (
        "models = []\n",
        "Error in m.toml, line 1: `models` is empty\n"
        "  models = []\n"
        "  ^^^^^^\n"
        "  Write [[models]] with name, data and formula for each model; `mmtriage check --help` shows one.\n",
    ),
    (
        "models = {}\n",
        "Error in m.toml, line 1: `models` must be a list of tables, and is an empty table\n"
        "  models = {}\n"
        "  ^^^^^^\n"
        "  Each model begins with [[models]], in double brackets.\n",
    ),
    (
        '[models]\nname = "a"\n',
        "Error in m.toml, line 1: `models` must be a list of tables, and is a table\n"
        "  [models]\n"
        "  ^^^^^^^^\n"
        "  Each model begins with [[models]], in double brackets.\n",
    ),
    (
        'models = ["a"]\n',
        'Error in m.toml, line 1: an item of `models` must be a table, and is "a"\n'
        '  models = ["a"]\n'
        "            ^^^\n",
    ),
    (
        "models = [1, {}]\n",
        "Error in m.toml, line 1: an item of `models` must be a table, and is 1\n"
        "  models = [1, {}]\n"
        "            ^\n",
    ),
    (
        "[[models]]\n",
        "Error in m.toml, line 1: a model has no `name`\n"
        "  [[models]]\n"
        "  ^^^^^^^^^^\n"
        "  Every model needs name, data and formula, or name and the file of a fit.\n",
    ),
    (
        '[[models]]\nname = "a"\n',
        "Error in m.toml, line 1: model `a` has no `data`\n"
        "  [[models]]\n"
        "  ^^^^^^^^^^\n"
        "  Every model needs name, data and formula, or name and the file of a fit.\n",
    ),
    (
        '[[models]]\nname = "a"\ndata = "d"\n',
        "Error in m.toml, line 1: model `a` has no `formula`\n"
        "  [[models]]\n"
        "  ^^^^^^^^^^\n"
        "  Every model needs name, data and formula, or name and the file of a fit.\n",
    ),
    (
        '[[models]]\nname = ""\ndata="d"\nformula="f"\n',
        'Error in m.toml, line 2: `name` is empty\n  name = ""\n  ^^^^\n',
    ),
    (
        '[[models]]\nname = 3\ndata="d"\nformula="f"\n',
        "Error in m.toml, line 2: `name` must be a string, and is 3\n"
        "  name = 3\n"
        "  ^^^^\n"
        '  Write it as in: name = "..."\n',
    ),
    (
        MODEL + "\n" + MODEL,
        "Error in m.toml, line 7: the name `a` is taken by the model of line 1\n"
        '  name = "a"\n'
        "  ^^^^\n"
        "  Give each model a name of its own.\n",
    ),
    (
        MODEL + 'fial_on = "error"\n',
        "Error in m.toml, line 5: `fial_on` is not a key of a model\n"
        '  fial_on = "error"\n'
        "  ^^^^^^^\n"
        "  Did you mean `fail_on`?\n",
    ),
    (
        MODEL + 'fail_on = "eror"\n',
        "Error in m.toml, line 5: `eror` is not known\n"
        '  fail_on = "eror"\n'
        "  ^^^^^^^\n"
        "  Did you mean `error`? Known are: error, warning, info, never.\n",
    ),
    (
        MODEL + "fail_on = 1\n",
        "Error in m.toml, line 5: `fail_on` must be a string, and is 1\n"
        "  fail_on = 1\n"
        "  ^^^^^^^\n"
        '  Write it as in: fail_on = "..."\n',
    ),
    (
        MODEL + 'fail_on = "error"\nfail-on = "error"\n',
        "Error in m.toml, line 6: `fail_on` is given twice, as `fail_on` and as `fail-on`\n"
        '  fail-on = "error"\n'
        "  ^^^^^^^\n",
    ),
    (
        MODEL + 'family = "binom"\n',
        "Error in m.toml, line 5: model `a`: `binom` is not known\n"
        '  family = "binom"\n'
        "  ^^^^^^\n"
        f"  Did you mean `binomial`? Known are: {FAMILIES}.\n",
    ),
    (
        MODEL + 'family = "binomial"\nlink = "porbit"\n',
        "Error in m.toml, line 6: model `a`: the family binomial has no link `porbit`\n"
        '  link = "porbit"\n'
        "  ^^^^\n"
        "  Did you mean `probit`? It has: logit, probit, cloglog, cauchit, log, identity.\n",
    ),
    (
        MODEL + 'family = "binomial"\nml = true\n',
        "Error in m.toml, line 6: model `a`: a generalized linear mixed model is always fitted by "
        "maximum likelihood\n"
        "  ml = true\n"
        "  ^^\n"
        "  Leave the option out: REML is for linear mixed models.\n",
    ),
    (
        MODEL + "nagq = 9\n",
        "Error in m.toml, line 5: model `a`: a linear mixed model has no integral to approximate: its "
        "likelihood is exact\n"
        "  nagq = 9\n"
        "  ^^^^\n"
        "  Leave the option out, or name the family of a generalized model with --family.\n",
    ),
    (
        MODEL + "nagq = -1\n",
        "Error in m.toml, line 5: `nagq` must be a whole number of at least 0, and is -1\n"
        "  nagq = -1\n"
        "  ^^^^\n"
        "  Write it as in: nagq = 1\n",
    ),
    (
        MODEL + 'nagq = "9"\n',
        'Error in m.toml, line 5: `nagq` must be a whole number of at least 0, and is "9"\n'
        '  nagq = "9"\n'
        "  ^^^^\n"
        "  Write it as in: nagq = 1\n",
    ),
    (
        MODEL + "nagq = true\n",
        "Error in m.toml, line 5: `nagq` must be a whole number of at least 0, and is true\n"
        "  nagq = true\n"
        "  ^^^^\n"
        "  Write it as in: nagq = 1\n",
    ),
    (
        MODEL + "maxfun = 1.5\n",
        "Error in m.toml, line 5: `maxfun` must be a whole number of at least 1, and is 1.5\n"
        "  maxfun = 1.5\n"
        "  ^^^^^^\n"
        "  Write it as in: maxfun = 1\n",
    ),
    (
        MODEL + 'ml = "yes"\n',
        'Error in m.toml, line 5: `ml` must be true or false, and is "yes"\n'
        '  ml = "yes"\n'
        "  ^^\n"
        "  Write it as in: ml = true\n",
    ),
    (
        MODEL + "reml = false\n",
        "Error in m.toml, line 5: `reml` is not a key of a model\n"
        "  reml = false\n"
        "  ^^^^\n"
        "  REML is the default; write ml = true for maximum likelihood.\n",
    ),
    (
        MODEL + "jobs = 2\n",
        "Error in m.toml, line 5: `jobs` is not a key of a model\n"
        "  jobs = 2\n"
        "  ^^^^\n"
        "  Models run side by side: `jobs` stands above all of them, or -j on the command line.\n",
    ),
    (
        MODEL + 'format="json"\n',
        "Error in m.toml, line 5: `format` is not a key of a model\n"
        '  format="json"\n'
        "  ^^^^^^\n"
        "  Formats are chosen on the command line: mmtriage check --format json.\n",
    ),
    (
        MODEL + 'output="json:x"\n',
        "Error in m.toml, line 5: `output` is not a key of a model\n"
        '  output="json:x"\n'
        "  ^^^^^^\n"
        "  Files are named on the command line: mmtriage check --output json:report.json.\n",
    ),
    (
        MODEL + 'time_budget = "60"\n',
        'Error in m.toml, line 5: `time_budget` must be a positive number of seconds, and is "60"\n'
        '  time_budget = "60"\n'
        "  ^^^^^^^^^^^\n"
        "  Write it as in: time_budget = 60\n",
    ),
    (
        MODEL + "time_budget = 0\n",
        "Error in m.toml, line 5: `time_budget` must be a positive number of seconds, and is 0\n"
        "  time_budget = 0\n"
        "  ^^^^^^^^^^^\n"
        "  Write it as in: time_budget = 60\n",
    ),
    (
        MODEL + "time_budget = inf\n",
        "Error in m.toml, line 5: `time_budget` must be a positive number of seconds, and is inf\n"
        "  time_budget = inf\n"
        "  ^^^^^^^^^^^\n"
        "  Write it as in: time_budget = 60\n",
    ),
    (
        MODEL + "time_budget = nan\n",
        "Error in m.toml, line 5: `time_budget` must be a positive number of seconds, and is nan\n"
        "  time_budget = nan\n"
        "  ^^^^^^^^^^^\n"
        "  Write it as in: time_budget = 60\n",
    ),
    (
        MODEL + 'optimizer = "bobqa"\n',
        "Error in m.toml, line 5: `bobqa` is not known\n"
        '  optimizer = "bobqa"\n'
        "  ^^^^^^^^^\n"
        "  Did you mean `bobyqa`? Known are: nloptwrap, bobyqa, pybobyqa, Nelder_Mead, SLSQP, nmkbw, "
        "L-BFGS-B, nloptwrap.NLOPT_LN_NELDERMEAD, nloptwrap.NLOPT_LN_BOBYQA, COBYLA, nlminbwrap.\n",
    ),
    (
        MODEL + 'contrasts = {g = "smu"}\n',
        "Error in m.toml, line 5: `smu` is not known\n"
        '  contrasts = {g = "smu"}\n'
        "               ^\n"
        "  Did you mean `sum`? Known are: treatment, sum, helmert, poly.\n",
    ),
    (
        MODEL + "contrasts = {g = 3}\n",
        "Error in m.toml, line 5: `g` must be a string, and is 3\n"
        "  contrasts = {g = 3}\n"
        "               ^\n"
        '  Write it as in: g = "..."\n',
    ),
    (
        MODEL + 'contrasts = ["g"]\n',
        "Error in m.toml, line 5: `g` does not say which column gets which coding\n"
        '  contrasts = ["g"]\n'
        "  ^^^^^^^^^\n"
        "  Write COL=CODING with one of: treatment, sum, helmert, poly.\n",
    ),
    (
        MODEL + "contrasts = 3\n",
        "Error in m.toml, line 5: `contrasts` must be a list of strings, and is 3\n"
        "  contrasts = 3\n"
        "  ^^^^^^^^^\n"
        '  Write it as in: contrasts = ["..."]\n',
    ),
    (
        MODEL + "factor = {g = []}\n",
        "Error in m.toml, line 5: `g` has no levels\n"
        "  factor = {g = []}\n"
        "            ^\n"
        '  Write g = true, or g = ["a", "b"].\n',
    ),
    (
        MODEL + "factor = {g = 3}\n",
        "Error in m.toml, line 5: `g` must be a list of strings, and is 3\n"
        "  factor = {g = 3}\n"
        "            ^\n"
        '  Write it as in: g = ["..."]\n',
    ),
    (
        MODEL + "factor = {g = [1, 2]}\n",
        "Error in m.toml, line 5: an item of `g` must be a string, and is 1\n"
        "  factor = {g = [1, 2]}\n"
        "                 ^\n",
    ),
    (
        MODEL + 'factor = ["g", "g"]\n',
        "Error in m.toml, line 5: the column `g` is given twice\n"
        '  factor = ["g", "g"]\n'
        "  ^^^^^^\n"
        "  Give it once.\n",
    ),
    (
        MODEL + 'factor = [""]\n',
        'Error in m.toml, line 5: `factor` is empty\n  factor = [""]\n            ^^\n',
    ),
    (
        MODEL + "factor = 7\n",
        "Error in m.toml, line 5: `factor` must be a list of strings, and is 7\n"
        "  factor = 7\n"
        "  ^^^^^^\n"
        '  Write it as in: factor = ["..."]\n',
    ),
    (
        MODEL + "keep = [1]\n",
        "Error in m.toml, line 5: an item of `keep` must be a string, and is 1\n  keep = [1]\n          ^\n",
    ),
    (
        MODEL + 'subset = ""\n',
        'Error in m.toml, line 5: `subset` is empty\n  subset = ""\n  ^^^^^^\n',
    ),
    (
        MODEL + 'weights = ["w"]\n',
        "Error in m.toml, line 5: `weights` must be a string, and is a list\n"
        '  weights = ["w"]\n'
        "  ^^^^^^^\n"
        '  Write it as in: weights = "..."\n',
    ),
    (
        MODEL + "seed = -1\n",
        "Error in m.toml, line 5: `seed` must be a whole number of at least 0, and is -1\n"
        "  seed = -1\n"
        "  ^^^^\n"
        "  Write it as in: seed = 1\n",
    ),
    (
        MODEL + "bootstrap = 1e3\n",
        "Error in m.toml, line 5: `bootstrap` must be a whole number of at least 0, and is 1000.0\n"
        "  bootstrap = 1e3\n"
        "  ^^^^^^^^^\n"
        "  Write it as in: bootstrap = 1\n",
    ),
    (
        MODEL + "sep = 5\n",
        "Error in m.toml, line 5: `sep` must be a string, and is 5\n"
        "  sep = 5\n"
        "  ^^^\n"
        '  Write it as in: sep = "..."\n',
    ),
    (
        MODEL + 'ignore = ["MM310"]\n',
        'Error in m.toml, line 5: an item of `ignore` must be a table, and is "MM310"\n'
        '  ignore = ["MM310"]\n'
        "            ^^^^^^^\n"
        '  Write ignore = [{code = "MM310", reason = "why it is no concern here"}].\n',
    ),
    (
        MODEL + 'ignore = "MM310"\n',
        'Error in m.toml, line 5: `ignore` must be a list of tables, and is "MM310"\n'
        '  ignore = "MM310"\n'
        "  ^^^^^^\n"
        '  Write ignore = [{code = "MM310", reason = "why it is no concern here"}].\n',
    ),
    (
        MODEL + 'ignore = [{code = "MM310"}]\n',
        "Error in m.toml, line 5: an item of `ignore` has no `reason`\n"
        '  ignore = [{code = "MM310"}]\n'
        "            ^^^^^^^^^^^^^^^^\n"
        '  Write ignore = [{code = "MM310", reason = "why it is no concern here"}].\n',
    ),
    (
        MODEL + 'ignore = [{reason = "x"}]\n',
        "Error in m.toml, line 5: an item of `ignore` has no `code`\n"
        '  ignore = [{reason = "x"}]\n'
        "            ^^^^^^^^^^^^^^\n"
        '  Write ignore = [{code = "MM310", reason = "why it is no concern here"}].\n',
    ),
    (
        MODEL + 'ignore = [\n  {code = "MM310", reason = "known"},\n  {code = "MM999", reason = "x"},\n]\n',
        "Error in m.toml, line 7: `MM999` is no code of a finding\n"
        '  {code = "MM999", reason = "x"},\n'
        "   ^^^^\n"
        "  Did you mean `MM409`? `mmtriage explain` lists all findings; MM3 stands for all that begin "
        "with it.\n",
    ),
    (
        MODEL + 'ignore = [{code = "MM310", reason = "  "}]\n',
        "Error in m.toml, line 5: `reason` is empty\n"
        '  ignore = [{code = "MM310", reason = "  "}]\n'
        "                             ^^^^^^\n",
    ),
    (
        MODEL + 'ignore = [{code = "MM310", reason = "x", unitl = "2027"}]\n',
        "Error in m.toml, line 5: `unitl` is not a key of an item of `ignore`\n"
        '  ignore = [{code = "MM310", reason = "x", unitl = "2027"}]\n'
        "                                           ^^^^^\n"
        '  Write ignore = [{code = "MM310", reason = "why it is no concern here"}].\n',
    ),
    (
        MODEL + 'ignore = [{code = "MM310", raeson = "x"}]\n',
        "Error in m.toml, line 5: `raeson` is not a key of an item of `ignore`\n"
        '  ignore = [{code = "MM310", raeson = "x"}]\n'
        "                             ^^^^^^\n"
        "  Did you mean `reason`?\n",
    ),
    (
        MODEL + '[[models.ignore]]\ncode = "zero-varance"\nreason = "r"\n',
        "Error in m.toml, line 6: `zero-varance` is no code of a finding\n"
        '  code = "zero-varance"\n'
        "  ^^^^\n"
        "  Did you mean `zero-variance`? `mmtriage explain` lists all findings; MM3 stands for all that "
        "begin with it.\n",
    ),
    (
        MODEL + "select = []\n",
        "Error in m.toml, line 5: `select` is empty: no finding would be listed\n  select = []\n  ^^^^^^\n",
    ),
    (
        MODEL + 'select = "MM31"\n',
        "Error in m.toml, line 5: `MM31` is no code of a finding\n"
        '  select = "MM31"\n'
        "  ^^^^^^\n"
        "  Did you mean `MM314`? `mmtriage explain` lists all findings; MM3 stands for all that begin "
        "with it.\n",
    ),
    (
        MODEL + 'select = ["MM310", 4]\n',
        "Error in m.toml, line 5: an item of `select` must be a string, and is 4\n"
        '  select = ["MM310", 4]\n'
        "                     ^\n",
    ),
    (
        MODEL + 'data = "e.csv"\n',
        "Error in m.toml, line 5: this is not TOML: the key is given twice\n"
        '  data = "e.csv"\n'
        "                ^\n",
    ),
    (
        MODEL + 'fit = "C:\\Users\\d.json"\n',
        "Error in m.toml, line 5: this is not TOML: invalid hex value\n"
        '  fit = "C:\\Users\\d.json"\n'
        "             ^\n"
        "  A backslash begins an escape: write a path with /, or between single quotes.\n",
    ),
    (
        MODEL + 'name "a"\n',
        "Error in m.toml, line 5: this is not TOML: expected '=' after a key in a key/value pair\n"
        '  name "a"\n'
        "       ^\n",
    ),
    (
        MODEL + 'x = "unclosed\n',
        "Error in m.toml, line 5: this is not TOML: illegal character '\\n'\n"
        '  x = "unclosed\n'
        "               ^\n",
    ),
    (
        MODEL + "x = [1, 2\n",
        "Error in m.toml, line 5: this is not TOML: unclosed array\n  x = [1, 2\n           ^\n",
    ),
    (
        "[[models]\n",
        "Error in m.toml, line 1: this is not TOML: expected ']]' at the end of an array declaration\n"
        "  [[models]\n"
        "          ^\n",
    ),
    (
        "time_budget = 09\n" + MODEL,
        "Error in m.toml, line 1: this is not TOML: expected newline or end of document after a statement\n"
        "  time_budget = 09\n"
        "                 ^\n",
    ),
    (
        '[tool.mmtriag]\n[[tool.mmtriag.models]]\nname = "a"\ndata = "d.csv"\nformula = "y ~ x + (1 | g)"\n',
        "Error in m.toml, line 1: `tool` is not a key of the file\n"
        "  [tool.mmtriag]\n"
        "  ^^^^^^^^^^^^^^\n"
        "  In a file of its own the keys stand at the top, without [tool.mmtriage].\n",
    ),
    (
        'name = "a"\n' + MODEL,
        "Error in m.toml, line 1: `name` is not a key of the file\n"
        '  name = "a"\n'
        "  ^^^^\n"
        f"  Its keys are: {KEYS_OF_THE_FILE}.\n",
    ),
    (
        "jobs = 0\n" + MODEL,
        "Error in m.toml, line 1: `jobs` must be a whole number of at least 1, and is 0\n"
        "  jobs = 0\n"
        "  ^^^^\n"
        "  Write it as in: jobs = 1\n",
    ),
    (
        'family = "poison"\n' + MODEL,
        "Error in m.toml, line 1: model `a`: `poison` is not known\n"
        '  family = "poison"\n'
        "  ^^^^^^\n"
        f"  Did you mean `poisson`? Known are: {FAMILIES}.\n",
    ),
    (
        "nagq = 9\n" + MODEL,
        "Error in m.toml, line 1: model `a`: a linear mixed model has no integral to approximate: its "
        "likelihood is exact\n"
        "  nagq = 9\n"
        "  ^^^^\n"
        "  Leave the option out, or name the family of a generalized model with --family.\n",
    ),
    (
        "models = 3\n",
        "Error in m.toml, line 1: `models` must be a list of tables, and is 3\n"
        "  models = 3\n"
        "  ^^^^^^\n"
        "  Each model begins with [[models]], in double brackets.\n",
    ),
    (
        '[[models]]\nname = "a"\ndata = "-"\nformula = "y ~ x + (1 | g)"\n',
        "Error in m.toml, line 3: a model cannot be read from standard input\n"
        '  data = "-"\n'
        "  ^^^^\n"
        "  Name a file.\n",
    ),
    (
        '[[models]]\nname = "a"\ndata = 3\nformula = "y ~ x + (1 | g)"\n',
        "Error in m.toml, line 3: `data` must be a string, and is 3\n"
        "  data = 3\n"
        "  ^^^^\n"
        '  Write it as in: data = "..."\n',
    ),
    (
        MODEL + '"na-value" = ["-9"]\n',
        "Error in m.toml, line 5: `na-value` is not a key of a model\n"
        '  "na-value" = ["-9"]\n'
        "  ^^^^^^^^^^\n"
        "  Did you mean `na_values`?\n",
    ),
    (
        "a.b = 1\n" + MODEL,
        "Error in m.toml, line 1: `a` is not a key of the file\n"
        "  a.b = 1\n"
        "  ^^^\n"
        f"  Its keys are: {KEYS_OF_THE_FILE}.\n",
    ),
]


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str | bytes, name: str = "m.toml") -> Config:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_config(Path(name))


def message(error: MmtriageError) -> str:
    return render_error(error, width=100)


@pytest.mark.parametrize(("text", "said"), BROKEN, ids=[text.removeprefix(MODEL)[:40] for text, _ in BROKEN])
def test_a_broken_configuration_names_key_and_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert message(caught.value) == said
    assert caught.value.exit_code == 2


def test_a_document_that_no_parser_can_hold() -> None:
    with pytest.raises(OptionError, match=r"`m.toml` has more than 1 MB"):
        read("#" * 1_000_001)
    with pytest.raises(ConfigError, match="nested too deeply"):
        read("x = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(ConfigError, match="a number of the file has thousands of digits"):
        read(f"x = {'9' * 5000}")
    with pytest.raises(ConfigError, match="`a number of more digits` is not a whole number of at most 1000"):
        read(f"jobs = 0x{'f' * 5000}")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"# a\r\n[[models]\r\n", 2),
        (b"\xef\xbb\xbf# a\n\n= 3\n", 3),
        (b'a = """\n\n"""\nb\n', 4),
        (b"a\n# end\n\n", 1),
    ],
    ids=["CRLF", "byte order mark", "after a long string", "blank end"],
)
def test_the_line_of_what_is_not_toml(text: bytes, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert caught.value.where == f"m.toml, line {line}"


def test_bytes_that_are_not_utf8_have_a_line() -> None:
    with pytest.raises(ConfigError) as caught:
        read(MODEL.encode() + b"# caf\xe9\n")
    assert message(caught.value) == (
        "Error in m.toml, line 5: the text is not UTF-8: byte 0xe9 cannot be decoded\n  TOML files are "
        "UTF-8.\n"
    )


def test_keys_of_a_pyproject_are_named_with_their_line() -> None:
    text = (
        '[project]\nname = "p"\n\n[tool.mmtriage]\n[[tool.mmtriage.models]]\nname = "a"\nformla = "y ~ x"\n'
    )
    with pytest.raises(ConfigError) as caught:
        read(text, "pyproject.toml")
    assert message(caught.value) == (
        "Error in pyproject.toml, line 7: `formla` is not a key of a model\n"
        '  formla = "y ~ x"\n'
        "  ^^^^^^\n"
        "  Did you mean `formula`?\n"
    )


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "tool = 3\n"])
def test_a_pyproject_without_a_table_for_us(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, "pyproject.toml")
    assert caught.value.message == "there is no [tool.mmtriage] in this file"


def test_no_configuration_anywhere(directory: Path) -> None:
    with pytest.raises(MmtriageError) as caught:
        find_config(directory)
    assert message(caught.value) == (
        "Error: there is no [tool.mmtriage] in a pyproject.toml here or above\n"
        "  Write [[tool.mmtriage.models]] with name, data and formula for each model; "
        "`mmtriage check --help` shows one. Or name another file with --config.\n"
    )


def test_a_file_that_cannot_be_read(directory: Path) -> None:
    (directory / "models.toml").touch()
    with pytest.raises(MmtriageError) as missing:
        read_config(Path("model.toml"))
    assert message(missing.value) == (
        "Error in option --config: there is no file `model.toml`\n  Did you mean `models.toml`?\n"
    )
    with pytest.raises(MmtriageError) as folder:
        read_config(directory)
    assert folder.value.message == f"`{directory}` is a directory"
    with pytest.raises(MmtriageError, match="cannot be read"):
        read_config(Path("a\0b"))
    if os.getuid() != 0:
        (directory / "models.toml").chmod(0)
        with pytest.raises(MmtriageError, match="cannot be read: Permission denied"):
            read_config(Path("models.toml"))


def test_names_that_are_not_there() -> None:
    config = read(MODEL + MODEL.replace('"a"', '"reaction"'))
    with pytest.raises(MmtriageError) as near:
        chosen(config, ["reactoin"])
    assert message(near.value) == (
        "Error: there is no model `reactoin` in m.toml\n  Did you mean `reaction`?\n"
    )
    with pytest.raises(MmtriageError) as far:
        chosen(config, ["zzz"])
    assert far.value.hint == "The models are: a, reaction."
    with pytest.raises(MmtriageError) as file:
        chosen(config, ["other.toml"])
    assert file.value.hint == "To read models from this file: mmtriage check --config other.toml"

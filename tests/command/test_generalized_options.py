"""The options of generalized models: what reaches the triage, and what is refused in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mmtriage.command import main as cli
from mmtriage.errors import OptionError
from mmtriage.model.distributions import DISTRIBUTIONS
from mmtriage.model.families import family_of
from mmtriage.model.family_names import LINKS_OF
from mmtriage.model.spec import ModelSpec
from mmtriage.options import TriageOptions
from tests.real_reports.records import CONVERGED

FORMULA = "y ~ x + (1 | g)"
FAMILIES = f"Known are: {', '.join(LINKS_OF)}."
LINEAR = (
    "a linear mixed model has no integral to approximate: its likelihood is exact\n"
    "  Leave the option out, or name the family of a generalized model with --family.\n"
)
ALWAYS_ML = (
    "Error in option --ml: a generalized linear mixed model is always fitted by maximum likelihood\n"
    "  Leave the option out: REML is for linear mixed models.\n"
)


@dataclass
class Terminal:
    """Runs the command line on a tiny table, with a triage that only remembers its options."""

    table: Path
    capsys: pytest.CaptureFixture[str]
    asked: list[TriageOptions] = field(default_factory=list)

    def fit(self, *words: str) -> int:
        return cli.run(["fit", str(self.table), FORMULA, *words])

    def triage_table(self, table: object, formula: str, options: TriageOptions) -> Any:
        self.asked.append(options)
        return CONVERGED


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    table = tmp_path / "d.csv"
    table.write_text("y,x,g\n1,2,a\n0,3,b\n")
    made = Terminal(table, capsys)
    monkeypatch.setattr("mmtriage.triage_table.triage_table", made.triage_table)
    return made


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), {}),
        (("--family", "gaussian", "--link", "identity", "--ml"), {"link": "identity", "reml": False}),
        (("--family", "binomial"), {"family": "binomial"}),
        (
            ("--family", "binomial", "--link", "probit", "--nagq", "9"),
            {"family": "binomial", "link": "probit", "nagq": 9},
        ),
        (("--link", "log", "--nagq", "0"), {"link": "log", "nagq": 0}),
        (("--family", "Gamma", "--nagq", "1"), {"family": "Gamma"}),
        (
            ("--family", "inverse.gaussian", "--link", "1/mu^2"),
            {"family": "inverse.gaussian", "link": "1/mu^2"},
        ),
    ],
)
def test_options_reach_the_triage(
    words: tuple[str, ...], expected: dict[str, Any], terminal: Terminal
) -> None:
    assert terminal.fit(*words) == 0
    assert terminal.asked == [TriageOptions(**expected)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--family", "gamma"),
            f"Error in option --family: `gamma` is not known\n  Did you mean `Gamma`? {FAMILIES}\n",
        ),
        (
            ("--family", "nb"),
            f"Error in option --family: `nb` is not known\n  Did you mean `negative.binomial`? {FAMILIES}\n",
        ),
        (
            ("--family", "Bernoulli"),
            f"Error in option --family: `Bernoulli` is not known\n  Did you mean `binomial`? {FAMILIES}\n",
        ),
        (
            ("--family", "logistic"),
            f"Error in option --family: `logistic` is not known\n  Did you mean `binomial`? {FAMILIES}\n",
        ),
        (("--family", "zzz"), f"Error in option --family: `zzz` is not known\n  {FAMILIES}\n"),
        (
            ("--family", "binomial(link = 'probt')"),
            "Error in option --link: the family binomial has no link `probt`\n"
            "  Did you mean `probit`? It has: logit, probit, cloglog, cauchit, log, identity.\n",
        ),
        (
            ("--family", "binomial('probit')", "--link", "logit"),
            "Error in option --link: `binomial('probit')` has the link probit, and --link says logit\n"
            "  Say it once.\n",
        ),
        (
            ("--family", "negative.binomial(2)"),
            "Error in option --link: the family negative.binomial has no link `2`\n  It has: log.\n",
        ),
        (
            ("--family", "quasipoisson"),
            'Error in option --family: "quasi" families cannot be used in glmer\n'
            "  For overdispersion use negative.binomial, or an effect of each row as in (1 | row).\n",
        ),
        (
            ("--family", "binomial", "--link", "Probit"),
            "Error in option --link: the family binomial has no link `Probit`\n"
            "  Did you mean `probit`? It has: logit, probit, cloglog, cauchit, log, identity.\n",
        ),
        (
            ("--family", "poisson", "--link", "logit"),
            "Error in option --link: the family poisson has no link `logit`\n"
            "  `logit` is a link of gaussian, binomial. The family poisson has: log, sqrt, identity.\n",
        ),
        (
            ("--link", "sqrt"),
            "Error in option --link: the family gaussian has no link `sqrt`\n"
            "  `sqrt` is a link of poisson. The family gaussian has: identity, log, inverse, logit, probit, "
            "cloglog, cauchit.\n",
        ),
        (("--family", "binomial", "--ml"), ALWAYS_ML),
        (("--link", "log", "--ml"), ALWAYS_ML),
        (("--nagq", "9"), f"Error in option --nagq: {LINEAR}"),
        (("--nagq", "1", "--link", "identity"), f"Error in option --nagq: {LINEAR}"),
        (
            ("--family", "binomial", "--nagq", "101"),
            "Error in option --nagq: `101` is not a number of quadrature points from 0 to 100\n"
            "  0 is the fastest and roughest, 1 the Laplace approximation; 25 points are plenty.\n",
        ),
        (
            ("--family", "binomial", "--nagq", "-1"),
            "Error in option --nagq: `-1` is not a whole number of at least 0\n  Write it as in: --nagq 9\n",
        ),
        (
            ("--family", "binomial", "--nagq", "many"),
            "Error in option --nagq: `many` is not a whole number of at least 0\n"
            "  Write it as in: --nagq 9\n",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    words: tuple[str, ...], message: str, terminal: Terminal
) -> None:
    assert terminal.fit(*words) == 2
    assert terminal.capsys.readouterr() == ("", message)
    assert terminal.asked == []


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"family": "gamma"}, "option family"),
        ({"family": "binomial", "link": "sqrt"}, "option link"),
        ({"family": "binomial", "reml": False}, "option reml"),
        ({"nagq": 9}, "option nagq"),
        ({"family": "poisson", "nagq": -1}, "option nagq"),
    ],
)
def test_python_callers_are_refused_as_well(options: dict[str, Any], where: str) -> None:
    with pytest.raises(OptionError) as caught:
        TriageOptions(**options)
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("options", "stages"),
    [
        ({}, ("nloptwrap",)),
        ({"optimizer": "bobyqa"}, ("bobyqa",)),
        ({"family": "binomial"}, ("bobyqa", "Nelder_Mead")),
        ({"link": "log"}, ("bobyqa", "Nelder_Mead")),
        ({"family": "binomial", "optimizer": "nloptwrap"}, ("nloptwrap", "nloptwrap")),
    ],
)
def test_the_optimizers_are_lme4s_unless_one_is_named(
    options: dict[str, Any], stages: tuple[str, ...]
) -> None:
    assert TriageOptions(**options).stages == stages


@pytest.mark.parametrize("family", LINKS_OF)
def test_the_default_link_is_the_first(family: str) -> None:
    assert TriageOptions(family=family).link_name == LINKS_OF[family][0]


def test_every_link_on_offer_can_be_computed() -> None:
    assert list(LINKS_OF) == list(DISTRIBUTIONS)
    for family, links in LINKS_OF.items():
        for link in links:
            assert family_of(ModelSpec(family=family, link=link)).link.name == link

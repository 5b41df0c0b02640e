"""Families spelled as R users spell them."""

from __future__ import annotations

import pytest

from mmtriage.errors import OptionError
from mmtriage.options import TriageOptions


@pytest.mark.parametrize(
    ("family", "link", "read"),
    [
        ("binomial", None, ("binomial", None)),
        ("binomial()", None, ("binomial", None)),
        ('binomial("probit")', None, ("binomial", "probit")),
        ("binomial(link = 'probit')", None, ("binomial", "probit")),
        ("binomial(probit)", None, ("binomial", "probit")),
        ("stats::Gamma(link=log)", None, ("Gamma", "log")),
        ('inverse.gaussian("1/mu^2")', None, ("inverse.gaussian", "1/mu^2")),
        ("gaussian( link = identity )", None, ("gaussian", "identity")),
        ("binomial(cloglog)", "cloglog", ("binomial", "cloglog")),
        ("poisson", '"sqrt"', ("poisson", "sqrt")),
    ],
)
def test_a_family_may_be_written_as_a_call(
    family: str, link: str | None, read: tuple[str, str | None]
) -> None:
    options = TriageOptions(family=family, link=link)
    assert (options.family, options.link) == read


@pytest.mark.parametrize(
    "family", ["binomial(probit", "binomial(link = 'logit', 2)", "os.system('ls')", "f(x)"]
)
def test_what_is_no_family_is_refused(family: str) -> None:
    with pytest.raises(OptionError):
        TriageOptions(family=family)


@pytest.mark.parametrize(
    ("family", "link", "statistic"),
    [
        ("gaussian", None, "t"),
        ("gaussian", "log", "t"),
        ("Gamma", None, "t"),
        ("binomial", None, "z"),
        ("poisson", None, "z"),
    ],
)
def test_the_statistic_is_named_as_lme4_names_it(family: str, link: str | None, statistic: str) -> None:
    """summary(glmer(family = Gamma)) says "t value", with p by the normal distribution; it was z here."""
    assert TriageOptions(family=family, link=link).spec.statistic == statistic

"""Families and links as a user names them: R's names, and what to say of any other.

What they are is in `model.distributions`, what they compute in `model.densities`. Nothing here imports NumPy:
the command line reads it at every start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from mmtriage.errors import OptionError, did_you_mean
from mmtriage.model.distributions import DEFAULT, DISTRIBUTIONS

DfMethod = Literal["Satterthwaite", "Kenward-Roger"]

# Family -> the links that glmer fits it with, the default first.
LINKS_OF = {name: distribution.links for name, distribution in DISTRIBUTIONS.items()}
_ALSO_CALLED = {
    also: name for name, distribution in DISTRIBUTIONS.items() for also in distribution.also_called
}
# `binomial`, `binomial()`, `binomial("probit")`, `stats::binomial(link = 'probit')`, `binomial(probit)`
_AS_CALL = re.compile(
    r"""(?:(?:stats|MASS)::)?(?P<family>[A-Za-z.]+)
        (?:\(\s*(?:link\s*=\s*)?(?P<link>"[^"]*"|'[^']*'|[\w./^]*)\s*\))?""",
    re.VERBOSE,
)
LAPLACE = 1  # quadrature points, glmer's default: a single point, at the mode
FINE_POINTS = 25  # by which Laplace is judged: more than lme4's documentation advises
MOST_POINTS = 100  # of lme4's Gauss-Hermite rules
# How t tests of a linear mixed model count their degrees of freedom; None: they do not.
DDF_METHODS: Mapping[str, DfMethod | None] = {
    "satterthwaite": "Satterthwaite",
    "kenward-roger": "Kenward-Roger",
    "none": None,
}


def is_linear(family: str, link: str | None) -> bool:
    """Whether this is a linear mixed model, `lmer`'s; a link of None is the family's default."""
    return family == DEFAULT and link in (None, "identity")


def default_link(family: str) -> str:
    """The link that R gives a family unless told otherwise."""
    return LINKS_OF[family][0]


def as_in_r(family: str, link: str | None) -> tuple[str, str | None]:
    """Family and link of what R users write: `binomial("probit")`, `stats::Gamma(link = log)`, `"cloglog"`.

    What cannot be read stays as it is, for `check_model` to refuse.

    Raises:
        OptionError: the family names one link and the option another.
    """
    link = None if link is None else link.strip().strip("\"'")
    written = _AS_CALL.fullmatch(family.strip())
    if written is None:
        return family, link
    inside = (written["link"] or "").strip("\"'") or None
    if None not in (inside, link) and inside != link:
        raise OptionError(
            f"`{family}` has the link {inside}, and --link says {link}",
            where="option link",
            hint="Say it once.",
        )
    return written["family"], link or inside


def check_model(family: str, link: str | None, nagq: int | None, *, reml: bool) -> None:
    """Refuse what does not exist, and what makes no sense together.

    Args:
        family, link, reml: as in `TriageOptions`.
        nagq: None where nobody asked for a number of points.
    """
    _check_family(family, "option family")
    if link is not None:
        _check_link(family, link, "option link")
    if not reml and not is_linear(family, link):
        raise OptionError(
            "a generalized linear mixed model is always fitted by maximum likelihood",
            where="option reml",
            hint="Leave the option out: REML is for linear mixed models.",
        )
    if nagq is not None:
        where = "option nagq"
        _check_points(nagq, linear=is_linear(family, link), where=where)
        if DISTRIBUTIONS[family].estimates_theta and nagq > LAPLACE:
            raise OptionError(
                "with quadrature lme4 leaves out of the likelihood a part that depends on the theta of a "
                "negative binomial: its theta would be wrong",
                where=where,
                hint="Use --nagq 1 (Laplace), or a Poisson model with an effect of each row.",
            )


def check_ddf(ddf: str, *, linear: bool, reml: bool) -> None:
    """Refuse degrees of freedom where a test has none, or the method is for another fit."""
    if not linear and ddf == "kenward-roger":
        raise OptionError(
            "a generalized linear mixed model has z tests, without degrees of freedom",
            where="option ddf",
            hint="Leave the option out.",
        )
    if ddf == "kenward-roger" and not reml:
        raise OptionError(
            "Kenward and Roger's method is for REML, and the model is fitted by ML",
            where="option ddf",
            hint="Leave --ml out, or use --ddf satterthwaite.",
        )


def _check_points(nagq: int, *, linear: bool, where: str) -> None:
    if linear:
        raise OptionError(
            "a linear mixed model has no integral to approximate: its likelihood is exact",
            where=where,
            hint="Leave the option out, or name the family of a generalized model with --family.",
        )
    if not 0 <= nagq <= MOST_POINTS:
        raise OptionError(
            f"`{nagq}` is not a number of quadrature points from 0 to {MOST_POINTS}",
            where=where,
            hint="0 is the fastest and roughest, 1 the Laplace approximation; 25 points are plenty.",
        )


def _check_family(family: str, where: str) -> None:
    if family in LINKS_OF:
        return
    name = family.partition("(")[0]
    if name.startswith("quasi"):
        raise OptionError(
            '"quasi" families cannot be used in glmer',
            where=where,
            hint="For overdispersion use negative.binomial, or an effect of each row as in (1 | row).",
        )
    meant = _ALSO_CALLED.get(name.casefold())
    guess = f"Did you mean `{meant}`?" if meant else did_you_mean(name, LINKS_OF)
    known = f"Known are: {', '.join(LINKS_OF)}."
    raise OptionError(f"`{family}` is not known", where=where, hint=f"{guess} {known}" if guess else known)


def _check_link(family: str, link: str, where: str) -> None:
    links = LINKS_OF[family]
    if link in links:
        return
    owners = [name for name, theirs in LINKS_OF.items() if link in theirs]
    guess = f"`{link}` is a link of {', '.join(owners)}." if owners else did_you_mean(link, links)
    known = f"{f'The family {family}' if owners else 'It'} has: {', '.join(links)}."
    raise OptionError(
        f"the family {family} has no link `{link}`", where=where, hint=f"{guess} {known}" if guess else known
    )

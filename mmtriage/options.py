"""The table of options: what the user may choose of one triage, beside the table and the formula.

Each field is declared once, and `option_values` says what follows from a declaration. To add an option,
declare it here, use it where the triage reads `TriageOptions`, and test it; if it changes what is fitted,
name it in `REPEATED` too. How the table is read is declared in `data/reading`, in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mmtriage.data.reading import Reading
from mmtriage.model.family_names import (
    DDF_METHODS,
    LAPLACE,
    LINKS_OF,
    as_in_r,
    check_ddf,
    check_model,
    default_link,
    is_linear,
)
from mmtriage.model.lme4_versions import DEFAULT_VERSION, VERSIONS
from mmtriage.model.spec import ModelSpec
from mmtriage.option_values import (
    Choice,
    Codings,
    Seconds,
    Switch,
    Text,
    Texts,
    WholeNumber,
    arguments_of,
    check_values,
    option,
    options_of,
    words_of,
)

if TYPE_CHECKING:
    from mmtriage.model.contrasts import Contrast

LMER_OPTIMIZER = "nloptwrap"
GLMER_OPTIMIZERS = ("bobyqa", "Nelder_Mead")  # of its two stages
JOBS = WholeNumber(least=1, most=1000)
MOST_REPEATS = 10_000
MOST_SAMPLES = 1_000_000  # of the bootstrap: the smallest p-value that anybody has asked for
LARGEST_SEED = 2**53  # a report keeps it, and readers of JSON keep no more digits
DEFAULT_SEED = 0  # fixed, so that two runs of one command print the same report

# What a command to paste repeats, in this order: the likelihood, the columns and rows, the search. The rest
# says how much is done about a fit, not which fit it is.
REPEATED = (
    *("family", "link", "nagq", "reml", "weights", "offset", "subset", "contrasts", "ddf"),
    *("lme4", "optimizer", "maxfun"),
)


def _optimizers() -> Collection[str]:
    from mmtriage.optimizers import OPTIMIZERS, STAND_INS

    return (*OPTIMIZERS, *STAND_INS)


def _that_runs(name: str) -> str:
    """The optimizer of ours that a name asks for."""
    from mmtriage.optimizers import STAND_INS

    return STAND_INS.get(name, name)


def _families(_: Mapping[str, Any], typed: str) -> Iterable[str]:
    return LINKS_OF


def _links(given: Mapping[str, Any], typed: str) -> Iterable[str]:
    """The links of the family that has been chosen, or of all."""
    chosen = LINKS_OF.get(given.get("family") or "")
    return chosen or dict.fromkeys(link for links in LINKS_OF.values() for link in links)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageOptions:
    """The options of one triage; the defaults are lme4's where lme4 has them."""

    contrasts: Mapping[str, str] = option(
        Codings(),
        {},
        metavar="COL=CODING",
        help="Code a factor by treatment, sum, helmert or poly. Repeatable.",
    )
    subset: str | None = option(
        Text(),
        None,
        metavar="EXPR",
        help="Use these rows only, as in R: \"age > 20 & site %in% c('a', 'b')\".",
    )
    family: str = option(
        Text(),
        "gaussian",
        metavar="NAME",
        shows_default=True,
        completion=_families,
        help=f'As in R: {", ".join(LINKS_OF)}, also binomial("probit").',
    )
    link: str | None = option(
        Text(),
        None,
        metavar="NAME",
        completion=_links,
        help="Link of the family (default: R's), e.g. probit.",
    )
    nagq: int = option(
        WholeNumber(least=0),
        LAPLACE,
        metavar="N",
        example="9",
        help="Points of Gauss-Hermite quadrature, as glmer's nAGQ (default: 1, Laplace).",
    )
    weights: str | None = option(
        Text(), None, metavar="COL", help="Prior weights, as lmer's; of a proportion, the number of trials."
    )
    offset: str | None = option(Text(), None, metavar="COL", help="Offset, added to the formula's own.")
    reml: bool = option(
        Switch(to=False),
        True,
        key="ml",
        opposite="--reml",
        help="Fit a linear mixed model by maximum likelihood (default: REML).",
    )
    ddf: str = option(
        Choice(lambda: DDF_METHODS),
        "satterthwaite",
        metavar="NAME",
        shows_default=True,
        help="Degrees of freedom of lmer's t tests: satterthwaite, kenward-roger (REML only) or none.",
    )
    lme4: str = option(
        Choice(lambda: VERSIONS),
        DEFAULT_VERSION,
        metavar="2|1.1",
        shows_default=True,
        help="The lme4 whose checks, messages and printed numbers are meant: 2.x or 1.1.",
    )
    # Of the fit that is judged, in all its stages; None is what lme4 uses.
    optimizer: str | None = option(
        Choice(_optimizers),
        None,
        metavar="NAME",
        help="Optimizer of the fit to be judged (default: lme4's; for glmer one in each of two stages).",
    )
    # Of the fit that is judged and of rungs 1 to 4; None is lme4's.
    maxfun: int | None = option(
        WholeNumber(least=1),
        None,
        metavar="N",
        example="20000",
        help="Its evaluation budget (default: lme4's).",
    )
    # None: as many as cost nothing that anybody would notice.
    repeats: int | None = option(
        WholeNumber(least=0, most=MOST_REPEATS),
        None,
        metavar="N",
        example="9",
        help="Repeat lme4's fit N times with noise of a last bit (default: 4 where it is cheap; 0: never).",
    )
    all_rungs: bool = option(
        Switch(), False, help="Climb all five rungs of the ladder, whatever the verdict."
    )
    keep: tuple[str, ...] = option(
        Texts(), (), metavar="TERM", help="Never drop this random term. Repeatable."
    )
    bootstrap: int = option(
        WholeNumber(least=0, most=MOST_SAMPLES),
        0,
        metavar="N",
        example="1000",
        help="Parametric bootstrap samples for the tests of dropped terms.",
    )
    seed: int = option(
        WholeNumber(least=0, most=LARGEST_SEED),
        DEFAULT_SEED,
        metavar="N",
        example="1",
        shows_default=True,
        help="Seed of whatever is random.",
    )
    # A configuration has one number for all models, above them.
    jobs: int = option(
        JOBS,
        1,
        short="-j",
        metavar="N",
        example="2",
        shows_default=True,
        is_key=False,
        help="Processes; changes nothing but the time.",
    )
    time_budget: float | None = option(
        Seconds(),
        None,
        metavar="SECONDS",
        example="60",
        help="Report what was found when the time runs out.",
    )
    # Contrast matrices of a fit made elsewhere: no option can say them.
    own_fixed: Mapping[str, Contrast] = field(default_factory=dict)
    own_random: Mapping[str, Contrast] = field(default_factory=dict)
    held_nb_theta: float | None = None  # of a fit made elsewhere that held theta: no option says it either
    plots: bool = False  # compute what plots show: `Report.plot_data`
    progress: Callable[[str], None] | None = None  # told what is being done
    evaluated: Callable[[float], None] | None = None  # told each value of a criterion

    def __post_init__(self) -> None:
        check_values(self)
        family, link = as_in_r(self.family, self.link)
        object.__setattr__(self, "family", family)
        object.__setattr__(self, "link", link)
        nagq = None if self.nagq == LAPLACE else self.nagq
        check_model(self.family, self.link, nagq, reml=self.reml)
        check_ddf(self.ddf, linear=self.is_linear, reml=self.reml)

    @property
    def spec(self) -> ModelSpec:
        """The model that the options ask for; what it can do is asked of this."""
        return ModelSpec(
            family=self.family,
            link=self.link_name,
            reml=self.reml and self.is_linear,
            nagq=self.nagq,
            weights=self.weights,
            offset=self.offset,
            subset=self.subset,
            contrasts=self.contrasts,
            own_fixed=self.own_fixed,
            own_random=self.own_random,
            held_nb_theta=self.held_nb_theta,
            lme4=self.lme4,
        )

    @property
    def can_be_said(self) -> bool:
        """Whether a command can ask for this model: it cannot say contrast matrices, nor hold a theta."""
        return not (self.own_fixed or self.own_random) and self.held_nb_theta is None

    @property
    def is_linear(self) -> bool:
        """Whether this is lmer's model, and not glmer's."""
        return is_linear(self.family, self.link)

    @property
    def link_name(self) -> str:
        """The link, given or the family's default."""
        return self.link or default_link(self.family)

    @property
    def stages(self) -> tuple[str, ...]:
        """The optimizer of each stage of lme4's fit: lmer has one stage, glmer two."""
        if self.optimizer is not None:
            return (_that_runs(self.optimizer),) * (1 if self.is_linear else 2)
        return (LMER_OPTIMIZER,) if self.is_linear else GLMER_OPTIMIZERS

    @property
    def has_own_optimizer(self) -> bool:
        """Whether an optimizer was chosen that lme4 would not use in every stage anyway."""
        return self.stages != replace(self, optimizer=None).stages

    @property
    def raised_budget(self) -> int:
        """Evaluations when a budget is raised: generalized models, whose criterion is rougher, need more."""
        return 200_000 if self.is_linear else 500_000


def command_words(options: TriageOptions) -> list[str]:
    """The options of a command that asks for the same fit."""
    return words_of(_as_said(options), REPEATED)


def call_arguments(options: TriageOptions) -> list[str]:
    """The arguments of a Python call that asks for the same fit."""
    return arguments_of(_as_said(options), REPEATED)


def _as_said(options: TriageOptions) -> TriageOptions:
    return options if options.has_own_optimizer else replace(options, optimizer=None)


# Everything that `fit` may be told of one model: flags of the command, keys of a configuration.
OPTIONS = (*options_of(Reading), *options_of(TriageOptions))

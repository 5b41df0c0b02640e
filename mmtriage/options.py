"""What the user may choose, beside the table and the formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mmtriage.errors import OptionError
from mmtriage.model.family_names import LAPLACE, check_model, default_link, is_linear
from mmtriage.model.spec import ModelSpec

LMER_OPTIMIZER = "nloptwrap"
GLMER_OPTIMIZERS = ("bobyqa", "Nelder_Mead")  # of its two stages
DEFAULT_SEED = 0  # fixed, so that two runs of one command print the same report


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageOptions:
    """The options of one triage; the defaults are lme4's where lme4 has them."""

    family: str = "gaussian"
    link: str | None = None  # None is the family's default
    nagq: int = LAPLACE  # quadrature points of a generalized model, as glmer's nAGQ
    reml: bool = True  # of a linear mixed model; generalized ones are fitted by ML
    weights: str | None = None  # column
    offset: str | None = None  # column
    subset: str | None = None  # expression, as in R
    contrasts: Mapping[str, str] = field(default_factory=dict)  # column -> treatment, sum, helmert, poly
    optimizer: str | None = None  # of the baseline, in all its stages; None is what lme4 uses
    maxfun: int | None = None  # evaluation budget of the baseline and rungs 1 to 4; None is lme4's
    all_rungs: bool = False  # climb every rung, whatever the verdict
    keep: tuple[str, ...] = ()  # random terms that are never dropped
    bootstrap: int = 0  # parametric bootstrap replicates for the tests of dropped terms
    seed: int = DEFAULT_SEED
    jobs: int = 1  # processes; never changes the report
    time_budget: float | None = None  # seconds
    plots: bool = False  # compute what plots show: `Report.plot_data`
    reading: tuple[str, ...] = ()  # words of the command that say how the table was read: --factor, --sep ...
    progress: Callable[[str], None] | None = None  # told what is being done

    def __post_init__(self) -> None:
        for name, least in (("maxfun", 1), ("bootstrap", 0), ("seed", 0), ("jobs", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise OptionError(
                    f"`{value}` is not a whole number of at least {least}", where=f"option {name}"
                )
        if self.time_budget is not None and not 0 < self.time_budget < math.inf:
            problem = f"`{self.time_budget}` is not a positive number of seconds"
            raise OptionError(problem, where="option time_budget")
        nagq = None if self.nagq == LAPLACE else self.nagq
        check_model(self.family, self.link, nagq, reml=self.reml)

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
        )

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
        """The optimizer of each stage of the baseline: lmer has one stage, glmer two."""
        if self.optimizer is not None:
            return (self.optimizer,) * (1 if self.is_linear else 2)
        return (LMER_OPTIMIZER,) if self.is_linear else GLMER_OPTIMIZERS

    @property
    def has_own_optimizer(self) -> bool:
        """Whether an optimizer was chosen that lme4 would not use in every stage anyway."""
        return self.stages != replace(self, optimizer=None).stages

    @property
    def raised_budget(self) -> int:
        """Evaluations when a budget is raised: generalized models need more (SPEC 4)."""
        return 200_000 if self.is_linear else 500_000

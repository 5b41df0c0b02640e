"""One model, fitted as lme4 would and fitted to the proven optimum, side by side.

`prepared.prepare` reduces a design to its likelihood, `lme4.run.fit_like_lme4` follows lme4 from its start,
`prove_optimum` proves the optimum, `compare_fits` does the last two. Everything the diagnosis and the ladder
compare is a `Comparison`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from mmtriage.engine.estimates import Fit
from mmtriage.engine.linear.model import LinearModel
from mmtriage.engine.lme4.outcome import Lme4Failure, Lme4Run
from mmtriage.engine.lme4.run import fit_like_lme4
from mmtriage.engine.lme4.transform import Transform
from mmtriage.engine.optimum.certificate import NEGLIGIBLE_CHANGE
from mmtriage.engine.optimum.faces import Place
from mmtriage.engine.optimum.found import Optimum, Start
from mmtriage.engine.optimum.search import find_optimum
from mmtriage.engine.prepared import Prepared
from mmtriage.figures import noise
from mmtriage.optimizers import Optimizer

# The label of the search that starts where lme4's fit ended; it is printed, and stands in the JSON.
OF_LME4 = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What is known of a fit that was made by another program, or by lme4 itself, beside its parameters."""

    software: str
    version: str | None = None
    messages: tuple[str, ...] | None = None  # its words, verbatim; None: not known
    converged: bool | None = None  # its own flag
    alarms: tuple[str, ...] = ()  # its words that warn of convergence
    boundary: tuple[str, ...] = ()  # its words that say the fit is singular or on a boundary
    has_se: bool = True  # whether its standard errors are known
    optimizer: str | None = None
    evaluations: int | None = None
    singular: bool | None = None
    prior: str | None = None  # whose prior its estimates are under: they maximise more than the likelihood
    is_shown: bool = True  # whether its log-likelihood has shown that it is of this model


class BetterPointError(Exception):
    """A point of the same model lies below its reference, which then is not the optimum.

    It ends whatever is being said of that reference: the optimum is proven again, from there as well.
    """

    def __init__(self, label: str, place: Place) -> None:
        super().__init__(f"{label} ends below the reference")
        self.label = label
        self.place = place


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A model as lme4 fits it, or as the user's own program has fitted it, and at its proven optimum."""

    prepared: Prepared
    lme4: Lme4Run | None  # None: lme4's fit stopped with `lme4_error`, or without one was not followed
    lme4_fit: Fit | None
    lme4_error: str | None
    optimum: Optimum
    optimum_fit: Fit
    seconds: float
    met: Mapping[str, Place] = field(default_factory=dict)  # better points, from which it was proven again
    given: Elsewhere | None = None  # the fit was made elsewhere: `lme4` holds its end, and no check of lme4's

    @classmethod
    def of_optimum(cls, prepared: Prepared, optimum: Optimum, fit: Fit) -> Self:
        """The optimum alone."""
        return cls(
            prepared=prepared,
            lme4=None,
            lme4_fit=None,
            lme4_error=None,
            optimum=optimum,
            optimum_fit=fit,
            seconds=0.0,
        )

    def beside(self, run: Lme4Run | Lme4Failure) -> Comparison:
        """The optimum with a run of lme4 beside it, in the place of any other."""
        if isinstance(run, Lme4Failure):
            return replace(self, lme4=None, lme4_fit=None, lme4_error=run.error)
        try:
            return replace(self, lme4=run, lme4_fit=self.prepared.fit_of(run), lme4_error=None)
        except np.linalg.LinAlgError as failure:
            error = f"the criterion has no value where the fit ended ({failure})"
            return replace(self, lme4=None, lme4_fit=None, lme4_error=error)

    @property
    def whose_fit(self) -> str:
        """What the fit is called in a sentence."""
        return "lme4's fit" if self.given is None else f"the {self.given.software} fit"

    @property
    def prior(self) -> str | None:
        """Whose prior holds the fit away from the optimum of the likelihood, if one does."""
        return None if self.given is None else self.given.prior

    @property
    def is_lost(self) -> bool:
        """Whether what lme4 prints of its fit is no number: `lme4_fit` is then what it should be there."""
        return self.lme4 is not None and self.lme4.is_lost

    @property
    def gap(self) -> float | None:
        """Deviance units of lme4's fit above the optimum; none where it has none."""
        return None if self.lme4_fit is None else self.gap_of(self.lme4_fit)

    def gap_of(self, reached: Lme4Run | Fit) -> float | None:
        """Deviance units of a fit above the optimum; none where it went for an optimum that is refuted."""
        if self.is_refuted(reached.criterion):
            return None
        return reached.criterion - self.optimum_fit.criterion

    def lies_below(self, criterion: float) -> bool:
        """Whether a criterion of this model is lower than that of any optimum known, beyond rounding."""
        return criterion < self.optimum.lowest - noise(self.optimum.lowest)

    def is_refuted(self, criterion: float) -> bool:
        """Whether a run that ended with this criterion went for an optimum that is refuted."""
        reference = self.optimum_fit.criterion
        return bool(self.optimum.refuted) and criterion < reference - noise(reference)

    def meet(self, label: str, run: Lme4Run) -> Lme4Run:
        """Take note of where a run of the same model ended: the run, its criterion as this reference has it.

        Raises BetterPointError where the run ends below the reference, and where the mode at which it ended
        makes another criterion of the reference itself.
        """
        here = self.optimum.criterion
        if not self.prepared.model.is_convex:
            run = self.prepared.measured(run)
            here = self.prepared.model.criterion(*self.optimum.place)
        if self.lies_below(min(run.criterion, here)):
            raise BetterPointError(label, self.prepared.place_of(run))
        return run

    def pass_by(self, label: str, place: Place, criterion: float) -> None:
        """Take note of a point of the same model; raises BetterPointError where its criterion is lower."""
        if self.lies_below(criterion):
            raise BetterPointError(label, place)

    def without_maximum(self, reason: str) -> Comparison:
        """The same, of a likelihood that is known to rise without end: nothing found is its optimum.

        No descent has arrived then, wherever it stopped, so that there are no several optima to speak of.
        """
        certificate = replace(self.optimum.certificate, certified=False, reason=reason)
        descents = tuple(replace(descent, arrived=False) for descent in self.optimum.descents)
        return replace(self, optimum=replace(self.optimum, certificate=certificate, descents=descents))

    def endless_effects(self) -> frozenset[str]:
        """Fixed effects without a finite estimate: the criterion falls as they grow."""
        n_free = len(self.optimum.place.free)
        found: set[str] = set()
        for direction in self.optimum.certificate.flat_directions:
            change = self.prepared.free_parameters(direction[len(direction) - n_free :])
            largest = float(np.max(np.abs(direction), initial=0.0))
            found |= {name for name, value in change.items() if abs(value) > NEGLIGIBLE_CHANGE * largest}
        return frozenset(found)

    @property
    def is_singular(self) -> bool:
        """Whether the optimum lies on the boundary."""
        return self.optimum.certificate.ranks != self.prepared.supports

    @property
    def is_sound(self) -> bool:
        """Identifiable, certified and not singular."""
        return not self.prepared.null and self.optimum.certificate.certified and not self.is_singular


def prove_optimum(prepared: Prepared, ends: Mapping[str, Place], *, seed: int) -> tuple[Optimum, Fit]:
    """The proven optimum; the search starts also where others ended, {label: place}."""
    model = prepared.model
    known = [Start(label, *place) for label, place in ends.items()]
    found = find_optimum(model, model.starts(prepared.moments, known), model.further_starts, seed=seed)
    if not isinstance(model, LinearModel):
        from mmtriage.engine.generalized.edge import told_at_edge  # here, as in `_model_of`
        from mmtriage.engine.generalized.refutation import without_refuted

        found = told_at_edge(model, without_refuted(model, found, seed=seed))
    fit = model.describe(found.place, hessian=found.certificate.hessian)
    # Where the criterion has lost its digits it hangs on the evaluation before: there is one value to tell.
    return replace(found, criterion=fit.criterion), fit


def run_measured(
    prepared: Prepared,
    *,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
    start: Lme4Run | None = None,
    transform: Transform | None = None,
    tolerance: float | None = None,
) -> Lme4Run | Lme4Failure:
    """`fit_like_lme4`, its criterion by our engine; a fit that prints no numbers is a failure."""
    run = fit_like_lme4(
        prepared.model,
        optimizers=optimizers,
        maxfun=maxfun,
        start=start,
        transform=transform,
        tolerance=tolerance,
    )
    if isinstance(run, Lme4Failure):
        return run
    return Lme4Failure.of_lost(run) if run.is_lost else prepared.measured(run)


def compare_fits(
    prepared: Prepared,
    *,
    seed: int,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
) -> Comparison:
    """lme4's fit from its own start, and the proven optimum."""
    began = time.perf_counter()
    run = fit_like_lme4(prepared.model, optimizers=optimizers, maxfun=maxfun)
    ends = {OF_LME4: prepared.place_met_by(run)} if isinstance(run, Lme4Run) else {}
    optimum, optimum_fit = prove_optimum(prepared, ends, seed=seed)
    alone = Comparison.of_optimum(prepared, optimum, optimum_fit)
    return replace(alone.beside(run), seconds=time.perf_counter() - began)


def prove_again(comparison: Comparison, met: BetterPointError, *, seed: int) -> Comparison:
    """The same fit beside the optimum that is found with a better point among the starts."""
    prepared, run = comparison.prepared, comparison.lme4
    ends = {} if run is None else {OF_LME4: prepared.place_met_by(run)}
    points = {**comparison.met, met.label: met.place}
    optimum, optimum_fit = prove_optimum(prepared, {**ends, **points}, seed=seed)
    fit = comparison.lme4_fit
    if run is not None and comparison.given is None:
        fit = prepared.fit_of(run)  # with a mode more on record its criterion may be another one
    return replace(
        comparison,
        lme4_fit=fit,
        optimum=optimum,
        optimum_fit=optimum_fit,
        met=points,
    )

"""lme4's covariance parameters of all random terms in one vector, theta, as lme4's optimizer moves them.

Of unstructured terms they are the elements of the relative Cholesky factors that lme4 calls theta too
(`algebra/theta.py`); of structured ones what lme4 2.x calls `par`: standard deviations relative to sigma,
then a correlation. Terms stand in lme4's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.coordinates import TermBasis
from mmtriage.engine.algebra.theta import factors_of_theta, lme4_theta
from mmtriage.engine.structures.interfaces import Cone, Structure
from mmtriage.engine.structures.unstructured import RankCone, Unstructured
from mmtriage.formula.structured import UNSTRUCTURED, StructureTag
from mmtriage.model.ranef import RandomTerm


@dataclass(frozen=True)
class Layout:
    """The structures of all terms, and where each has its parameters in theta (m,)."""

    structures: tuple[Structure, ...]

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Columns of each term."""
        return tuple(structure.width for structure in self.structures)

    @cached_property
    def is_ordinary(self) -> bool:
        """Whether every term is unstructured."""
        return all(isinstance(structure, Unstructured) for structure in self.structures)

    @cached_property
    def is_linear(self) -> bool:
        """Whether every covariance is linear in its parameters, or in others as many."""
        return self.is_ordinary or all(structure.parts is not None for structure in self.structures)

    @cached_property
    def lower(self) -> Array:
        """lme4's lower bounds (m,)."""
        return _joined(structure.lower for structure in self.structures)

    @cached_property
    def upper(self) -> Array:
        """lme4's upper bounds (m,)."""
        return _joined(structure.upper for structure in self.structures)

    @cached_property
    def start(self) -> Array:
        """lme4's start unless it knows better, (m,)."""
        return _joined(structure.start for structure in self.structures)

    @cached_property
    def parts(self) -> tuple[slice, ...]:
        """Where each term's parameters stand."""
        ends = np.cumsum([0, *(len(structure.lower) for structure in self.structures)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(ends))

    def factors(self, theta: Array) -> list[Array]:
        """lme4's lower-triangular L (k, k) of each term, in the user's columns."""
        if self.is_ordinary:
            return factors_of_theta(theta, self.widths)
        pairs = zip(self.structures, self.parts, strict=True)
        return [structure.factor(theta[part]) for structure, part in pairs]

    def loses_rho(self, theta: Array) -> bool:
        """Whether lme4 cannot read some correlation back from its factors at theta."""
        pairs = zip(self.structures, self.parts, strict=True)
        return any(structure.loses_rho(theta[part]) for structure, part in pairs)

    def can_start_lme4(self, theta: Array) -> bool:
        """Whether lme4 can start at theta: at some bounds its factor is no number, or has no rho."""
        return self.is_number(theta) and not self.loses_rho(theta)

    def is_number(self, theta: Array) -> bool:
        """Whether lme4's factors are: at some bounds its formulas give none."""
        return all(np.all(np.isfinite(L)) for L in self.factors(theta))

    def theta(self, raw: Sequence[Array]) -> Array:
        """theta (m,) for factors F (k, r) in the user's columns."""
        if self.is_ordinary:
            return lme4_theta(raw)
        return _joined(s.parameters(F) for s, F in zip(self.structures, raw, strict=True))

    def structured(
        self, theta: Array, terms: Sequence[RandomTerm], *, scale: float
    ) -> list[dict[str, float] | None]:
        """Each structured term's parameters by name, its SDs times a scale; None of an unstructured one."""
        found: list[dict[str, float] | None] = []
        for structure, part, term in zip(self.structures, self.parts, terms, strict=True):
            if isinstance(structure, Unstructured):
                found.append(None)
                continue
            scales = np.where(np.isinf(structure.upper), scale, 1.0)
            names = structure.names(term.group, term.columns)
            found.append(dict(zip(names, (theta[part] * scales).tolist(), strict=True)))
        return found

    def names(self, terms: Sequence[RandomTerm]) -> tuple[str, ...]:
        """lme4's names of theta."""
        named = zip(self.structures, terms, strict=True)
        return tuple(name for structure, t in named for name in structure.names(t.group, t.columns))


def layout_of(terms: Sequence[RandomTerm]) -> Layout:
    """The layout of a design's random terms."""
    return Layout(tuple(_structure(term.bar.structure, term.Z.shape[1]) for term in terms))


def cone_of(structure: Structure, basis: TermBasis) -> Cone:
    """A term's covariances in the orthonormal columns of a basis."""
    if isinstance(structure, Unstructured):
        return RankCone(basis.rank)
    from mmtriage.engine.structures.scaled import Scaled  # here, and below: most models have no such term
    from mmtriage.engine.structures.scaled_cone import ScaledCone

    assert isinstance(structure, Scaled)
    return ScaledCone(structure, basis)


def _structure(written: StructureTag, width: int) -> Structure:
    if written == UNSTRUCTURED or (width == 1 and not written.homogeneous):
        return Unstructured(width)
    from mmtriage.engine.structures.autoregressive import Autoregressive
    from mmtriage.engine.structures.compound_symmetry import CompoundSymmetry
    from mmtriage.engine.structures.equal_variances import Independent
    from mmtriage.engine.structures.scaled import Correlation, Scaled

    correlation: Correlation
    if width == 1 or written.tag == "diag":
        correlation = Independent(width)
    elif written.tag == "cs":
        correlation = CompoundSymmetry(width)
    else:
        correlation = Autoregressive(width)
    return Scaled(width, correlation, written.homogeneous)


def _joined(parts: Iterable[Array]) -> Array:
    return np.concatenate([np.zeros(0), *parts])

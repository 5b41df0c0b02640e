"""The changes of variance components that a model's parameters can make.

An unstructured covariance moves each of its entries by itself. A structured one moves them together, along
dS / d parameter. Which data can tell its parameters apart is judged by these directions where the parameters
are in general position: if no combination of them leaves the response's distribution unchanged there, one
does so at most for special values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.linear.likelihood import LinearLikelihood
from mmtriage.engine.linear.moments import ComponentGram

if TYPE_CHECKING:
    from mmtriage.engine.structures.scaled import Scaled

SPREAD = 0.1  # by which the SDs in general position differ from one another, relative
RHO = 0.37  # a correlation in general position


@dataclass(frozen=True, slots=True, eq=False)
class ParameterSpace:
    """Columns of T (m + 1, r) are the changes of residual and components; None: each by itself."""

    T: Array | None

    def gram(self, K: Array) -> Array:
        """The Gram matrix (r, r) of the changes from that of the components."""
        return K if self.T is None else np.asarray(self.T.T @ K @ self.T)

    def sizes(self, of_components: Array) -> Array:
        """Squared lengths (r,) of the changes, those of components taken as orthogonal."""
        return of_components if self.T is None else np.asarray((self.T**2).T @ of_components)

    def components(self, change: Array) -> Array:
        """A combination of the changes (r,) as one of components (m + 1,)."""
        return change if self.T is None else np.asarray(self.T @ change)


def parameter_space(likelihood: LinearLikelihood, gram: ComponentGram) -> ParameterSpace:
    """The changes that the parameters of all terms make."""
    if likelihood.layout.is_ordinary:
        return ParameterSpace(None)
    from mmtriage.engine.structures.scaled import Scaled  # here: most models have no such term

    size = len(gram.components) + 1
    columns = [np.eye(size)[0]]
    for t, structure in enumerate(likelihood.layout.structures):
        own = [x for x, component in enumerate(gram.components, start=1) if component.term == t]
        if not isinstance(structure, Scaled):
            columns += [np.eye(size)[x] for x in own]
            continue
        R = likelihood.basis.terms[t].R
        for change in structure.covariance_slopes(_general(structure, R)):
            moved = R @ change @ R.T
            column = np.zeros(size)
            for x in own:
                column[x] = moved[gram.components[x - 1].a, gram.components[x - 1].b]
            columns.append(column)
    return ParameterSpace(np.array(columns).T)


def _general(structure: Scaled, R: Array) -> Array:
    """Parameters at which no column is more than the others, and no value is special."""
    sizes = np.sqrt(np.sum(R**2, axis=0))
    typical = 1.0 / (sizes[:1] if structure.homogeneous else sizes)
    sds = typical * (1.0 + SPREAD * np.arange(len(typical)))
    return np.append(sds, [RHO] * structure.has_rho)

"""Models whose criterion falls without end: no residual is left, or lme4's weights make no likelihood."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, hstack

from mmtriage import figures
from mmtriage.arrays import Array
from mmtriage.diagnose.continuous import constant_combination
from mmtriage.diagnose.finding import Finding, finding
from mmtriage.model.design import Design
from mmtriage.model.ranef import RandomTerm

REPRODUCED = 1e-9  # length of the residual relative to that of the response
MOST_RANKED = 2000  # of which all columns are ranked; where they are more, the search itself may run away


def saturated(design: Design) -> Finding | None:
    """MM407 where there are as many fixed effects as rows; lme4 stops with "objective in x0 returns NA"."""
    n, p = design.X.shape
    if design.offset is not None and np.array_equal(design.y, design.offset):
        message = "the response equals its offset in every row: nothing is left to explain"
        return finding("MM407", message, rows=n)
    if p < n:
        return None
    message = (
        f"the fixed effects have {figures.count(p, 'coefficient')} for {figures.count(n, 'row')}: they "
        "reproduce the response exactly, and nothing is left for the random effects and the residual"
    )
    return finding("MM407", message, coefficients=p, rows=n)


def interpolated(design: Design) -> Finding | None:
    """MM407 where columns of X and Z reproduce any response, and the criterion falls for ever.

    Of a linear model by ML, unless those of Z do so alone: as the residual variance s goes to zero, with the
    other variances held, log det V is (n - rank Z) log s and nothing else grows. Under REML the same power of
    s stands on the other side. Of a generalized model whose scale is estimated, whatever Z does alone: lme4's
    criterion does not divide |u|^2 by the scale, so as effects grow by t the deviance falls as t^-4, its
    n log(deviance) twice as fast as log det can rise. lme4 fits both, and ends where its optimizer does.
    """
    n, p = design.X.shape
    effects = sum(len(term.levels) * term.Z.shape[1] for term in design.random)
    spec = design.spec
    can_fall = not spec.reml if spec.is_linear else spec.distribution.estimates_scale
    if not can_fall or p + effects < n or n > MOST_RANKED:
        return None
    Z = hstack([_columns(term) for term in design.random]).toarray()
    rank = int(np.linalg.matrix_rank(Z))
    if np.linalg.matrix_rank(np.hstack([_unit(design.X), Z])) < n or (spec.is_linear and rank == n):
        return None
    how = (
        "the likelihood (ML) rises without end as the residual variance goes to zero"
        if spec.is_linear
        else "lme4's criterion falls without end as the random effects grow and the dispersion goes to zero"
    )
    message = (
        f"{how}: {figures.count(p, 'fixed effect')} and {figures.count(rank, 'random one')} reproduce any "
        f"response of {figures.count(n, 'row')} exactly"
    )
    return finding("MM407", message, coefficients=p, random_effects=rank, rows=n)


def misweighted(design: Design) -> Finding | None:
    """MM407 of a negative binomial whose weights make its criterion fall for ever as theta goes to zero.

    lme4 multiplies only (y + theta) log(mu + theta) by the weights. Where all mu = c theta, c fixed, a row
    with y > 0 is left with 2 ((w - 1) y - 1) log theta as theta goes to zero, one with y = 0 with nothing.
    glmer.nb looks for theta near that of a glm alone, and ends at an optimum there, or where it stops.
    """
    y, w = design.y, design.weights
    if not design.spec.estimates_nb_theta or w is None or constant_combination(design) is None:
        return None
    rate = float(np.sum((w * y - y - 1.0)[y > 0.0]))
    if rate <= 0.0:
        return None
    message = (
        "lme4's criterion falls without end as theta of the negative binomial and all means go to zero: of "
        "a negative binomial it multiplies only a part of the log-likelihood by the weights, so that weights "
        "above 1 make no likelihood. Rows that stand for several are to be repeated instead"
    )
    return finding("MM407", message, rate=rate, largest_weight=float(np.max(w)))


def bottomless(design: Design) -> Finding | None:
    """MM407 of a design that lme4 fits, though its criterion falls for ever."""
    return interpolated(design) or misweighted(design)


def endless(design: Design) -> Finding | None:
    """MM407 of a design that has no optimum, whether lme4 fits it or not."""
    return saturated(design) or bottomless(design)


def exact_fit(design: Design) -> Finding | None:
    """MM407 where the columns of X, or of X and Z, reproduce the response.

    It takes a least-squares problem with all random effects as columns, so it is asked after a failure only.
    """
    y = design.y if design.offset is None else design.y - design.offset
    fixed = csr_array(_unit(design.X))
    everything = hstack([fixed, *(_columns(term) for term in design.random)], format="csr")
    for columns, who in ((fixed, "the fixed effects"), (everything, "the fixed and random effects")):
        share = _residual_share(columns, y)
        # As many columns as rows reproduce anything, which says nothing of the response.
        if columns.shape[1] < len(y) and share <= REPRODUCED:
            message = (
                f"the likelihood rises without end as the residual variance goes to zero: {who} reproduce "
                "the response exactly, as if it had been computed from them"
            )
            return finding("MM407", message, residual_share=share, threshold=REPRODUCED)
    return None


def _residual_share(columns: csr_array, y: Array) -> float:
    from scipy.sparse.linalg import lsqr  # slow to import, and few fits are suspicious

    solution = lsqr(columns, y / np.linalg.norm(y), atol=1e-13, btol=1e-13, iter_lim=10 * columns.shape[1])[0]
    return float(np.linalg.norm(y / np.linalg.norm(y) - columns @ solution))


def _columns(term: RandomTerm) -> csr_array:
    """The (n, levels k) model matrix of a term."""
    n, k = term.Z.shape
    indices = term.codes[:, None] * k + np.arange(k)
    shape = (n, len(term.levels) * k)
    return csr_array((_unit(term.Z).ravel(), indices.ravel(), np.arange(0, n * k + 1, k)), shape=shape)


def _unit(columns: Array) -> Array:
    """Columns (n, k) of length one."""
    lengths = np.linalg.norm(columns, axis=0)
    return columns / np.where(lengths > 0, lengths, 1.0)

"""Adaptive Gauss-Hermite quadrature for one scalar random term, as lme4 defines its criterion.

With lambda the relative standard deviation, L_g^2 = 1 + lambda^2 sum_i W_i z_i^2 and nodes
u_gk = u_g + x_k / (sqrt(kappa) L_g),

    f = sum_g 2 log L_g - 2 log sum_k w_k exp(-d_gk / 2 + x_k^2 / 2),
    d_gk = kappa (u_gk^2 + sum_i dev.resid_i(u_gk))

(Liu & Pierce 1994). Constants of the family are left out, as lme4 leaves them out. Nodes are visited one
after the other, all rows and groups at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from mmtriage.arrays import Array, Index


@dataclass(frozen=True, slots=True, eq=False)
class Quadrature:
    """The criterion and its derivatives, for G groups and n rows."""

    criterion: float
    row_slope: Array  # (n,) d f / d eta at fixed nodes u_gk
    sd_slope: float  # d f / d lambda through eta at fixed nodes
    mode_slope: Array  # (G,) d f / d u_g
    logdet_share: (
        Array  # (G,) d f / d (2 log L_g): 1 for the term itself, the rest because nodes move with L_g
    )
    shares: Array  # (nodes, G) of each node in its group's integral
    etas: Callable[[float], Array]  # (n,) at the node x
    group: Index  # (n,)

    def expectation(self, of: Callable[[Array], Array]) -> Array:
        """The mean over the nodes of a function of eta, (n,) each."""
        nodes, _ = hermite(len(self.shares))
        total = np.zeros(len(self.group))
        for x, share in zip(nodes, self.shares, strict=True):
            total += share[self.group] * of(self.etas(x))
        return total


def quadrature(
    n_nodes: int,
    *,
    relative_sd: float,
    penalty: float,
    information: Array,
    u: Array,
    eta: Array,
    Z: csr_array,
    evaluate: Callable[[Array], tuple[Array, Array]],
) -> Quadrature:
    """The criterion at the modes `u` (G,).

    Args:
        penalty: kappa, which is 1 but where the scale is estimated and the criterion has a unit (`units.py`).
        information: (G,) sum_i W_i z_i^2.
        eta: (n,) at the modes.
        Z: (n, G), one entry per row.
        evaluate: deviance residuals and scores (n,) at an eta (n,).
    """
    nodes, log_weights = hermite(n_nodes)
    G = len(u)
    group = Z.indices  # one entry per row
    L = np.sqrt(1.0 + relative_sd**2 * information)
    reach = 1.0 / (np.sqrt(penalty) * L)  # (G,) d u_g / d x
    along = Z @ (relative_sd * reach)  # (n,) d eta / d x

    def etas(x: float) -> Array:
        moved: Array = eta + x * along
        return moved

    log_terms = np.empty((n_nodes, G))
    u_slopes = np.empty((n_nodes, G))  # d d_gk / d u_gk
    sd_slopes = np.empty((n_nodes, G))
    scores = np.empty((n_nodes, len(eta)))
    for k, x in enumerate(nodes):
        at = u + x * reach
        residuals, scores[k] = evaluate(etas(x))
        log_terms[k] = log_weights[k] - 0.5 * penalty * (at**2 + np.bincount(group, residuals, minlength=G))
        by_group = np.bincount(group, Z.data * scores[k], minlength=G)
        u_slopes[k] = 2.0 * penalty * (at - relative_sd * by_group)
        sd_slopes[k] = -2.0 * penalty * at * by_group
    highest = np.max(log_terms, axis=0)
    shares = np.exp(log_terms - highest)
    total = np.sum(shares, axis=0)
    shares /= total
    pulled = np.sum(shares * u_slopes * nodes[:, None], axis=0) * reach  # d f / d log(1 / L)
    return Quadrature(
        criterion=float(np.sum(2.0 * np.log(L) - 2.0 * (np.log(total) + highest))),
        row_slope=-2.0 * penalty * np.sum(shares[:, group] * scores, axis=0),
        sd_slope=float(np.sum(shares * sd_slopes)),
        mode_slope=np.sum(shares * u_slopes, axis=0),
        logdet_share=1.0 - 0.5 * pulled,
        shares=shares,
        etas=etas,
        group=group,
    )


@lru_cache(maxsize=8)
def hermite(n_nodes: int) -> tuple[Array, Array]:
    """Nodes x_k of the weight exp(-x^2/2), and log w_k + x_k^2 / 2 with sum w_k = 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n_nodes)
    return nodes, np.log(weights / np.sqrt(2.0 * np.pi)) + 0.5 * nodes**2

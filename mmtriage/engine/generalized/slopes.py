"""The exact gradient of a generalized model's criterion, by implicit differentiation.

The modes move with the parameters. At the modes u = Lambda'Z's, so with the observed information
B = -ds/deta, H = Lambda'Z'BZ Lambda + I, r = df/du and v = H^-1 r,

    df = [df at fixed u] - v' d(u - Lambda'Z's at fixed u).

For nAGQ = 0 beta is a mode as well: then u, r and v stand for u and beta together.
"""

from __future__ import annotations

import numpy as np

from mmtriage.arrays import Array
from mmtriage.engine.algebra.cholesky import factor
from mmtriage.engine.generalized.evaluation import GeneralizedEvaluation
from mmtriage.engine.generalized.modes import Pirls
from mmtriage.engine.generalized.quadrature import Quadrature
from mmtriage.engine.generalized.row_terms import RowTerms
from mmtriage.engine.optimum.faces import NO_FREE, Place
from mmtriage.model.families import Family


def exact_slopes(at: GeneralizedEvaluation) -> Place:
    """d criterion / d F_t, ignoring that F_t may be triangular, and d criterion / d free."""
    pirls, rows, terms, Lambda = at.pirls, at.pirls.rows, at.modes.terms, at.Lambda
    inverse = at.factor.inverse_on_pattern()
    leverage = rows.leverages(inverse, Lambda)
    if at.quadrature is None:
        row, r, parts = _at_fixed_modes(at, leverage, inverse)
    else:
        row, r, parts = _at_fixed_nodes(at, leverage, at.quadrature)
    v, v_beta = _through_modes(at, r, row)
    moved = terms.B * (rows.Z @ Lambda.times(v) + rows.X @ v_beta)
    by_score = _outer(pirls, rows.Zt @ terms.score, v)
    by_moved = _outer(pirls, rows.Zt @ moved, at.modes.u)
    parts = [part + one - two for part, one, two in zip(parts, by_score, by_moved, strict=True)]
    free = [] if at.free.profiles_beta else [rows.X.T @ (row - moved)]
    if at.free.estimates_nb_theta:
        free.append(np.array([_nb_theta_slope(at, leverage, v, v_beta)]))
    return Place(tuple(rows.blocks.term_parts(parts)), np.concatenate(free) if free else NO_FREE)


def _at_fixed_modes(
    at: GeneralizedEvaluation, leverage: Array, inverse: Array
) -> tuple[Array, Array, list[Array]]:
    """For Laplace, at fixed modes: df / d eta (n,), df / du (q,), and df / d Lambda (K, K) per block."""
    pirls, terms, u = at.pirls, at.modes.terms, at.modes.u
    row = family_slope(at.family, pirls.y, terms, pirls.weights, pirls.trials) + leverage * terms.dW
    by_column = pirls.rows.Zt @ row
    r = at.Lambda.transposed(by_column) + 2.0 * at.penalty * u
    traces = at.Lambda.traces(at.products, pirls.rows.plan, inverse)
    return row, r, [2.0 * t + o for t, o in zip(traces, _outer(pirls, by_column, u), strict=True)]


def _at_fixed_nodes(
    at: GeneralizedEvaluation, leverage: Array, nodes: Quadrature
) -> tuple[Array, Array, list[Array]]:
    """The same by quadrature, at fixed x_k: a node u_g + x_k / L_g moves with its mode and with L_g.

    So 2 log L_g counts by its share `logdet_share`, where for Laplace it counts by 1.
    """
    pirls = at.pirls
    through = nodes.logdet_share[nodes.group] * leverage * at.modes.terms.dW
    by_column = pirls.rows.Zt @ through
    r = nodes.mode_slope + at.Lambda.transposed(by_column)
    slope = nodes.sd_slope + float(by_column @ at.modes.u)
    slope += float(nodes.logdet_share @ _trace_by_group(at))
    return nodes.row_slope + through, r, [np.array([[slope]])]


def _through_modes(at: GeneralizedEvaluation, r: Array, row: Array) -> tuple[Array, Array]:
    """v = H^-1 df/d(modes), the modes being u, or u and beta."""
    pirls, terms = at.pirls, at.modes.terms
    M = at.factor if terms.is_canonical else factor(pirls.rows.plan, pirls.rows.weighted(terms.B), at.Lambda)
    return pirls.solve(M, at.Lambda, terms.B, r, pirls.rows.X.T @ row if at.free.profiles_beta else None)


def _outer(pirls: Pirls, by_column: Array, u: Array) -> list[Array]:
    return pirls.rows.blocks.outer_sums(by_column[:, None], u[:, None])


def _trace_by_group(at: GeneralizedEvaluation) -> Array:
    """d 2 log L_g / d lambda at fixed weights, (G,)."""
    information, sd = at.products.diagonal[0][:, 0, 0], float(at.Lambda.parts[0][0, 0])
    share: Array = 2.0 * sd * information / (1.0 + sd**2 * information)
    return share


def _nb_theta_slope(at: GeneralizedEvaluation, leverage: Array, v: Array, v_beta: Array) -> float:
    """d criterion / d log theta.

    As log theta grows by 1, V = mu + mu^2 / theta falls by mu^2 / theta to first order; weights and scores,
    which have V below the line, follow from that.
    """
    pirls, terms, family = at.pirls, at.modes.terms, at.family
    y, weights = pirls.y, pirls.weights
    share = -(family.variance(terms.mu) - terms.mu) / family.variance(terms.mu)  # d log V / d log theta
    if at.quadrature is None:
        direct = family.theta_slope(y, terms.mu, weights)
    else:
        leverage = leverage * at.quadrature.logdet_share[at.quadrature.group]
        by_node = at.quadrature.expectation(
            lambda eta: family.deviance_theta_slope(y, family.link.inverse(eta), weights)
        )
        direct = float(np.sum(by_node)) + family.theta_slope(y, y, weights)
    direct -= float(leverage @ (terms.W * share))
    score = -terms.score * share
    moved = float(v @ pirls.transposed(at.Lambda, score)) + float(v_beta @ (pirls.rows.X.T @ score))
    return direct + moved


def family_slope(family: Family, y: Array, terms: RowTerms, weights: Array, trials: Array | None) -> Array:
    """dA / d eta, (n,)."""
    return family.criterion_slope(y, terms.mu, weights, trials) * terms.slope

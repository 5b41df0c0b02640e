"""glmer.nb of lme4 1.1-31: a Poisson fit, an estimate of theta from it, then a search over log theta.

    glmer(poisson) -> MASS::theta.ml at its mu -> glmer(NB(theta)) -> R's optimize() over log theta,
    within 3 of log theta.ml, tolerance 5e-5

Every point of the search is a refit that starts from the last one's end: stage 2 alone, its optimiser
without the adjustments of stage 2, its PIRLS from an eta without fixed effects, no steps onto the edge.
R says the warnings of the Poisson fit, of theta.ml, of the first NB fit and of the last refit; of its messages
those of the last refit alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import digamma, polygamma

from mmtriage.engine.baseline import Array, Baseline, assemble
from mmtriage.engine.glmer import Call, Course, fit_family, with_free_beta
from mmtriage.engine.glmer_objective import GlmerCriterion
from mmtriage.engine.lme4_checks import SINGULAR_MESSAGE
from mmtriage.engine.theta import lower_bounds
from mmtriage.model.families import FAMILIES, Family
from mmtriage.optimizers import Optimizer

HALF_WIDTH = 3.0  # glmer.nb: of the interval of log theta
TOLERANCE = 5e-5  # glmer.nb: of log theta
MOMENT_LIMIT = 20  # glmer.nb's initCtrl: iterations of theta.ml, less one
MOMENT_TOLERANCE = 2 * TOLERANCE  # glmer.nb's initCtrl: the step of theta.ml that is its last


def fit_negative_binomial(*a):
    raise NotImplementedError

"""Another model than the one that is judged: its proven optimum and, if it can be recommended, lme4's fit.

What is tried on the way is measured by its optimum, and nobody is sent to fit it: where R would end there is
not followed. What may be recommended is, once: it has to be known whether R gets there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from mmtriage.engine.comparison import OF_LME4, BetterPointError, Comparison, prove_again, prove_optimum
from mmtriage.engine.lme4.run import fit_like_lme4
from mmtriage.engine.prepared import Prepared
from mmtriage.optimizers import Optimizer


def compare_if_sound(
    prepared: Prepared,
    *,
    seed: int,
    optimizers: Sequence[Optimizer] | None = None,
    maxfun: int | None = None,
) -> Comparison:
    """The proven optimum with, where it is sound, lme4's fit from its own start beside it.

    Where it is not, `lme4` and `lme4_error` are both None. Where R ends below, the optimum is proven again,
    from there as well.
    """
    began = time.perf_counter()
    found = Comparison.of_optimum(prepared, *prove_optimum(prepared, {}, seed=seed))
    if found.is_sound:
        run = fit_like_lme4(prepared.model, optimizers=optimizers, maxfun=maxfun)
        found = found.beside(run)
        try:
            if found.lme4 is not None:
                found.meet(OF_LME4, prepared.measured(found.lme4))
        except BetterPointError as met:
            found = prove_again(found, met, seed=seed)
    return replace(found, seconds=time.perf_counter() - began)

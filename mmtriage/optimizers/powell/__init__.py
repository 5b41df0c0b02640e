"""Powell's BOBYQA in NumPy, on the path of R's minqa.

M. J. D. Powell (2009), "The BOBYQA algorithm for bound constrained optimization without derivatives", report
DAMTP 2009/NA06, University of Cambridge. Written from the report and its predecessors (2004, Math. Program.
100, 183-215; 2006, NEWUOA); what they leave open, thresholds and the order of decisions, are constants of
Powell's published Fortran, which is what minqa compiles. Where a number has such an origin, its name says so.

    interpolation   m points, H = W^-1 in factors: Lagrange functions, denominators, update, change of base
    quadratic       the model of least change, and the interpolant of least norm
    first_points    where the points start, and H there
    trust_path, trust_region, trust_edge
                    a step that makes the model small, in the box and in the trust region    (TRSBOX)
    geometry        a step that makes the points better placed                               (ALTMOV)
    rescue          new points for old where H has lost its accuracy                         (RESCUE)
    iterations      which step when, the radii, when to stop                                 (BOBYQB)
    minimize        all of it as one function
    ../minqa        the same as minqa and lme4 call it

The path is the same point by point, not only the method, because lme4's answer is the path's: it ends where
the radius has shrunk to rhoend, on a flat criterion anywhere near the optimum, and there lme4 computes its
warnings. Adding the same numbers in another order is enough to leave the path, as a rule within some hundred
evaluations. So every sum here has Powell's order (`fixed_order`), which makes the two agree to the last bit,
and the same bits come out on every CPU.

Measured on random problems of one to ten parameters (tests/optimizers/against_minqa.py): every point is
minqa's to the bit unless RESCUE was called. From there on R's minqa does not repeat itself from one process
to the next; another build of Powell's Fortran (PDFO 2.2.0) does, and every point is that one's.
"""

from __future__ import annotations

from mmtriage.optimizers.powell.minimize import Minimum, minimize

__all__ = ["Minimum", "minimize"]

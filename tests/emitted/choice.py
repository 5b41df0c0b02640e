"""Which models are run by default: between them they have every remedy, and they are quick."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.emitted.subjects import Subject, golden, planted
from tests.emitted.tables import TABLES

# lme4 stops at `factor(Subject)`, and R has ns() in a package: the code makes the column and attaches it.
COMPUTED = replace(
    golden("sleepstudy_year"),
    name="sleepstudy_year, computed",
    formula="Reaction ~ ns(Year, 2) + (Year | factor(Subject))",
)
# Standard errors that glmer gets wrong.
WRONG_ERRORS = Subject(
    name="row_effect",
    table=lambda: Path(__file__).parents[1] / "chance" / "row_effect.csv",
    formula="deaths ~ x + (1 | region) + (1 | row)",
    words=("--family", "poisson"),
)
# Remedies that the walk reaches only when told to climb on.
EXTRA = (
    golden("sleepstudy_year", "--all-rungs"),
    golden("sleepstudy_micro", "--all-rungs", "--optimizer", "Nelder_Mead"),  # a restart helps
    golden("cbpp", "--maxfun", "20"),
    golden("contraception", "--optimizer", "nloptwrap"),
    *(planted("predictor_scale", i, "--all-rungs") for i in (3, 5)),
    *(planted("far_origin", i, "--all-rungs") for i in (4, 6)),
    planted("several_optima", 0, "--all-rungs"),
)
CHOSEN = (
    *TABLES,
    *EXTRA[:3],
    COMPUTED,
    WRONG_ERRORS,
    planted("predictor_scale", 5, "--all-rungs"),  # stop rules that help on every processor
    planted("rank_deficient", 0),
    planted("collinear", 5),
    planted("nearly_numeric", 0),
    planted("nearly_numeric", 2),
    planted("outlier", 0),
    planted("slope_alone", 0),
    planted("too_few_levels", 1),
    planted("one_level", 1),
    planted("too_many_effects", 0),
    planted("nesting", 4),
    planted("zero_variance", 3),
    planted("budget", 0),
    planted("also_fixed", 0),
    *map(
        golden,
        (
            *("crossed_maximal", "dyestuff2", "hsb_raw", "school_fixed_and_random"),
            *("toy_separation", "binomial_cloglog_offset", "gamma_agq5"),
            *("binomial_singular", "fails_gamma_inverse", "fails_gamma_identity", "fails_binomial_log"),
            "fails_separation",
        ),
    ),
)

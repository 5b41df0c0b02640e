"""Canned reports: one of each verdict, with real numbers where a real model is named.

Tests of renderers, schema and command line need reports, not fits.
"""

from __future__ import annotations

from dataclasses import replace

from mmtriage.diagnose.finding import finding
from mmtriage.diagnose.verdict import SEVERITY_OF, Verdict, VerdictStatus
from mmtriage.ladder.records import (
    RUNG_NUMBER,
    Attempt,
    Code,
    LikelihoodRatio,
    Remedy,
    RungId,
    RungResult,
    RungStatus,
)
from mmtriage.report.drift import Change, Drift
from mmtriage.report.facts import (
    CertificateFacts,
    Dependence,
    DroppedColumnFacts,
    FitFacts,
    FixedEffect,
    InputFacts,
    ModelFacts,
    RandomEffect,
    RandomTermFacts,
    Report,
    StartFacts,
)

THRESHOLDS = {"gap": 0.01, "max_shift_se": 0.05, "max_shift_sd": 0.1, "newton_decrement": 1e-6}
NAN = float("nan")


def verdict(status: VerdictStatus, message: str, *codes: str, **facts: float | str | None) -> Verdict:
    """A verdict with its own severity and the usual thresholds."""
    return Verdict(
        status=status,
        severity=SEVERITY_OF[status],
        codes=codes,
        message=message,
        thresholds=THRESHOLDS,
        gap=facts.get("gap"),  # type: ignore[arg-type]
        max_shift_se=facts.get("max_shift_se"),  # type: ignore[arg-type]
        cleared_by=facts.get("cleared_by"),  # type: ignore[arg-type]
    )


def rung(name: RungId, status: RungStatus, reason: str, *attempts: Attempt) -> RungResult:
    """A rung's result."""
    return RungResult(rung=RUNG_NUMBER[name], id=name, status=status, reason=reason, attempts=attempts)


def no_climb(reason: str) -> tuple[RungResult, ...]:
    """A ladder that nobody had to climb."""
    return tuple(rung(name, "not_needed", reason) for name in RUNG_NUMBER)


def effects(*rows: tuple[str, float, float]) -> tuple[FixedEffect, ...]:
    """Fixed effects from names, estimates and standard errors."""
    return tuple(
        FixedEffect(name=name, estimate=estimate, se=se, statistic=estimate / se)
        for name, estimate, se in rows
    )


def slope_effects(group: str, x: str, sds: tuple[float, float], rho: float) -> tuple[RandomEffect, ...]:
    """The covariance of `(x | group)`."""
    correlation = ((1.0, rho), (rho, 1.0))
    return (RandomEffect(group=group, terms=("(Intercept)", x), sd=sds, correlation=correlation),)


CERTIFICATE = CertificateFacts(
    certified=True,
    reason="the gradient in Sigma vanishes and the Hessian is positive definite.",
    newton_decrement=3.1e-13,
    min_eigenvalue_free=34.4,
    multipliers=(None,),
    rank=(2,),
    starts=(
        StartFacts(name="lme4", criterion=1743.628271),
        StartFacts(name="moments", criterion=1743.628271),
        StartFacts(name="baseline", criterion=1743.628271),
    ),
    distinct_optima=(1743.628271,),
)


def fit_of(criterion: float, df: int, n_obs: int, **fields: object) -> FitFacts:
    """A fit with lme4's information criteria; the other fields are sleepstudy's unless given."""
    facts: dict[str, object] = {
        "optimizer": "nloptwrap",
        "start": (1.0, 0.0, 1.0),
        "status": "converged",
        "evaluations": 43,
        "sigma": 25.5918,
        "theta": (0.966742, 0.015169, 0.230910),
        "theta_names": ("Subject.(Intercept)", "Subject.Days.(Intercept)", "Subject.Days"),
        "fixed_effects": effects(("(Intercept)", 251.4051, 6.824597), ("Days", 10.46729, 1.545790)),
        "random_effects": slope_effects("Subject", "Days", (24.74066, 5.922138), 0.0655512),
        "max_abs_gradient": 0.000323920,
        "singular": False,
        "lme4_messages": (),
    }
    facts.update(fields)
    return FitFacts(
        criterion=criterion,
        log_likelihood=-criterion / 2,
        aic=criterion + 2 * df,
        bic=criterion + df * n_obs**0.5,
        df=df,
        **facts,  # type: ignore[arg-type]
    )


def input_of(source: str, rows: int, dropped: int = 0) -> InputFacts:
    """The facts of a table."""
    return InputFacts(
        source=source,
        sha256="0" * 64,
        rows_read=rows,
        rows_used=rows - dropped,
        rows_dropped=dropped,
        seed=0,
    )


SLEEP_MODEL = ModelFacts(
    formula="Reaction ~ Days + (Days | Subject)",
    n_obs=180,
    groups={"Subject": 18},
    fixed_names=("(Intercept)", "Days"),
    random_terms=(RandomTermFacts(group="Subject", terms=("(Intercept)", "Days"), correlated=True),),
)
BASELINE = fit_of(1743.62827195995, 6, 180)
REFERENCE = replace(
    BASELINE,
    optimizer="trust-region Newton",
    criterion=1743.62827195426,
    evaluations=9,
    max_abs_gradient=2.4e-7,
    certificate=CERTIFICATE,
)

CONVERGED = Report(
    input=input_of("sample_data/sleepstudy.csv", 180),
    model=SLEEP_MODEL,
    verdict=verdict(
        "converged", "lme4's fit is at the certified optimum of this model.", gap=5.7e-9, max_shift_se=1.2e-6
    ),
    findings=(),
    baseline=BASELINE,
    reference=REFERENCE,
    ladder=no_climb("the fit converged"),
    remedies=(),
    timing={"read": 0.001, "fit": 0.02, "total": 0.05},
)

YEAR_NAMES = ("Subject.(Intercept)", "Subject.Year.(Intercept)", "Subject.Year")
YEAR_BASELINE = fit_of(
    1786.44862169647,
    6,
    180,
    evaluations=33,
    sigma=30.90086,
    theta=(1.001933, 0.0001168596, 2.235424e-05),
    theta_names=YEAR_NAMES,
    fixed_effects=effects(("(Intercept)", -20683.1668, 1607.379), ("Year", 10.46729, 0.8018766)),
    random_effects=slope_effects("Subject", "Year", (30.96059, 0.003676537), 0.982191),
    max_abs_gradient=876.0627,
    singular=True,
    lme4_messages=("boundary (singular) fit: see help('isSingular')",),
)
YEAR_REFERENCE = fit_of(
    1743.62827195426,
    6,
    180,
    optimizer="trust-region Newton",
    evaluations=14,
    sigma=25.59180,
    theta=(462.7552, -0.2314083, 0.0004823935),
    theta_names=YEAR_NAMES,
    fixed_effects=effects(("(Intercept)", -20683.1669, 3092.538), ("Year", 10.46729, 1.545796)),
    random_effects=slope_effects("Subject", "Year", (11842.737, 5.922166), -0.999997827229756),
    max_abs_gradient=1325.8,
    certificate=CERTIFICATE,
)
NOT_CONVERGED = Report(
    input=input_of("sample_data/sleepstudy_year.csv", 180),
    model=replace(
        SLEEP_MODEL,
        formula="Reaction ~ Year + (Year | Subject)",
        fixed_names=("(Intercept)", "Year"),
        random_terms=(RandomTermFacts(group="Subject", terms=("(Intercept)", "Year"), correlated=True),),
    ),
    verdict=verdict(
        "not_converged",
        "lme4's fit stops 42.8 deviance units short of the optimum. It calls the fit singular, which the "
        "optimum is not; the standard error of `Year` is 1.93 times too small.",
        "MM106",
        "MM403",
        "MM405",
        gap=42.82034974,
        max_shift_se=3.7e-8,
        cleared_by="rescale",
    ),
    findings=(
        finding(
            "MM106",
            "`Year` lies far from zero (mean 2004.5, SD 2.88): the intercept and the slope of "
            "`(Year | Subject)` become one narrow ridge that lme4's optimizer cannot follow. Centring "
            "repairs it; dividing does not.",
            severity="warning",
            columns=("Year",),
            terms=("(Year | Subject)",),
            mean=2004.5,
            sd=2.8803,
            ratio=695.9,
            limit=8.0,
        ),
        replace(
            finding(
                "MM403",
                "The baseline is 42.8 deviance units above the reference optimum.",
                severity="info",
                gap=42.82034974,
                limit=0.01,
            ),
            caused_by=("MM106",),
        ),
        replace(
            finding(
                "MM405",
                "Five of eight optimizers stop between 41.9 and 43.0 deviance units short, and agree.",
                severity="info",
            ),
            caused_by=("MM106",),
        ),
        finding(
            "MM101",
            "`Year` and the intercept are on different scales, without consequence here.",
            columns=("Year",),
        ),
    ),
    baseline=YEAR_BASELINE,
    reference=YEAR_REFERENCE,
    ladder=(
        rung(
            "rescale",
            "cleared",
            "centring `Year` and refitting with the same optimizer reaches the certified optimum",
            Attempt(
                label="centre and scale",
                formula="Reaction ~ Year + (Year | Subject)",
                optimizer="nloptwrap",
                criterion=1743.62827196,
                gap=5.1e-9,
                max_abs_gradient=0.00041,
                evaluations=47,
                certified=True,
                singular=False,
                seconds=0.004,
            ),
            Attempt(
                label="scale only",
                formula="Reaction ~ Year + (Year | Subject)",
                optimizer="nloptwrap",
                criterion=1786.2,
                gap=42.6,
                max_abs_gradient=512.0,
                evaluations=40,
                certified=False,
                singular=True,
                lme4_messages=("boundary (singular) fit: see help('isSingular')",),
                note="still singular",
                seconds=0.004,
            ),
        ),
        rung("simplify", "not_needed", "rescale cleared the verdict"),
        rung(
            "allfit",
            "improved",
            "two of eight optimizers, from two families, agree on the optimum",
            *(
                Attempt(
                    label=name,
                    formula="Reaction ~ Year + (Year | Subject)",
                    optimizer=name,
                    criterion=criterion,
                    gap=criterion - 1743.62827195426,
                    max_abs_gradient=gradient,
                    evaluations=evaluations,
                    note=note,
                    seconds=0.01,
                )
                for name, criterion, gradient, evaluations, note in (
                    ("Nelder_Mead", 1743.62827195, 1325.8, 412, "best"),
                    ("nloptwrap.NLOPT_LN_NELDERMEAD", 1743.62827216, 1330.7, 366, "agrees"),
                    ("bobyqa", 1786.03558675, 1769.8, 160, "stopped short"),
                    ("nlminbwrap", 1786.06206223, 1466.2, 58, "stopped short"),
                    ("nloptwrap.NLOPT_LN_BOBYQA", 1786.44862170, 876.1, 33, "stopped short"),
                    ("L-BFGS-B", 1786.61629601, 10855.9, 75, "stopped short"),
                )
            ),
            Attempt(
                label="nmkbw",
                formula="Reaction ~ Year + (Year | Subject)",
                optimizer="nmkbw",
                criterion=None,
                gap=None,
                max_abs_gradient=None,
                note="failed: the simplex collapsed",
            ),
        ),
        rung("singular", "not_applicable", "the optimum is not singular"),
        rung("maxfun", "not_needed", "rescale cleared the verdict"),
    ),
    remedies=(
        Remedy(
            rank=1,
            id="rescale-centre-scale",
            rung=1,
            title="Centre `Year` before fitting",
            scope="same_model",
            clears=True,
            formula="Reaction ~ Year_c + (Year_c | Subject)",
            criterion=1743.62827196,
            delta_aic=-42.8,
            delta_bic=-42.8,
            lrt=None,
            max_shift_se=3.7e-8,
            not_comparable=None,
            changes="Nothing but the point at which the intercept is read: it becomes the mean in 2004.5.",
            code=Code(
                mmtriage='mmtriage fit sample_data/sleepstudy_year.csv "Reaction ~ I(Year - 2004.5) + '
                '(I(Year - 2004.5) | Subject)"',
                lme4="d$Year_c <- d$Year - 2004.5\nlmer(Reaction ~ Year_c + (Year_c | Subject), d)",
            ),
            cost=47,
        ),
        Remedy(
            rank=2,
            id="allfit-nelder-mead",
            rung=3,
            title="Fit with the optimizer Nelder_Mead",
            scope="same_model",
            clears=True,
            formula="Reaction ~ Year + (Year | Subject)",
            criterion=1743.62827195,
            delta_aic=-42.8,
            delta_bic=-42.8,
            lrt=None,
            max_shift_se=0.0,
            not_comparable=None,
            changes="Nothing: the same model at its optimum.",
            caveats=("Five of the other optimizers fail on these columns; centring is the safer repair.",),
            code=Code(
                mmtriage=None,
                lme4="lmer(Reaction ~ Year + (Year | Subject), d,\n"
                '     control = lmerControl(optimizer = "Nelder_Mead"))',
            ),
            cost=412,
        ),
        Remedy(
            rank=3,
            id="simplify-drop-correlation",
            rung=2,
            title="Drop the correlation of intercept and slope",
            scope="changes_model",
            clears=False,
            formula="Reaction ~ Year + (Year || Subject)",
            criterion=1785.5,
            delta_aic=39.9,
            delta_bic=36.7,
            lrt=LikelihoodRatio(statistic=41.9, df=1, p_value=9.6e-11, method="chi-square, by ML"),
            max_shift_se=0.02,
            not_comparable=None,
            changes="Subjects' slopes may no longer go with their intercepts.",
            code=Code(
                mmtriage='mmtriage fit sample_data/sleepstudy_year.csv "Reaction ~ Year + (Year || Subject)"',
                lme4="lmer(Reaction ~ Year + (Year || Subject), d)",
            ),
        ),
        Remedy(
            rank=4,
            id="advice-origin",
            rung=1,
            title="Count years from the first one",
            scope="advice",
            clears=False,
            formula=None,
            criterion=None,
            delta_aic=None,
            delta_bic=None,
            lrt=None,
            max_shift_se=None,
            not_comparable="nothing was fitted",
            code=Code(mmtriage=None, lme4=None),
        ),
    ),
    timing={"read": 0.001, "fit": 0.02, "total": 0.11},
)

DYESTUFF2_MODEL = ModelFacts(
    formula="Yield ~ 1 + (1 | Batch)",
    n_obs=30,
    groups={"Batch": 6},
    fixed_names=("(Intercept)",),
    random_terms=(RandomTermFacts(group="Batch", terms=("(Intercept)",), correlated=True),),
)
DYESTUFF2_FIT = fit_of(
    161.828277812288,
    3,
    30,
    start=(0.2,),
    evaluations=10,
    sigma=3.715684,
    theta=(0.0,),
    theta_names=("Batch.(Intercept)",),
    fixed_effects=effects(("(Intercept)", 5.6656, 0.678388)),
    random_effects=(
        RandomEffect(group="Batch", terms=("(Intercept)",), sd=(0.0,), correlation=((NAN,),), icc=0.0),
    ),
    max_abs_gradient=0.0,
    singular=True,
    lme4_messages=("boundary (singular) fit: see help('isSingular')",),
)
SINGULAR = Report(
    input=input_of("sample_data/Dyestuff2.csv", 30),
    model=DYESTUFF2_MODEL,
    verdict=verdict(
        "singular",
        "lme4's fit is at the optimum, and the optimum is singular: the variance between `Batch` is zero.",
        "MM310",
        gap=0.0,
        max_shift_se=0.0,
        cleared_by="singular",
    ),
    findings=(
        finding(
            "MM310",
            "The variance of `(1 | Batch)` is zero at the optimum: batches do not differ.",
            columns=("Batch",),
            terms=("(1 | Batch)",),
            multiplier=28.77,
            wants_to_be_negative=True,
        ),
    ),
    baseline=DYESTUFF2_FIT,
    reference=replace(
        DYESTUFF2_FIT,
        optimizer="trust-region Newton",
        evaluations=6,
        certificate=replace(
            CERTIFICATE,
            reason="at zero variance the multiplier is positive: any positive variance raises the criterion.",
            newton_decrement=0.0,
            min_eigenvalue_free=None,
            multipliers=(28.77,),
            rank=(0,),
            distinct_optima=(161.828277812288,),
        ),
    ),
    ladder=(
        rung("rescale", "no_effect", "the variance is zero on every scale"),
        rung("simplify", "cleared_by_change", "without `(1 | Batch)` nothing is singular"),
        rung("allfit", "not_applicable", "no optimizer can move a variance that is zero at the optimum"),
        rung("singular", "cleared_by_change", "a plain linear model has the same likelihood"),
        rung("maxfun", "not_applicable", "the fit is at its optimum"),
    ),
    remedies=(
        Remedy(
            rank=1,
            id="singular-lm",
            rung=4,
            title="Leave `(1 | Batch)` out: a plain linear model",
            scope="changes_model",
            clears=True,
            formula="Yield ~ 1",
            criterion=161.828277812288,
            delta_aic=-2.0,
            delta_bic=-3.4,
            lrt=LikelihoodRatio(
                statistic=0.0, df=None, p_value=1.0, method="mixture 1/2 chi2(0) + 1/2 chi2(1), by ML"
            ),
            max_shift_se=0.0,
            not_comparable=None,
            changes="Likelihood and fixed effects stay as they are.",
            caveats=("Rows of one batch are then taken as independent.",),
            code=Code(mmtriage=None, lme4="lm(Yield ~ 1, d)"),
        ),
    ),
    timing={"total": 0.05},
)

UNIDENTIFIABLE = Report(
    input=input_of("ratings.csv", 600, dropped=12),
    model=ModelFacts(
        formula="y ~ cond + site + (1 + cond | subject)",
        n_obs=588,
        groups={"subject": 30},
        fixed_names=("(Intercept)", "cond"),
        random_terms=(RandomTermFacts(group="subject", terms=("(Intercept)", "cond"), correlated=True),),
        dropped_columns=(
            DroppedColumnFacts(name="siteB", depends_on=(Dependence(name="cond", coefficient=2.0),)),
        ),
        weights="w",
    ),
    verdict=verdict(
        "unidentifiable",
        "The data cannot determine the by-subject slope of `cond`, whatever the optimizer.",
        "MM304",
    ),
    findings=(
        finding(
            "MM304",
            "`cond` never varies within `subject`: its slope cannot be told from the intercept.",
            severity="error",
            columns=("cond", "subject"),
            terms=("(1 + cond | subject)",),
            varying_groups=0,
            null_direction=(0.5, -1.0),
        ),
        finding(
            "MM104", "12 rows have a missing value in `y` and are left out.", columns=("y",), rows_dropped=12
        ),
    ),
    baseline=None,
    reference=None,
    ladder=no_climb("there is nothing to fit"),
    remedies=(),
    timing={"total": 0.03},
)

FALSE_ALARM = replace(
    CONVERGED,
    verdict=verdict(
        "false_alarm",
        "lme4 warns, but its fit is at the certified optimum.",
        "MM401",
        gap=1.8e-5,
        max_shift_se=0.0004,
    ),
    findings=(
        finding("MM401", "lme4's gradient test fails on `Subject.Days`.", severity="info", statistic=0.0023),
    ),
    baseline=replace(
        BASELINE,
        lme4_messages=(
            "Model failed to converge with max|grad| = 0.00230612 (tol = 0.002, component 1)",
            "Model is nearly unidentifiable: very large eigenvalue\n - Rescale variables?",
        ),
    ),
)

UNDETERMINED = replace(
    CONVERGED,
    verdict=verdict("undetermined", "The reference optimum could not be certified.", gap=None),
    reference=replace(
        REFERENCE,
        certificate=replace(
            CERTIFICATE,
            certified=False,
            reason="the Newton decrement stays above its limit.",
            newton_decrement=0.004,
        ),
    ),
    incomplete="the time budget of 1 s ran out before rung 3.",
)

BASELINE_FAILED = replace(
    NOT_CONVERGED,
    verdict=verdict(
        "not_converged", "lme4 stops with an error; the model has a certified optimum.", "MM106", gap=None
    ),
    baseline=None,
    baseline_error="Downdated VtV is not positive definite",
)

LONG = "a_rather_long_column_name_that_somebody_exported_from_a_questionnaire_tool_2024_final_v2"
LONG_NAMES = replace(
    CONVERGED,
    input=input_of(f"{'deeply/nested/' * 6}{LONG}.csv", 180),
    model=replace(
        SLEEP_MODEL,
        formula=f"Reaction ~ {LONG} * condition + I({LONG}^2) + (1 + {LONG} | participant:site)",
        groups={"participant:site": 1234, "a": 2},
        fixed_names=("(Intercept)", LONG),
    ),
    baseline=replace(
        BASELINE,
        fixed_effects=effects(("(Intercept)", 251.4051, 6.824597), (LONG, 1.046729e-7, 1.54579e-9)),
        random_effects=slope_effects("participant:site", LONG, (24.74066, 5.922138e-7), 0.0655512),
    ),
    reference=replace(
        REFERENCE,
        fixed_effects=effects(("(Intercept)", 251.4051, 6.824597), (LONG, 1.046729e-7, 1.54579e-9)),
        random_effects=slope_effects("participant:site", LONG, (24.74066, 5.922138e-7), 0.0655512),
    ),
)


def z_effects(*rows: tuple[str, float, float, float]) -> tuple[FixedEffect, ...]:
    """Fixed effects of a generalized model: names, estimates, standard errors, p-values."""
    return tuple(
        replace(effect, p_value=row[3])
        for effect, row in zip(effects(*(row[:3] for row in rows)), rows, strict=True)
    )


def intercept_effects(group: str, sd: float) -> tuple[RandomEffect, ...]:
    """The variance of `(1 | group)`."""
    return (RandomEffect(group=group, terms=("(Intercept)",), sd=(sd,), correlation=((1.0,),)),)


def generalized_fit(criterion: float, df: int, n_obs: int, **fields: object) -> FitFacts:
    """A fit by glmer whose scale is fixed."""
    facts = {"optimizer": "bobyqa, Nelder_Mead", "start": (1.0,), "sigma": None, "se_method": "hessian"}
    return fit_of(criterion, df, n_obs, **{**facts, **fields})


CBPP_BASELINE = generalized_fit(
    184.05313277906,
    5,
    56,
    evaluations=285,
    theta=(0.6420699277,),
    theta_names=("herd.(Intercept)",),
    fixed_effects=z_effects(
        ("(Intercept)", -1.398342864, 0.2312140481, 1.468112884e-09),
        ("period2", -0.991924975, 0.3031506445, 1.067695600e-03),
        ("period3", -1.128216216, 0.3228301532, 4.744754937e-04),
        ("period4", -1.579745414, 0.4220491594, 1.818097985e-04),
    ),
    random_effects=intercept_effects("herd", 0.6420699277),
    max_abs_gradient=0.0005131392,
)
CBPP_MODEL = ModelFacts(
    formula="cbind(incidence, size - incidence) ~ period + (1 | herd)",
    family="binomial",
    link="logit",
    method="Laplace",
    nagq=1,
    n_obs=56,
    groups={"herd": 15},
    fixed_names=("(Intercept)", "period2", "period3", "period4"),
    random_terms=(RandomTermFacts(group="herd", terms=("(Intercept)",), correlated=True),),
)
ONE_TERM = replace(CERTIFICATE, rank=(1,))
GENERALIZED = Report(
    input=input_of("cbpp.csv", 56),
    model=CBPP_MODEL,
    verdict=verdict(
        "converged", "lme4's fit is at the certified optimum of this model.", gap=6.1e-9, max_shift_se=1.2e-4
    ),
    findings=(),
    baseline=CBPP_BASELINE,
    reference=replace(CBPP_BASELINE, optimizer="mmtriage", evaluations=11, certificate=ONE_TERM),
    ladder=no_climb("the fit converged"),
    remedies=(),
    timing={"total": 0.05},
)
TICKS_BASELINE = generalized_fit(
    1832.4437506161,
    5,
    403,
    evaluations=161,
    family_theta=3.30322406,
    se_method="conditional",
    theta=(1.22770539,),
    theta_names=("BROOD.(Intercept)",),
    fixed_effects=z_effects(
        ("(Intercept)", 0.3707544466, 0.2367364556, 1.173237413e-01),
        ("YEAR96", 1.3346142085, 0.3113236186, 1.811812182e-05),
        ("YEAR97", -0.9048557274, 0.3363638105, 7.142842110e-03),
    ),
    random_effects=intercept_effects("BROOD", 1.22770539),
    max_abs_gradient=0.0001740011,
)
NEGATIVE_BINOMIAL = replace(
    GENERALIZED,
    input=input_of("grouseticks.csv", 403),
    model=ModelFacts(
        formula="TICKS ~ YEAR + (1 | BROOD)",
        family="negative.binomial",
        link="log",
        method="PIRLS",
        nagq=0,
        n_obs=403,
        groups={"BROOD": 118},
        fixed_names=("(Intercept)", "YEAR96", "YEAR97"),
        random_terms=(RandomTermFacts(group="BROOD", terms=("(Intercept)",), correlated=True),),
    ),
    baseline=TICKS_BASELINE,
    reference=replace(TICKS_BASELINE, optimizer="mmtriage", evaluations=11, certificate=ONE_TERM),
)

# SINGULAR, where before the fit had converged on the same table, and another finding was graver.
DRIFTED = replace(
    SINGULAR,
    findings=(
        replace(SINGULAR.findings[0], baseline_state="new"),
        replace(
            finding("MM301", "`Batch` has 6 levels.", columns=("Batch",), terms=("(1 | Batch)",), levels=6),
            baseline_state="unchanged",
        ),
    ),
    drift=Drift(
        baseline="baselines/yield.json",
        version="0.1.0",
        changes=(
            Change(what="verdict", where="", severity="warning", before="converged", after="singular"),
            Change(
                what="finding",
                where="(1 | Batch)",
                code="MM310",
                severity="warning",
                before=None,
                after="warning",
            ),
            Change(
                what="severity",
                where="(1 | Batch)",
                code="MM301",
                severity="ok",
                before="warning",
                after="info",
            ),
            Change(
                what="criterion",
                where="",
                severity="warning",
                before=161.8,
                after=161.828277812288,
                size=0.028277812288,
                units="deviance",
                threshold=0.01,
            ),
            Change(
                what="estimate",
                where="(Intercept)",
                severity="warning",
                before=5.5,
                after=5.6656,
                size=0.2441,
                units="SE",
                threshold=0.1,
            ),
        ),
    ),
)
# CONVERGED on a table that has changed: nothing to report.
STEADY = replace(
    CONVERGED,
    findings=tuple(replace(found, baseline_state="unchanged") for found in FALSE_ALARM.findings),
    drift=Drift(
        baseline="baselines/sleep.json",
        version="0.1.0",
        changes=(Change(what="table", where="", severity="ok", before="1" * 64, after="0" * 64),),
    ),
)

REPORTS: dict[str, Report] = {
    "converged": CONVERGED,
    "not_converged": NOT_CONVERGED,
    "singular": SINGULAR,
    "unidentifiable": UNIDENTIFIABLE,
    "false_alarm": FALSE_ALARM,
    "undetermined": UNDETERMINED,
    "baseline_failed": BASELINE_FAILED,
    "long_names": LONG_NAMES,
    "generalized": GENERALIZED,
    "negative_binomial": NEGATIVE_BINOMIAL,
    "drifted": DRIFTED,
    "steady": STEADY,
}

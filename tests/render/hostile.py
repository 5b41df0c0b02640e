"""Reports on models whose names no format expects."""

from __future__ import annotations

from dataclasses import replace

from mmtriage.diagnose.finding import finding, not_assessed
from mmtriage.ladder.records import Code, Stop
from mmtriage.report.facts import FitFacts, RandomTermFacts, Report
from tests.real_reports.records import NOT_CONVERGED, UNIDENTIFIABLE, effects, slope_effects

NAMES = {
    "script": "<script>alert('x')</script>",
    "image": "<img src=x onerror=alert(1)>",
    "end of details": "</details></summary></table></style></svg>",
    "pipe": "a|b||c",
    "backticks": "a`b```c",
    "fence": "x\n```\n# heading\n",
    "newlines": "first\nsecond\r\nthird\rfourth",
    "command": "x\n::error::no\n##[error]no",
    "end of cdata": "]]>",
    "comment": "<!-- --> <?php ?>",
    "entity": "&amp;lt;&#60; &lt;b&gt;",
    "controls": "\x00\x01\x08\x0b\x0c\x1b[2J\x7f\x85\x9f",
    "surrogate": "half \ud800 of a pair \udfff",
    "not characters": "\ufffe\uffff\ufdd0\U0001ffff",
    "right to left": "\u202egnp.exe\u2066\u2028\u2029",
    "letters": "Größe µ 温度 \U0001f600",
    "links": "[x](https://example.org) www.example.org @nobody #1 a@example.org",
    "emphasis": "*a* _b_ ~~c~~ $d$ \\e # f",
    "percent": "100% of: a, b",
    "quotes": "\"double\" 'single'",
    "braces": "{0} {{ x }} {% raw %}",
    "blank": " ",
}


def hostile(name: str) -> Report:
    """A report that mentions the name wherever a user's words can go."""

    def renamed(fit: FitFacts | None) -> FitFacts | None:
        if fit is None:
            return None
        return replace(
            fit,
            theta_names=tuple(f"{name}.{position}" for position in range(len(fit.theta))),
            fixed_effects=effects(("(Intercept)", 1.0, 0.5), (name, 2.0, 0.5)),
            random_effects=slope_effects(name, name, (1.0, 2.0), 0.5),
            lme4_messages=(f"unable to evaluate {name}",),
        )

    report = NOT_CONVERGED
    terms = (f"({name} | {name})",)
    return replace(
        report,
        input=replace(report.input, source=f"data/{name}.csv"),
        model=replace(
            report.model,
            formula=f"`{name}` ~ `{name}` + (1 | `{name}`)",
            groups={name: 3},
            fixed_names=("(Intercept)", name),
            random_terms=(RandomTermFacts(group=name, terms=(name,), correlated=True),),
            notes=(f"{name} has unused levels",),
        ),
        verdict=replace(report.verdict, message=f"`{name}` is far away; {name} too."),
        findings=tuple(
            replace(found, message=f"`{name}` in `{terms[0]}`: {name}", columns=(name,), terms=terms)
            for found in (*report.findings, finding("MM104", "x", severity="warning"))
        ),
        not_assessed=(not_assessed("MM307", f"{name} has too many levels"),),
        baseline=renamed(report.baseline),
        reference=renamed(report.reference),
        ladder=tuple(
            replace(
                result,
                reason=f"`{name}` and {name}",
                attempts=tuple(
                    replace(attempt, label=f"without {name}", note=name) for attempt in result.attempts
                ),
            )
            for result in report.ladder
        ),
        remedies=tuple(
            replace(
                remedy,
                title=f"Centre `{name}`, {name}",
                formula=f"y ~ `{name}`",
                changes=f"the origin of {name}",
                caveats=(name,),
                code=Code(
                    mmtriage=f"mmtriage fit '{name}.csv' 'y ~ x'", lme4=f"lmer(y ~ `{name}`, d)\n# {name}"
                ),
            )
            for remedy in (*report.remedies, *UNIDENTIFIABLE.remedies)
        ),
        incomplete=Stop(kind="time-budget", reason=f"no time for {name}", stages=(name,)),
    )


HOSTILE = {kind: hostile(name) for kind, name in NAMES.items()}

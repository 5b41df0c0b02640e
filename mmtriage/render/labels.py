"""Short words for what records hold as codes, and the headings of a report: the same in every format."""

from __future__ import annotations

from mmtriage.diagnose.finding import BaselineState
from mmtriage.diagnose.verdict import VerdictStatus
from mmtriage.ladder.records import RungStatus

STATUS_WORDS: dict[VerdictStatus, str] = {
    "undetermined": "Undetermined",
    "unidentifiable": "Unidentifiable",
    "not_converged": "Not converged",
    "wrong_se": "Wrong standard errors",
    "singular": "Singular",
    "false_alarm": "False alarm",
    "converged": "Converged",
}
RUNG_STATUS_WORDS: dict[RungStatus, str] = {
    "cleared": "cleared",
    "reached": "reached",
    "cleared_by_change": "cleared by change",
    "improved": "improved",
    "no_effect": "no effect",
    "not_needed": "not needed",
    "not_applicable": "not applicable",
    "failed": "failed",
}
BASELINE_WORDS: dict[BaselineState, str] = {
    "new": "new",
    "updated": "graver than before",
    "unchanged": "known",
}

# Headings
CAUSES = "Why"
EVIDENCE = "Evidence"
PAPER = "For the paper"
CONSEQUENCES = "What follows from it"
OTHERS = "Also noted"
REMEDIES = "What to do"
STEPS = {1: "Step 1: the same model", 2: "Step 2: what to do about its optimum"}
PLOTS = "Plots"
COMPARISON = "lme4's fit and the optimum"
LADDER = "The ladder"
EXPLAINED = "What this means"
FIXED_EFFECTS, RANDOM_EFFECTS = "Fixed effects", "Random effects"
THETA = "theta, in lme4's order"
UNASSESSED = "Not assessed"
SECONDS = "Seconds"
SHIFT = "largest shift of a fixed effect, SE"

"""`python -m tests.emitted [TEXT | CASES.json [TEXT]]`: run all emitted code of the models named like TEXT.

Golden models, planted faults in all their variants, and tables made here, or the models of a list of cases;
by `mmtriage`, and by lme4 where Rscript has it. Prints what was run per remedy, and every complaint; 1 if
there is any.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from threadpoolctl import threadpool_limits

from tests.emitted import commands, lme4
from tests.emitted.choice import EXTRA
from tests.emitted.remedies import emitted
from tests.emitted.subjects import all_golden, all_planted, of_cases
from tests.emitted.tables import EVEN, TABLES


def main() -> int:
    """Run everything."""
    words = sys.argv[1:]
    cases = Path(words.pop(0)) if words and words[0].endswith(".json") else None
    known = (*TABLES, EVEN, *EXTRA, *all_planted(), *all_golden()) if cases is None else of_cases(cases)
    subjects = [s for s in known if "".join(words[:1]) in s.name]
    with threadpool_limits(limits=1, user_api="blas"):
        pieces = list(emitted(subjects))
        ours = [one for one in pieces if one.remedy["code"]["mmtriage"]]
        bad = [f"{one.name}: {said}" for one in ours for said in commands.complaints(one)]
        reason = lme4.missing_packages()
        theirs = [one for one in pieces if one.remedy["code"]["lme4"]] if reason is None else []
        for one, row in zip(theirs, lme4.run_in_r(theirs), strict=True):
            bad += [f"{one.name}: R: {said}" for said in lme4.complaints(one, row)]
    by_us, by_r = (Counter(one.remedy["id"] for one in run) for run in (ours, theirs))
    for name in sorted({one.remedy["id"] for one in pieces}):
        sys.stdout.write(f"{name:20} {by_us[name]:4} commands {by_r[name]:4} in R\n")
    sys.stdout.write("".join(f"{line}\n" for line in bad))
    if reason is not None:
        sys.stderr.write(f"{reason}\n")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())

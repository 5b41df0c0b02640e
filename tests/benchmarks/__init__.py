"""Speed and memory beside lme4, as ratios in one run: `python -m tests.benchmarks`; no part of the suite."""

"""What has changed since an earlier report: the comparison behind --baseline.

JSON, twice -> Snapshot (snapshot) -> Drift (compare, records)
"""

from mmtriage.report.drift.changes import Change, Drift, is_known, moved, verdict_counts
from mmtriage.report.drift.compare import compare, is_by_tool, state_of
from mmtriage.report.drift.snapshot import Snapshot, snapshot

__all__ = [
    "Change",
    "Drift",
    "Snapshot",
    "compare",
    "is_by_tool",
    "is_known",
    "moved",
    "snapshot",
    "state_of",
    "verdict_counts",
]

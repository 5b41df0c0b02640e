"""What has changed since an earlier report: the comparison behind --baseline.

JSON, twice -> Snapshot (`snapshot`) -> Drift (`compare`; its records are in `changes`)

Nothing is imported here, since most reports are compared with none and read the records alone.
"""

"""The user's table: `read_table` for files and pipes, `in_memory` for pandas data frames.

bytes (source) -> fields (delimited) or frame (in_memory) -> typed columns (convert) -> factors the user asked
for (factors) -> Table
"""

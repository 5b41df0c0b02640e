"""The version, apart from everything else so that `--version` need not import the program."""

VERSION = "0.1.0"
SCHEMA_VERSION = "1.1"

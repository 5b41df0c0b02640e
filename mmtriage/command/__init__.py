"""The command line: the only part that prints, reads the environment and exits.

words -> a command (main, group) -> options (flags, choices, output) -> the work of `fit_model`,
`check_models` or `pages` -> stdout (screen) and files (output)

A command is a `click.Command` in a file of its own, which `group` lists; it returns its exit code, or nothing
for 0. stdout carries the report and nothing else. Whatever is slow to import is imported where it is used:
`mmtriage --version` answers at once.
"""

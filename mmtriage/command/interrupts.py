"""Interrupts, Ctrl-C and SIGTERM: held back where nobody could say so, let through where somebody can."""

from __future__ import annotations

import signal

INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


def hold_interrupts() -> None:
    """Let an interrupt wait: while the program is imported, or when all has been said."""
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:  # not where it is ignored
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout` interrupts as Ctrl-C does
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)


def let_interrupts_through() -> None:
    """Raise the KeyboardInterrupt that has waited, if one has, and those that come from now on."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)

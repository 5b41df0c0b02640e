"""The console script, and `python -m mmtriage`."""

from mmtriage.command.interrupts import hold_interrupts


def main() -> None:
    """Run the command; an interrupt that comes while it is imported waits until it can be answered."""
    hold_interrupts()
    from mmtriage.command.main import main as run_command

    run_command()


if __name__ == "__main__":
    main()

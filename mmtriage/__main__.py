"""python -m mmtriage"""

from mmtriage.command.cli_to_split import main

if __name__ == "__main__":
    main()

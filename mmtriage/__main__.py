"""python -m mmtriage"""

from mmtriage.command.main import main

if __name__ == "__main__":
    main()

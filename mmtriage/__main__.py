"""python -m mmtriage"""

from mmtriage.cli import main

if __name__ == "__main__":
    main()

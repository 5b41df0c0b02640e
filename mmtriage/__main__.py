"""python -m mmtriage"""

from mmtriage.cli import main

main()

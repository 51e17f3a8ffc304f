"""`python -m monitor.lemmas [FOLDER]`: build the dictionaries of the Latin languages, once, where they are missing."""

import sys
from pathlib import Path

from monitor.lemmas.dictionaries import prepare

if __name__ == "__main__":
    prepare(*map(Path, sys.argv[1:2]))

"""`python -m nexabooks.sources.nexacloud`: read this source alone, without a warehouse."""

import sys

from nexabooks.sources.alone import run_alone
from nexabooks.sources.nexacloud import SOURCE

if __name__ == "__main__":
    sys.exit(run_alone(SOURCE))

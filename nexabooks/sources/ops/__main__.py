"""`python -m nexabooks.sources.ops --stream receipts --count`"""

import sys

from nexabooks.sources.alone import run_alone
from nexabooks.sources.ops import SOURCE

if __name__ == "__main__":
    sys.exit(run_alone(SOURCE))

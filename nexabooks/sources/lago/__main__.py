"""`python -m nexabooks.sources.lago --stream invoices --count`"""

import sys

from nexabooks.sources.alone import run_alone
from nexabooks.sources.lago import SOURCE

if __name__ == "__main__":
    sys.exit(run_alone(SOURCE))

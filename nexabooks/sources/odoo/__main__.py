"""`python -m nexabooks.sources.odoo --stream moves --count`"""

import sys

from nexabooks.sources.alone import run_alone
from nexabooks.sources.odoo import SOURCE

if __name__ == "__main__":
    sys.exit(run_alone(SOURCE))

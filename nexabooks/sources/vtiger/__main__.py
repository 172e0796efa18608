"""`python -m nexabooks.sources.vtiger --stream service_contracts --count`"""

import sys

from nexabooks.sources.alone import run_alone
from nexabooks.sources.vtiger import SOURCE

if __name__ == "__main__":
    sys.exit(run_alone(SOURCE))

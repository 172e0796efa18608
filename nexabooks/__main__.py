"""`python -m nexabooks` is `nexabooks`."""

from nexabooks.cli import main

main()

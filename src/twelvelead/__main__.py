"""`python -m twelvelead` is the command `twelvelead`."""

from twelvelead.cli.main import main

main()

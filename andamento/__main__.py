"""`python -m andamento` is the command line."""

from andamento.cli import main

main()

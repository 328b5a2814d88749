"""`python -m msftk` is `msftk`: what launchers of several processes start."""

from msftk.cli.app import main

main()

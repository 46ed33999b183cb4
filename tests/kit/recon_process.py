"""The console script in a process of its own: python -m tests.kit.recon_process WORDS."""

from jobs.cli.app import main

if __name__ == "__main__":
    main()

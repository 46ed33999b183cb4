"""Every frame's columns and dtypes, declared once; imported as `from recon import columns as c`."""

from recon.columns.core import *
from recon.columns.derived import *
from recon.columns.details import *
from recon.columns.journal import *
from recon.columns.kept_aside import *
from recon.columns.ledger import *

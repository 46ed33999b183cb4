"""The frozen nouns of reconciliation as values."""

from recon.model.accounts import *
from recon.model.balance_lines import *
from recon.model.books import *
from recon.model.breaks import *
from recon.model.cases import *
from recon.model.charges import *
from recon.model.journal import *
from recon.model.ledger_history import *
from recon.model.objects import *
from recon.model.orders import *
from recon.model.payout_lines import *
from recon.model.results import *

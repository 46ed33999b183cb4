"""Where the tests find the checkout, the golden sheets and Omise's recorded responses."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
# Recorded responses lie beside a checkout, never in it; RECON_FIXTURES names another place.
FIXTURES = Path(os.environ.get("RECON_FIXTURES", ROOT.parent / "shared" / "fixtures")) / "omise-php"

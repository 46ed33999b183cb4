"""`recon presets list`: every known export with its certainty, in a table and as JSON."""

import json

from recon.tabular.recognition.presets import presets
from tests.jobs.cli.test_methods import said


def test_every_preset_is_listed_with_where_it_is_known_from() -> None:
    listed = json.loads(said("presets", "list", "--json"))["presets"]
    names = {(entry["of"], entry["name"]) for entry in listed}
    assert names == {(room, name) for room in ("orders", "bank") for name in presets(f"recon.{room}")}
    [shopify] = [entry for entry in listed if entry["name"] == "shopify"]
    assert shopify["certainty"] == "seen in a real file"
    assert (shopify["kind"], "Omise" in shopify["source"]) == ("csv", True)
    text = said("presets", "list")
    assert "woocommerce-legacy" in text
    assert "partly assumed" in text

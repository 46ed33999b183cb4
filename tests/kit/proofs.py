"""Adds a proof up by hand, row by row, as somebody with its sheet would."""

from recon.model import Proof


def re_add(proof: Proof) -> None:
    """A proof's rows come to its items, its items and its rest to its difference: added up one by one."""
    whole = 0
    for item in proof.items:
        ids: list[str] = []
        amount = 0
        for row_id, part in item.rows:
            ids.append(row_id)
            amount += part
        assert (amount, len(ids), len(set(ids))) == (item.amount, item.count, len(ids))
        whole += amount
    for _, part in proof.rest:
        assert part
        whole += part
    assert whole == proof.right - proof.left

# ruff: noqa: E501 (lines as shops write them)
"""Orders as shops export them, in their own bytes, and what a person reads in them; names and numbers are made up."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShopExport:
    """One file: `settings` are the lines of `[orders.x]`, `orders` id, minor units, currency, status and UTC moment."""

    name: str
    content: bytes
    settings: str
    orders: tuple[tuple[str, int, str, str, str], ...]
    ignored: int = 0
    encoding: str = "utf-8"


SHOPIFY = ShopExport(
    "shopify",
    b"""Name,Financial Status,Currency,Total,Created at,Lineitem name,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Notes,Phone,Phone
#1001,paid,THB,1500.00,2026-09-01 10:00:00 +0700,Mug,,Omise,rAbCdEfGhIjKlMnOpQrStUvWx,0.00,"two
lines",,
#1001,,,,2026-09-01 10:00:00 +0700,Plate,,,,,,,
#1002,Paid,THB,90.50,2026-09-01 11:00:00 +0700,Mug,2026-09-02 09:00:00 +0700,Omise,rBbCdEfGhIjKlMnOpQrStUvWx,0.00,,,
#1003,partially_refunded,THB,"1,000.00",2026-09-01 12:00:00 +0700,Cup,,Omise,rCbCdEfGhIjKlMnOpQrStUvWx,250.00,,,
#1004,paid,THB,20.00,2026-09-01 13:00:00 +0700,Cup,,Cash on Delivery (COD),,0.00,,,
#1004,,,,2026-09-01 13:00:00 +0700,Lid,,,,,,,
""",
    """
kind = "csv"
account = "th"
rows = "first"
order_id_pattern = "#?(.+)"
description_pattern = false
columns = { order_id = "Name", amount = "Total", currency = "Currency", status = "Financial Status", created_at = "Created at", refunded_amount = "Refunded Amount", payment_method = "Payment Method", cancelled_at = "Cancelled at", reference = "Payment Reference" }
status = { paid = ["paid", "partially_refunded"], pending = ["pending", "authorized"], refunded = ["refunded"], cancelled = ["voided"] }
ignore = { payment_method = ["Cash on Delivery (COD)"] }
""",
    (
        ("1001", 150_000, "THB", "paid", "2026-09-01T03:00:00"),
        ("1002", 9_050, "THB", "cancelled", "2026-09-01T04:00:00"),
        ("1003", 100_000, "THB", "paid", "2026-09-01T05:00:00"),
    ),
    ignored=3,
)
MAGENTO = ShopExport(
    "magento grid",
    b"""ID,"Purchase Point","Purchase Date","Bill-to Name","Ship-to Name","Grand Total (Base)","Grand Total (Purchased)",Status
000000016,"Main Website    Main Website Store        Default Store View","Jan 5, 2026 01:20:10 PM","A B","A B",310.0000,310.0000,Processing
000000017,"Main Website    Main Website Store        Default Store View","Jan 5, 2026 14:00:00 PM","C D","C D",50.0000,50.0000,Canceled
""",
    """
kind = "csv"
account = "th"
columns = { order_id = "ID", amount = "Grand Total (Purchased)", status = "Status", created_at = "Purchase Date" }
status = { paid = ["processing", "complete"], cancelled = ["canceled"] }
""",
    (
        ("000000016", 31_000, "THB", "paid", "2026-01-05T06:20:10"),
        ("000000017", 5_000, "THB", "cancelled", "2026-01-05T07:00:00"),
    ),
)
ADVANCED_ORDER_EXPORT = ShopExport(
    "advanced order export",
    """Order Number\tOrder Status\tOrder Date\tOrder Total Amount\tProduct
41\tProcessing\t2026-09-01 10:00\t฿1,500.00\tMug
41\tProcessing\t2026-09-01 10:00\t฿1,500.00\tPlate
42\tกำลังดำเนินการ\t2026-09-01 11:00\t฿90.50\tMug
""".encode("utf-8-sig"),
    """
kind = "csv"
account = "th"
rows = "first"
constants = { currency = "THB", payment_method = "omise" }
columns = { order_id = "Order Number", amount = "Order Total Amount", status = "Order Status", created_at = "Order Date" }
status = { paid = ["Processing", "กำลังดำเนินการ"] }
""",
    (
        ("41", 150_000, "THB", "paid", "2026-09-01T03:00:00"),
        ("42", 9_050, "THB", "paid", "2026-09-01T04:00:00"),
    ),
    ignored=1,
)
RESAVED = ShopExport(
    "saved again by Excel in Thailand",
    """รายการสั่งซื้อ;;;;
;;;;
เลขที่;ยอดรวม;สถานะ;วันที่;เวลา
="0041";1.500,00;ชำระแล้ว;13/9/2569;10:00
="0042";90,50;ชำระแล้ว;5/9/2569;11:00

รวม;1.590,50;;;
""".encode("cp874"),
    """
kind = "csv"
account = "th"
decimal = ","
thousands = "."
era = "buddhist"
columns = { order_id = "เลขที่", amount = "ยอดรวม", status = "สถานะ", created_at = ["วันที่", "เวลา"] }
status = { paid = ["ชำระแล้ว"] }
filter = { "วันที่" = ["!"] }
""",
    (
        ("0041", 150_000, "THB", "paid", "2026-09-13T03:00:00"),
        ("0042", 9_050, "THB", "paid", "2026-09-05T04:00:00"),
    ),
    ignored=1,
    encoding="cp874",
)
EXPORTS = (SHOPIFY, MAGENTO, ADVANCED_ORDER_EXPORT, RESAVED)

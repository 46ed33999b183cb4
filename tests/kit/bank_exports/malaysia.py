"""Exports of banks in Malaysia."""

# ruff: noqa: E501 (lines as banks write them)

from tests.kit.bank_exports import BankExport, text

MAYBANK2E = BankExport(
    "maybank2e",
    "my",
    "ACCOUNTACTIVITYREPORT_512345678901.csv",
    text(
        """
BATCH DATE|ACCOUNT NO.|PROD TYPE|EFFECT DATE|EFFECT TIME|BRANCH|TELLER|CODE|SOURCE CODE|AMOUNT|AMOUNT IND|TRX DESCRIPTION|TRX REFERENCE|STD REF IND|STD REF1|STD REF2|STD REF3|FILLER1|FILLER2|FILLER3|FILLER4|FILLER5
20260901|0000512345678901|CA|20260901|103009|2988|SYS|7610|003|000000000125050|CR|OMISE SDN BHD      *|trsf01|||||||||
20260901|0000512345678901|CA|20260901|103009|2988|SYS|7611|003|000000000000100|DR|FEE                *|trsf01|||||||||
00112233445566778899AABBCCDDEEFF
"""
    ),
    """
kind = "csv"
columns = { date = "EFFECT DATE", amount = "AMOUNT", description = "TRX DESCRIPTION", reference = "TRX REFERENCE" }
direction = { column = "AMOUNT IND", debit = ["DR"], credit = ["CR"] }
amount_unit = "minor"
filter = { "AMOUNT IND" = ["CR", "DR"] }
""",
    (("2026-09-01", 125_050), ("2026-09-01", -100)),
    (125_050,),
    ignored=1,
)
MAYBANK2U = BankExport(
    "maybank2u",
    "my",
    "maybank2u.csv",
    text(
        """
"Account Name","CURRENT ACCOUNT"
"Account Number","5123 4567 8901"

Transaction Date,Transaction Description 1,Transaction Description 2,Beneficiary/ Biller Name,MBB Receiving/Paying Account,Transaction Amount: Cash-in (RM),Transaction Amount: Cash-out (RM)
01 Sep 2026,Transfer,trsf01,OMISE SDN BHD,512345678901,"RM 1,250.50",
02 Sep 2026,Fee,,,512345678901,,RM 1.00
""",
        "utf-8-sig",
    ),
    """
kind = "csv"
columns = { date = "Transaction Date", debit = "Transaction Amount: Cash-out (RM)", credit = "Transaction Amount: Cash-in (RM)", description = ["Transaction Description 1", "Beneficiary/Biller Name"], reference = "Transaction Description 2" }
""",
    (("2026-09-01", 125_050), ("2026-09-02", -100)),
    (125_050,),
)
RHB = BankExport(
    "rhb reflex",
    "my",
    "reflex.csv",
    text(
        """
Date,Branch,Description,Sender's / Beneficiary's Name,Reference 1 / Recipient's Reference,Reference 2 / Other Payment Details,RefNum,Amount (DR),Amount (CR),Balance
13-09-2026,0001,CR TRANSFER,OMISE SDN BHD,trsf01,,1,,"1,250.50","2,326.27+"
14-09-2026,0001,FEE,,,,2,1.00,,"2,325.27+"
"""
    ),
    """
kind = "csv"
columns = { date = "Date", debit = "Amount (DR)", credit = "Amount (CR)", description = ["Description", "Sender's / Beneficiary's Name"], reference = "RefNum" }
""",
    (("2026-09-13", 125_050), ("2026-09-14", -100)),
    (125_050,),
)
EXPORTS = (MAYBANK2E, MAYBANK2U, RHB)

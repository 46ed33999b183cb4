"""Exports of banks and wallets in Singapore."""

# ruff: noqa: E501 (lines as banks write them)

from tests.kit.bank_exports import FOLDER, BankExport, text

DBS = BankExport(
    "dbs",
    "sg",
    "dbs.csv",
    text(
        """
"Account Details For:","Business Account 000-000001-0",,,,,,,
"Statement as at:","31 Aug 2026",,,,,,,
"","",,,,,,,
"Available Balance:","1250.5",,,,,,,
"Ledger Balance:","1250.5",,,,,,,
"","",,,,,,,
"Transaction Date","Transaction Code","Description","Transaction Ref1","Transaction Ref2","Transaction Ref3","Status","Debit Amount","Credit Amount"
"31 Aug 2026","ICT","OMISE PTE LTD OTHR trsf","OMISE PTE LTD","OTHR","trsf","Settled","",1250.5
"30 Aug 2026","POS","SHOP","SHOP","","","Pending",12,""
"""
    ),
    """
kind = "csv"
columns = { date = "Transaction Date", debit = "Debit Amount", credit = "Credit Amount", description = "Description", reference = "Transaction Ref3" }
filter = { Status = ["Settled"] }
""",
    (("2026-08-31", 125_050),),
    (125_050,),
    ignored=1,
)
DBS_OLD = BankExport(
    "dbs, older",
    "sg",
    "dbs-old.csv",
    text(
        """
Account Details For:,Business Account 000-000001-0
Statement as at:,28 Sep 2026
Available Balance:,1250.50
Ledger Balance:,1250.50

Transaction Date,Reference,Debit Amount,Credit Amount,Transaction Ref1,Transaction Ref2,Transaction Ref3

28 Sep 2026,ICT,,1250.50,OMISE PTE LTD,OTHR,trsf,
27 Sep 2026,POS,12.00,,SHOP,,,
"""
    ),
    """
kind = "csv"
columns = { date = "Transaction Date", debit = "Debit Amount", credit = "Credit Amount", description = ["Transaction Ref1", "Transaction Ref2", "Transaction Ref3"], reference = "Reference" }
""",
    (("2026-09-28", 125_050), ("2026-09-27", -1_200)),
    (125_050,),
)
OCBC = BankExport(
    "ocbc",
    "sg",
    "TransactionHistory_1.csv",
    text(
        """
Account details for:,Business Account 000-000001-001
Available balance,"2,250.50"
Ledger balance,"2,250.50"

Transaction History
Transaction date,Value date,Description,Withdrawals(SGD),Deposits(SGD)
01/09/2026,02/09/2026,"FAST PAYMENT⏎OTHR-payout      from OMISE PTE LTD   ",,"1,250.50"
01/09/2026,02/09/2026,"NETS QR⏎SHOP",12.00,
""",
        ending="\r\n",
    ),
    """
kind = "csv"
columns = { date = "Transaction date", debit = { any = ["Withdrawals (SGD)", "Withdrawals(MYR)"] }, credit = { any = ["Deposits (SGD)", "Deposits(MYR)"] }, description = "Description" }
date_format = "%d/%m/%Y"
""",
    (("2026-09-01", 125_050), ("2026-09-01", -1_200)),
    (125_050,),
)
UOB = BankExport(
    "uob",
    "sg",
    "ACC_TXN_History_1.xls",
    (FOLDER / "uob.xls").read_bytes(),
    """
kind = "excel"
sheet = "Sheet0"
columns = { date = "Transaction Date", debit = "Withdrawal", credit = "Deposit", description = "Transaction Description" }
""",
    (("2026-06-30", 125_050), ("2026-06-29", -1_200)),
    (125_050,),
    encoding="",
)
NO_HEADER = BankExport(
    "citi, no header",
    "sg",
    "citi.csv",
    text(
        """
13/09/2026,OMISE PTE LTD,250.50,,'5400000000000000'
14/09/2026,SHOP,-12.00,,'5400000000000000'
""",
        "utf-8-sig",
    ),
    """
kind = "csv"
header_row = 0
columns = { date = 1, description = 2, amount = 3 }
""",
    (("2026-09-13", 25_050), ("2026-09-14", -1_200)),
    (25_050,),
)
WISE = BankExport(
    "wise",
    "sg",
    "statement_SGD.csv",
    text(
        """
"TransferWise ID",Date,"Date Time",Amount,Currency,Description,"Payment Reference","Running Balance","Exchange From","Exchange To","Exchange Rate","Payer Name","Payee Name","Payee Account Number",Merchant,"Card Last Four Digits","Card Holder Full Name",Attachment,Note,"Total fees","Exchange To Amount","Transaction Type","Transaction Details Type"
TRANSFER-1,01-09-2026,"01-09-2026 18:00:02.198",1250.50,SGD,"Received money from OMISE PTE LTD",trsf,2250.50,,,,"OMISE PTE LTD",,,,,,,,0.00,,CREDIT,MONEY_ADDED
CARD-2,02-09-2026,"02-09-2026 09:00:00.000",-12.00,SGD,"Card transaction",,2238.50,,,,,,,SHOP,1234,"A B",,,0.00,,DEBIT,CARD
"""
    ),
    """
kind = "csv"
columns = { date = { any = ["Date Time", "Date"] }, amount = "Amount", currency = "Currency", description = "Description", reference = "Payment Reference" }
date_format = ["%d-%m-%Y %H:%M:%S.%f", "%d-%m-%Y"]
""",
    (("2026-09-01", 125_050), ("2026-09-02", -1_200)),
    (125_050,),
)
AIRWALLEX = BankExport(
    "airwallex",
    "sg",
    "Balance_Activity_Report.csv",
    text(
        """
Time,Type,Financial Transaction Type,Transaction Id,Description,Wallet Currency,Target Currency,Target Amount,Conversion Rate,Mature Date,Amount,Fee,Debit Net Amount,Credit Net Amount,Account Balance,Available Balance,Created At,Request Id,Reference,Note to Self
2026-06-24T22:41:36+1000,Deposit,DEPOSIT,t1,OMISE PTE LTD,SGD,,,,,"4,420.00",0.00,,"4,420.00","5,420.00","5,420.00",2026-06-24T22:41:36+1000,r1,trsf,
2026-06-25T01:00:00+1000,Fee,FEE,t2,Monthly,SGD,,,,,10.00,0.00,10.00,,"5,410.00","5,410.00",2026-06-25T01:00:00+1000,r2,,
2026-06-25T09:00:00+1000,Deposit,DEPOSIT,t3,OTHER,AUD,,,,,5.00,0.00,,5.00,5.00,5.00,2026-06-25T09:00:00+1000,r3,,
"""
    ),
    """
kind = "csv"
columns = { date = "Time", debit = "Debit Net Amount", credit = "Credit Net Amount", currency = "Wallet Currency", description = "Description", reference = "Reference" }
filter = { "Wallet Currency" = ["SGD"] }
""",
    (("2026-06-24", 442_000), ("2026-06-24", -1_000)),  # both on the 24th in Singapore
    (442_000,),
    ignored=1,
)
EXPORTS = (DBS, DBS_OLD, OCBC, UOB, NO_HEADER, WISE, AIRWALLEX)

"""Exports of banks in Thailand."""

# ruff: noqa: E501 (lines as banks write them)

from tests.kit.bank_exports import BankExport, text

SCB = BankExport(
    "scb",
    "th",
    "HISTSTMT.csv",
    text(
        """
Account Number,Account Name,Account Type,Currency Code,Branch Code,Date,Time,Tr Code,Tr Description,Channel,Cheque No.,Withdrawal,Deposit,Outstanding Balance,Description
4070000001,ร้านตัวอย่าง,ออมทรัพย์,THB,5033,01/07/2026,03:43,X1,ฝากโอน,ATS,,,6225.35,9029.61,OMISE CO LTD
4070000001,ร้านตัวอย่าง,ออมทรัพย์,THB,5033,01/07/2026,09:10,FE,ค่าธรรมเนียม,ENET,,10.00,,9019.61,FEE
""",
        "utf-8-sig",
    ),
    """
kind = "csv"
columns = { date = ["Date", "Time"], debit = "Withdrawal", credit = "Deposit", currency = "Currency Code", description = ["Tr Description", "Description"], reference = "Cheque No." }
date_format = ["%d/%m/%Y %H:%M"]
filter = { "Account Number" = ["*4070000001"] }
""",
    (("2026-07-01", 622_535), ("2026-07-01", -1_000)),
    (622_535,),
)

_KBANK_TITLE = """
,"สำนักงานใหญ่ KASIKORNBANK",,,,,,,,,,,
,,,,,,,,,,,,
,Reference Code,STM2569080001,,,,,,,,,,
,"1 Some Road⏎Bangkok",,,,,,,,,,,
,Account Number,XXX-X-XX123-4,,,,,,,,,,
,Period,01/08/2026 - 31/08/2026,,,,,,,,,,
,Ending Balance,"91,901.58",,,,,,,,,,
,TOTAL WITHDRAWAL 0 ITEMS,0.00,,,,,,,,,,
,TOTAL DEPOSIT 1 ITEMS,"79,901.58",,,,,,,,,,
,,,,,,,,,,,,
"""
_KBANK_FILTER = 'filter = { Descriptions = ["!Beginning Balance", "!Ending Balance", "!ยอดยกมา"] }'
_KBANK_DATES = 'date_format = ["%d-%m-%y"]'
KBANK = BankExport(
    "kbank",
    "th",
    "kbiz.csv",
    text(
        _KBANK_TITLE
        + """,Date,"Time/⏎Eff.Date",Descriptions,Withdrawal,,Deposit,,"Outstanding⏎Balance",,Channel,,Details
,01-08-26,,Beginning Balance,,,,,"12,000.00",,,,
,03-08-26,08:15,Automatic Deposit,,,"79,901.58",,"91,901.58",,Automatic Transfer,,From OMISE CO LTD
""",
        "utf-8-sig",
    ),
    f"""
kind = "csv"
columns = {{ date = "Date", debit = "Withdrawal", credit = "Deposit", description = ["Descriptions", "Details"], reference = "Channel" }}
{_KBANK_DATES}
{_KBANK_FILTER}
""",
    (("2026-08-03", 7_990_158),),
    (7_990_158,),
    ignored=1,
)
KBANK_THAI = BankExport(
    "kbank in Thai",
    "th",
    "kbiz-th.csv",
    text(
        _KBANK_TITLE
        + """,วันที่,เวลา/ วันที่มีผล,รายการ,ถอนเงิน,,ฝากเงิน,,ยอดคงเหลือ,,ช่องทาง,,รายละเอียด
,01-08-26,,ยอดยกมา,,,,,"12,000.00",,,,
,03-08-26,08:15,รับโอนเงิน,,,"79,901.58",,"91,901.58",,โอนเงินอัตโนมัติ,,จาก OMISE CO LTD
""",
        "utf-8-sig",
    ),
    f"""
kind = "csv"
columns = {{ date = {{ any = ["Date", "วันที่"] }}, debit = {{ any = ["Withdrawal", "ถอนเงิน"] }}, credit = {{ any = ["Deposit", "ฝากเงิน"] }}, description = {{ any = [["Descriptions", "Details"], ["รายการ", "รายละเอียด"]] }} }}
{_KBANK_DATES}
filter = {{ "รายการ" = ["!ยอดยกมา"] }}
""",
    (("2026-08-03", 7_990_158),),
    (7_990_158,),
    ignored=1,
)
KBANK_RECENT = BankExport(
    "kbank recent",
    "th",
    "recent_transaction_20260703_080000.csv",
    text(
        """
"Account number : XXX-X-XX123-4"
"From Date : 02/07/2026"
"To Date : 02/07/2026"
"Transaction Date","Transaction","Withdrawal (Baht)","Deposit (Baht)","Account/PromptPay or Biller","Channel"
"2026-07-02 23:15:13","โอนเงิน","-1,883.20","","X1234 ร้านข","K PLUS"
"2026-07-02 08:00:01","รับโอนเงิน","","5,000.00","OMISE CO LTD","Automatic Transfer"
""",
        "utf-8-sig",
    ),
    """
kind = "csv"
columns = { date = "Transaction Date", debit = "Withdrawal (Baht)", credit = "Deposit (Baht)", description = ["Transaction", "Account/PromptPay or Biller"], reference = "Channel" }
""",
    (("2026-07-02", -188_320), ("2026-07-02", 500_000)),
    (500_000,),
)
KRUNGTHAI = BankExport(
    "krungthai",
    "th",
    "ktb.csv",
    text(
        """
เลขที่บัญชี,วันที่ & เวลา,คำอธิบายรายการ,ถอน,ฝาก,ยอดเงินคงเหลือ
9870000001,3 ส.ค. 2569 - 08:15,โอนเงินเข้า OMISE,-,"79,901.58","91,901.58"
9870000001,3 ส.ค. 2569 - 09:00,ค่าธรรมเนียม,10.00,-,"91,891.58"
"""
    ),
    """
kind = "csv"
columns = { date = "วันที่ & เวลา", debit = "ถอน", credit = "ฝาก", description = "คำอธิบายรายการ" }
date_format = ["%d %b %Y - %H:%M", "%d %b %Y - %H:%M:%S"]
era = "buddhist"
""",
    (("2026-08-03", 7_990_158), ("2026-08-03", -1_000)),
    (7_990_158,),
)
# Shapes that importers' tests have: a two-digit Buddhist year, marks beside the amounts, totals, a day that is only
# in the Buddhist era's leap year, and the encoding of Thai Windows.
OTHER_THAI = BankExport(
    "other Thai",
    "th",
    "statement.csv",
    text(
        """
วันที่,เวลา,รายละเอียด,เลขที่อ้างอิง,ถอนเงิน,ฝากเงิน,คงเหลือ,ช่องทาง
29/02/67,,ยอดยกมา,,,,฿ 100.00,
29/02/67,09:00,รับโอน OMISE,R1,,"฿ 1,234.50","1,334.50",ATS
01/03/67,09:00,ค่าธรรมเนียม,R2,(250.00),,"1,084.50",ENET
02/03/67,10:00,ถอนเงิน,R3,250.00 DR,,834.50,ATM
,,รวม,,500.00,"1,234.50",,
,,ยอดยกไป,,,,834.50,
""",
        "cp874",
        "\r\n",
    ),
    """
kind = "csv"
columns = { date = "วันที่", debit = "ถอนเงิน", credit = "ฝากเงิน", description = "รายละเอียด", reference = "เลขที่อ้างอิง" }
date_format = "%d/%m/%y"
era = "buddhist"
filter = { "รายละเอียด" = ["!ยอดยกมา", "!รวม"] }
""",
    (("2024-02-29", 123_450), ("2024-03-01", -25_000), ("2024-03-02", -25_000)),
    (123_450,),
    ignored=3,
    encoding="cp874",
)
EXPORTS = (SCB, KBANK, KBANK_THAI, KBANK_RECENT, KRUNGTHAI, OTHER_THAI)

"""MT940 as different banks write it: each statement is read with sums that agree, or stands aside with a reason.

All of it is made up, by the rules of the format and the habits of the banks named.
"""

from pathlib import Path

import pytest

from recon import columns as c
from tests.kit.bank_files import load

# Name, statements as text, and per statement that is read the amounts of its lines; the number of alarms.
READ: list[tuple[str, str, list[list[int]], int]] = [
    (
        "ASNB: a reference longer than the format's 16 characters",
        """:20:0000000000
:25:NL81ASNB9999999999
:28C:1/1
:60F:C200101EUR404,81
:61:2001010101D65,00NOVBNL47INGB9999999999
hr gjlm paulissen
:86:NL47INGB9999999999 hr gjlm paulissen

Betaling sieraden

:61:2001020102C1,41NINCNL08ABNA9999999999
:86:NL08ABNA9999999999 OMISE
:62F:C200102EUR341,22
""",
        [[-6_500, 141]],
        0,
    ),
    (
        "ING: structured :86: and :64: :65:",
        """:20:P140220000000001
:25:NL69INGB0123456789EUR
:28C:00000
:60F:C140219EUR662,23
:61:1402200220C1,56NTRFEREF//00000000001005
/TRCD/00100/
:86:/EREF/EV12341REP1231456T1234//CNTP/NL32INGB0000012345/INGBNL2A/ING
BANK NV INZAKE WEB///REMI/USTD//EV10001REP1000000T1000/
:62F:C140220EUR663,79
:64:C140220EUR663,79
:65:C140221EUR663,79
:86:/SUM/0/1/0,00/1,56/
""",
        [[156]],
        0,
    ),
    (
        "ABN AMRO: envelope of its own, no :28C: page",
        """ABNANL2A
940
ABNANL2A
:20:ABN AMRO BANK NV
:25:517852257
:28:19321/1
:60F:C110522EUR3236,28
:61:1105240524D9,N192NONREF
:86:GIRO   428428 KPN - DIGITENNE    BETALINGSKENM.  000000042188659
:61:1105210523C11,59N426NONREF
:86:BEA   NR:XXX1234   21.05.11/12.54
:62F:C110523EUR3238,87
-
""",
        [[-900, 1_159]],
        0,
    ),
    (
        "Rabobank: letters after the mark of the funds",
        """:940:
:20:940S121017
:25:NL50RABO0123456789 EUR
:28C:12290/1
:60F:C121016EUR000000000035,00
:61:121017C000000000010,00N544EREF
NL40INGB0123456789
:86:/EREF/02-04-2013 22:56 1120000153447185//BENM//NAME/OMISE/REMI/x
:62F:C121017EUR000000000045,00
""",
        [[1_000]],
        0,
    ),
    (
        "Sparkasse: ?-sub-fields over several lines",
        """:20:STARTUMSE
:25:12345678/0123456789
:28C:00000/001
:60F:C110301EUR1200,00
:61:1103010301DR5,00NMSCKREF+
:86:008?00DAUERAUFTRAG?100599?20EREF+TFNR 22006 001?21KREF+2013102800
0000000001?22MREF+M-1?30TESTDETEXXX?31DE14740618130000033626?32TEST
:61:1103020302CR600,00NTRF//BREF
:86:166?00GUTSCHRIFT?20OMISE PAYOUT?21MARCH?32OMISE
:62F:C110302EUR1795,00
-
""",
        [[-500, 60_000]],
        0,
    ),
    (
        "mBank: zloty, no :61: entry date",
        """:20:ST080514CYC/03
:25:PL12345678901234567890123456
:28C:3
:60F:C080513EUR140,11
:61:080514C0,02N152NONREF//BR08134121000000
:86:844 844 UZNANIE KWOTA~21
:61:080514D10,00NTRFNONREF
:86:PRZELEW
:62F:C080514EUR130,13
""",
        [[2, -1_000]],
        0,
    ),
    (
        "SCB Thailand: baht, CRLF and a block trailer",
        """{1:F01SICOTHBKAXXX0000000000}{2:I940XXXX}{4:
:20:SCB260312
:25:1113933333
:28C:71/1
:60F:C260311THB1250000,25
:61:2603120312C48250,75NTRFNONREF//TH260312001
:86:OMISE CO LTD PAYOUT
:62F:C260312THB1298251,00
-}{5:{CHK:000000000000}}
""".replace("\n", "\r\n"),
        [[4_825_075]],
        0,
    ),
    (
        "DBS: overdrawn, then not",
        """:20:DBS-1
:25:0030012345
:28C:00001/00001
:60F:D260312SGD500,00
:61:2603120312C750,00NCHKOMISE PAYOUT//DBS1
:86:FAST INCOMING
:62F:C260312SGD250,00
-
""",
        [[75_000]],
        0,
    ),
    (
        "overdrawn at both ends",
        """:20:NEG
:25:1
:28C:1
:60F:D260312THB10,00
:61:2603120312D5,50NCHG
:62F:D260312THB15,50
""",
        [[-550]],
        0,
    ),
    (
        "a credit taken back, a debit taken back",
        """:20:REV
:25:1
:28C:1
:60F:C260312THB100,00
:61:2603120312RC40,00NTRFNONREF//R1
:86:REVERSAL OF CREDIT
:61:2603120312RD15,00NTRFNONREF//R2
:86:REVERSAL OF DEBIT
:62F:C260312THB75,00
""",
        [[-4_000, 1_500]],
        0,
    ),
    (
        "no entry date over the year's end",
        """:20:YEAR
:25:1
:28C:1
:60F:C251231JPY1000,
:61:251231C500,NTRFNONREF
:62F:C260101JPY1500,
""",
        [[500]],
        0,
    ),
    (
        "no line at all",
        """:20:EMPTY
:25:1
:28C:9/1
:60F:C260312THB0,00
:62F:C260312THB0,00
""",
        [[]],
        0,
    ),
    (
        "several statements in one file",
        """:20:S1
:25:1
:28C:1/1
:60F:C260310THB0,00
:61:2603100310C1,00NTRFNONREF//A
:62F:C260310THB1,00
-
:20:S2
:25:1
:28C:2/1
:60F:C260310THB1,00
:61:2603110311C2,00NTRFNONREF//B
:62F:C260311THB3,00
-
""",
        [[100], [200]],
        0,
    ),
    (
        "pages: an intermediate closing, then an intermediate opening",
        """:20:P1
:25:1
:28C:5/1
:60F:C260312THB0,00
:61:2603120312C10,00NTRFNONREF//A
:62M:C260312THB10,00
-
:20:P1
:25:1
:28C:5/2
:60M:C260312THB10,00
:61:2603120312C20,00NTRFNONREF//B
:62F:C260312THB30,00
-
""",
        [[1_000], [2_000]],
        0,
    ),
    (
        "no closing balance",
        """:20:OPEN
:25:1
:28C:1
:60F:C260312THB0,00
:61:2603120312C10,00NTRFNONREF
""",
        [],
        1,
    ),
    (
        "a closing balance that is off by one satang, beside a good statement",
        """:20:OFF
:25:1
:28C:1
:60F:C260312THB0,00
:61:2603120312C10,00NTRFNONREF//A
:62F:C260312THB10,01
-
:20:GOOD
:25:1
:28C:1
:60F:C260312THB0,00
:61:2603120312C10,00NTRFNONREF//B
:62F:C260312THB10,00
""",
        [[1_000]],
        1,
    ),
    (
        "a thirteenth month",
        """:20:DATE
:25:1
:28C:1
:60F:C260312THB0,00
:61:2613120312C10,00NTRFNONREF
:62F:C260312THB10,00
""",
        [],
        1,
    ),
    (
        "two currencies",
        """:20:CUR
:25:1
:28C:1
:60F:C260312THB0,00
:61:2603120312C10,00NTRFNONREF
:62F:C260312USD10,00
""",
        [],
        1,
    ),
    (
        "a third decimal",
        """:20:DEC
:25:1
:28C:1
:60F:C260312THB0,00
:61:2603120312C10,005NTRFNONREF
:62F:C260312THB10,00
""",
        [],
        1,
    ),
    (
        "a line without mark of debit or credit",
        """:20:MARK
:25:1
:28C:1
:60F:C260312THB0,00
:61:260312031210,00NTRFNONREF
:62F:C260312THB10,00
""",
        [],
        1,
    ),
    (
        "no opening balance",
        """:20:HALF
:25:1
:28C:1
:61:2603120312C10,00NTRFNONREF
:62F:C260312THB10,00
""",
        [],
        1,
    ),
    (
        "two payouts of one sum and day",
        """:20:TWIN
:25:1
:28C:1
:60F:C260312THB0,00
:61:2603120312C10,00NTRFNONREF
:86:OMISE
:61:2603120312C10,00NTRFNONREF
:86:OMISE
:62F:C260312THB20,00
""",
        [[1_000, 1_000]],
        0,
    ),
    (
        "an unknown tag between the lines",
        """:20:TAG
:25:1
:28C:1
:NS:22KONTO
:60F:C260312THB0,00
:61:2603120312C10,00NTRFNONREF
:86:OMISE
:NS:01more
:62F:C260312THB10,00
""",
        [[1_000]],
        0,
    ),
]


@pytest.mark.parametrize(("name", "text", "amounts", "alarms"), READ, ids=[one[0] for one in READ])
def test_it_is_read_with_sums_that_agree_or_an_alarm(
    name: str, text: str, amounts: list[list[int]], alarms: int, tmp_path: Path
) -> None:
    del name
    currency = next((code for code in ("EUR", "SGD", "JPY") if code in text), "THB")
    found = load(tmp_path, "mt940", {"a.sta": text}, currency=currency)
    assert found.unreadable == ()
    assert found.proved == len(amounts)
    assert list(found.lines[c.AMOUNT]) == [amount for lines in amounts for amount in lines]
    assert len(found.rejected) == alarms


@pytest.mark.parametrize(
    ("encoding", "payer"), [("cp1252", "GESCHÄFT MÜLLER"), ("cp874", "บริษัท ตัวอย่าง"), ("utf-8-sig", "บริษัท")]
)
def test_the_bank_s_own_encoding(encoding: str, payer: str, tmp_path: Path) -> None:
    text = READ[6][1].replace("OMISE CO LTD PAYOUT", f"OMISE {payer}")
    known = "utf-8" if encoding == "utf-8-sig" else encoding
    found = load(tmp_path, "mt940", {"a.sta": text.encode(encoding)}, encoding=known)
    assert list(found.lines[c.DESCRIPTION]) == [f"OMISE {payer}"]
    assert len(found.rejected) == 0

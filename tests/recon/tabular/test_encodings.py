"""Encodings of files: found where only one can be meant, and said where not."""

import re

import pytest

from recon.tabular.encodings import decoded
from recon.tabular.files import SourceFile
from recon.tabular.table import SourceUnreadable

THAI = "วันที่,รายละเอียด\n3 พ.ย. 2569,ร้านตัวอย่าง “ก” โอนเข้า\n"
JAPANESE = "日付,摘要内容\n令和8年11月1日,振込　ｵﾐｾ(ｶ ﾊﾞﾝｸ 髙橋\n"
FRENCH = "date,libellé\n2026-11-01,Virement reçu – été à l’hôtel 10 €\n"
PLAIN = "date,amount\n2026-11-01,1.00\n"


def found(content: bytes, encoding: str | None = None) -> tuple[str, str]:
    return decoded(SourceFile("a.csv", content), encoding, "bank.x")


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (PLAIN, "ascii", "utf-8"),
        (THAI, "utf-8", "utf-8"),
        (THAI, "utf-8-sig", "utf-8"),
        (THAI, "cp874", "cp874"),
        ("a,b\n1,3 พ.ย. 2569\n", "cp874", "cp874"),
        ("a,b\n1,฿1.00\n", "cp874", "cp874"),
        (JAPANESE, "cp932", "cp932"),
        (JAPANESE.replace("髙", "高"), "shift_jis", "cp932"),
        (FRENCH, "cp1252", "cp1252"),
        (THAI, "utf-16", "utf-16"),
        (JAPANESE, "utf-16-le", "utf-16-le"),
        (PLAIN, "utf-16-be", "utf-16-be"),
    ],
)
def test_the_only_encoding_that_can_be_is_found(text: str, encoding: str, name: str) -> None:
    assert found(text.encode(encoding)) == (text, name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\nｵﾐｾ\n".encode("cp932"), "a.csv can be cp874 or cp932 text: set "),
        (b"a\n\x81\x00\xff\n", r"a.csv is not utf-8 text \(line 2\): set "),
        ("a\nüäö ÄÖÜ ßßß\n".encode("cp1252"), "a.csv is not utf-8 text"),
    ],
)
def test_what_cannot_be_told_is_said(content: bytes, words: str) -> None:
    with pytest.raises(SourceUnreadable, match=words + (r"\[bank.x\] encoding" if words.endswith("set ") else "")):
        found(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04\x14\0", "is a workbook or an archive, no CSV: set the kind of [bank.x] to what it is"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook or an archive"),
        (b"PAR1\x15", "is a Parquet file"),
        (b"%PDF-1.7\n", "is a PDF, which is not read: export it as CSV"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html>", "is a web page (HTML)"),
        (b"<TABLE border=1>", "is a web page (HTML)"),
    ],
)
@pytest.mark.parametrize("encoding", [None, "cp874"])
def test_what_is_no_text_of_cells_is_named(content: bytes, words: str, encoding: str | None) -> None:
    with pytest.raises(SourceUnreadable, match=re.escape(f"a.csv {words}")):
        found(content, encoding)


def test_the_configuration_wins() -> None:
    assert found("a\nｵﾐｾ\n".encode("cp932"), "cp932")[0] == "a\nｵﾐｾ\n"
    with pytest.raises(SourceUnreadable, match=r'is not ascii text \(line 1\).*it is "ascii" now'):
        found(THAI.encode("cp874"), "ascii")


@pytest.mark.parametrize(
    ("encoding", "written", "other"),
    [("utf-8", "cp874", "utf-8"), ("utf-8", "cp1252", "utf-8"), ("utf-16-le", "cp874", "utf-16")],
)
def test_a_written_encoding_that_is_another_is_told(encoding: str, written: str, other: str) -> None:
    words = rf'a.csv is {other} text: set \[bank.x\] encoding to .*; it is "{written}" now'
    with pytest.raises(SourceUnreadable, match=words):
        found(("วันที่\nรก\n" if written == "cp874" else "ü\né\n").encode(encoding), written)


def test_a_written_encoding_that_can_be_is_believed() -> None:
    assert found("รก\n".encode("cp874"), "cp874") == ("รก\n", "cp874")
    assert "รก\n".encode("cp874").decode("utf-8")  # as which it would be read where nothing is written

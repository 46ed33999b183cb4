"""Exports of banks in Japan, whose money has no decimals."""

# ruff: noqa: E501 (lines as banks write them)

from tests.kit.bank_exports import BankExport, text

_IN_AND_OUT = (("2026-09-01", 230_090), ("2026-09-02", -220))
_PAYOUT = (230_090,)


def _japanese(name: str, lines: str, settings: str, ignored: int = 0) -> BankExport:
    content = text(lines, "cp932", "\r\n")
    return BankExport(name, "jp", "meisai.csv", content, settings, _IN_AND_OUT, _PAYOUT, ignored, "cp932")


MUFG = _japanese(
    "mufg direct",
    """
"日付","摘要","摘要内容","支払い金額","預かり金額","差引残高","メモ","未資金化区分","入払区分"
"2026/9/1","振込１","ｵﾐｾ(ｶ","","230,090","1,230,090","","","振替入金"
"2026/9/2","手数料","","220","","1,229,870","","","振替支払い"
"合計","","","220","230,090","","","",""
""",
    """
kind = "csv"
columns = { date = "日付", debit = "支払い金額", credit = "預かり金額", description = ["摘要", "摘要内容"] }
filter = { "日付" = ["!合計"] }
""",
    ignored=1,
)
MUFG_BIZ = _japanese(
    "mufg bizstation",
    """
金融機関コード,金融機関名,支店コード,支店名,科目,口座番号,口座名,取引日,入払区分,取引区分,取引金額,内他店券金額,手形・小切手区分,手形・小切手番号,振込依頼人番号,振込依頼人名,仕向金融機関名,仕向支店名,摘要,EDI情報
0005,ﾐﾂﾋﾞｼUFJ,001,ﾎﾝﾃﾝ,1,1234567,ﾃﾞﾓ(ｶ,080901,1,11,000000230090,0,,,0000000001,ｵﾐｾ(ｶ,ﾐﾂｲｽﾐﾄﾓ,ﾎﾝﾃﾝ,ﾌﾘｺﾐ,
0005,ﾐﾂﾋﾞｼUFJ,001,ﾎﾝﾃﾝ,1,1234567,ﾃﾞﾓ(ｶ,080902,2,14,000000000220,0,,,,,,,ﾃｽｳﾘﾖｳ,
""",
    """
kind = "csv"
columns = { date = "取引日", amount = "取引金額", description = ["振込依頼人名", "摘要"], reference = "振込依頼人番号" }
direction = { column = "入払区分", credit = ["1"], debit = ["2"] }
date_format = "%y%m%d"
era = "japanese"
""",
)
MUFG_ALL = _japanese(
    "mufg bizstation, all details",
    """
1,0005,ﾐﾂﾋﾞｼUFJ,001,ﾎﾝﾃﾝ,1,1234567,ﾃﾞﾓ(ｶ,2026.9.1-2026.9.30,,,,,,
2,2026.9.1,振込,ｵﾐｾ(ｶ,0,230090,1230090
2,2026.9.2,手数料,,220,0,1229870
8
9,1,220,1,230090,1000000,1229870
""",
    """
kind = "csv"
header_row = 0
columns = { date = 2, description = [3, 4], debit = 5, credit = 6 }
filter = { 1 = ["2"] }
""",
    ignored=3,
)
SMBC = _japanese(
    "smbc direct",
    """
年月日,お引出し,お預入れ,お取り扱い内容,残高,メモ,ラベル
2026/9/1,,230090,振込　ｵﾐｾ(ｶ,1230090,,
2026/9/2,220,,手数料,1229870,,
""",
    """
kind = "csv"
columns = { date = { any = ["年月日", "お取引日", "年月日（和暦）"] }, debit = "お引出し", credit = "お預入れ", description = "お取り扱い内容" }
""",
)
SMBC_OLD = BankExport(
    "smbc direct, older",
    "jp",
    "meisai.csv",
    text(
        """
年月日（和暦）,お引出し,お預入れ,お取り扱い内容,残高
H30.01.15,,230090,振込　ｵﾐｾ(ｶ,1230090
H30.01.16,-220,,手数料,1229870
""",
        "cp932",
    ),
    SMBC.settings + 'era = "japanese"\n',
    (("2018-01-15", 230_090), ("2018-01-16", -220)),
    _PAYOUT,
    encoding="cp932",
)
MIZUHO = _japanese(
    "mizuho direct",
    """
みずほダイレクト
お取引店,本店
科目,普通
口座番号,1234567
口座名,デモ（カ
照会期間,2026.09.01-2026.09.30

明細件数,2件

明細通番,日付,お引出金額,お預入金額,残高,お取引内容
1,2026.09.01,-,230090,1230090,振込 ｵﾐｾ(ｶ
2,2026.09.02,220,-,1229870,手数料
※残高は照会時点のものです。,,,,,
""",
    """
kind = "csv"
columns = { date = "日付", debit = "お引出金額", credit = "お預入金額", description = "お取引内容", reference = "明細通番" }
""",
    ignored=1,
)
MIZUHO_BIZ = _japanese(
    "mizuho e-business",
    """
"照会口座","番号","勘定日","（起算日）","出金金額（円）","入金金額（円）","小切手区分","残高（円）","取引区分","明細区分","金融機関名","支店名","摘要"
"普通1234567","1","2026年09月01日","","","230,090","","1,230,090","振込","","三井住友","本店","ｵﾐｾ(ｶ"
"普通1234567","2","2026年09月02日","","220","","","1,229,870","手数料","","","",""
""",
    """
kind = "csv"
columns = { date = "勘定日", debit = { any = ["出金金額(円)", "出金(円)"] }, credit = { any = ["入金金額(円)", "入金(円)"] }, description = ["取引区分", "摘要"], reference = "番号" }
""",
)
RAKUTEN = _japanese(
    "rakuten",
    """
取引日,入出金(円),取引後残高(円),入出金内容
20260901,230090,1230090,オミセ（カ
20260902,-220,1229870,手数料
""",
    """
kind = "csv"
columns = { date = "取引日", amount = "入出金(円)", description = { any = ["入出金内容", "入出金先内容"] } }
""",
)
PAYPAY = _japanese(
    "paypay bank",
    """
"操作日(年)","操作日(月)","操作日(日)","操作時刻(時)","操作時刻(分)","操作時刻(秒)","取引順番号","摘要","お支払金額","お預り金額","残高","メモ"
"2026","9","1","10","5","0","1","振込　オミセ（カ  ","","230,090","1,230,090",""
"2026","9","2","9","0","0","1","手数料","220","","1,229,870",""
""",
    """
kind = "csv"
columns = { date = ["操作日(年)", "操作日(月)", "操作日(日)", "操作時刻(時)", "操作時刻(分)", "操作時刻(秒)"], debit = "お支払金額", credit = "お預り金額", description = "摘要", reference = "取引順番号" }
date_format = "%Y %m %d %H %M %S"
""",
)
YUCHO = _japanese(
    "yucho direct",
    """
お客さま口座情報
現在高：,1229870円
出力日時：,令和8年9月30日 10時00分
口座番号,10000-12345671
照会対象,通常貯金
明細件数,2件

取引日,入出金明細ＩＤ,受入金額（円）,払出金額（円）,詳細１,詳細２,現在（貸付）高,
20260901,0001,230090,,振込,オミセ（カ,1230090,
20260902,0002,,220,料金,,1229870,
""",
    """
kind = "csv"
columns = { date = "取引日", debit = "払出金額（円）", credit = "受入金額（円）", description = ["詳細1", "詳細2"], reference = "入出金明細ID" }
""",
)
EXPORTS = (MUFG, MUFG_BIZ, MUFG_ALL, SMBC, SMBC_OLD, MIZUHO, MIZUHO_BIZ, RAKUTEN, PAYPAY, YUCHO)

"""Statements that ofxtools writes are read by ttai with the same values, in both forms of OFX."""

import datetime
import itertools
import json
import random
import subprocess
import sys
import tempfile
import traceback
import xml.etree.ElementTree as ET
from decimal import Decimal

from ofxtools import models
from ofxtools.Parser import OFXTree
from ofxtools.header import make_header
from ofxtools.utils import UTC

READER = sys.argv[1]
NOW = datetime.datetime(2014, 6, 20, 16, 30, tzinfo=UTC)
EASTERN = datetime.timezone(datetime.timedelta(hours=-5), "EST")
# Values which only an XML writer escapes, and letters beyond ASCII.
MEMO = "Smith & Sons <Ltd> \"x\" 'y'"

STOCK = models.SECID(uniqueid="037833100", uniqueidtype="CUSIP")
PUT = models.SECID(uniqueid="OPT1", uniqueidtype="OTHER")
FUND = models.SECID(uniqueid="922908769", uniqueidtype="CUSIP")
SYMBOLS = {"037833100": "AAPL", "OPT1": "AAPL  140621P00630000", "922908769": "VTI"}


def securities():
    info = lambda secid, name, ticker: models.SECINFO(secid=secid, secname=name, ticker=ticker)
    return models.SECLIST(
        models.STOCKINFO(secinfo=info(STOCK, "Apple Inc", "AAPL")),
        models.MFINFO(secinfo=info(FUND, "Total Market", "VTI")),
        models.OPTINFO(secinfo=info(PUT, "AAPL Jun 630 put", "AAPL_062114P630"), opttype="PUT", strikeprice=Decimal("630"),
                       dtexpire=datetime.datetime(2014, 6, 21, tzinfo=UTC), shperctrct=100, secid=STOCK),
    )


numbers = itertools.count(1)


def invtran(when=NOW, **more):
    return models.INVTRAN(fitid=f"F{next(numbers)}", dttrade=when, **more)


def trade(kind, body, secid, units, price, total, when=NOW, **more):
    accounts = {"subacctsec": "MARGIN", "subacctfund": "MARGIN"}
    tran = invtran(when, memo=MEMO)
    inner = body(invtran=tran, secid=secid, units=Decimal(units), unitprice=Decimal(price), commission=Decimal("1.05"), total=Decimal(total), **accounts)
    return kind(**{body.__name__.lower(): inner}, **more)


def invested():
    cash = {"subacctsec": "CASH", "subacctfund": "CASH"}
    return [
        trade(models.SELLOPT, models.INVSELL, PUT, "-2", "5.05", "1008.95", optselltype="SELLTOOPEN", shperctrct=100),
        trade(models.BUYOPT, models.INVBUY, PUT, "2", "1.10", "-221.05", when=NOW.astimezone(EASTERN), optbuytype="BUYTOCLOSE", shperctrct=100),
        trade(models.BUYSTOCK, models.INVBUY, STOCK, "100", "90.9100", "-9092.05", buytype="BUY"),
        trade(models.SELLSTOCK, models.INVSELL, STOCK, "-100", "91.86", "9184.95", selltype="SELL"),
        trade(models.BUYMF, models.INVBUY, FUND, "0.12345", "99.99", "-12.34", buytype="BUY"),
        models.CLOSUREOPT(invtran=invtran(), secid=PUT, optaction="EXPIRE", units=Decimal("2"), shperctrct=100, subacctsec="MARGIN"),
        models.CLOSUREOPT(invtran=invtran(), secid=PUT, optaction="ASSIGN", units=Decimal("1"), shperctrct=100, subacctsec="MARGIN"),
        models.INCOME(invtran=invtran(), secid=STOCK, incometype="DIV", total=Decimal("47.00"), **cash),
        models.INVEXPENSE(invtran=invtran(), secid=STOCK, total=Decimal("-3.10"), **cash),
        models.MARGININTEREST(invtran=invtran(), total=Decimal("-12.34"), subacctfund="MARGIN"),
        models.RETOFCAP(invtran=invtran(), secid=FUND, total=Decimal("5"), **cash),
        models.INVBANKTRAN(stmttrn=posted("CREDIT", "2500.00"), subacctfund="CASH"),
    ]


def posted(kind, amount, when=NOW):
    return models.STMTTRN(trntype=kind, dtposted=when, trnamt=Decimal(amount), fitid=f"F{next(numbers)}", name="ACME & CO", memo=MEMO)


def status():
    return models.STATUS(code=0, severity="INFO")


def document(transactions, bank):
    signon = models.SIGNONMSGSRSV1(sonrs=models.SONRS(status=status(), dtserver=NOW, language="ENG"))
    account = models.INVACCTFROM(brokerid="broker.com", acctid="U123")
    listed = models.INVTRANLIST(*transactions, dtstart=NOW, dtend=NOW)
    invstmt = models.INVSTMTRS(dtasof=NOW, curdef="USD", invacctfrom=account, invtranlist=listed)
    banked = models.BANKTRANLIST(*bank, dtstart=NOW, dtend=NOW)
    balance = models.LEDGERBAL(balamt=Decimal("1"), dtasof=NOW)
    stmt = models.STMTRS(curdef="USD", bankacctfrom=models.BANKACCTFROM(bankid="1", acctid="B456", accttype="CHECKING"),
                         banktranlist=banked, ledgerbal=balance)
    card = models.CCSTMTRS(curdef="CAD", ccacctfrom=models.CCACCTFROM(acctid="C789"), ledgerbal=balance,
                           banktranlist=models.BANKTRANLIST(posted("FEE", "-25"), dtstart=NOW, dtend=NOW))
    return models.OFX(
        signonmsgsrsv1=signon,
        bankmsgsrsv1=models.BANKMSGSRSV1(models.STMTTRNRS(trnuid="1", status=status(), stmtrs=stmt)),
        creditcardmsgsrsv1=models.CREDITCARDMSGSRSV1(models.CCSTMTTRNRS(trnuid="2", status=status(), ccstmtrs=card)),
        invstmtmsgsrsv1=models.INVSTMTMSGSRSV1(models.INVSTMTTRNRS(trnuid="3", status=status(), invstmtrs=invstmt)),
        seclistmsgsrsv1=models.SECLISTMSGSRSV1(securities()),
    )


def written(ofx, version, closed):
    header = str(make_header(version=version)).encode("ascii")
    tree = ofx.to_etree()
    if closed:
        return header + ET.tostring(tree)
    from ofxtools.utils import tostring_unclosed_elements
    return header + tostring_unclosed_elements(tree)


def read(content):
    with tempfile.NamedTemporaryFile(suffix=".ofx") as file:
        file.write(content)
        file.flush()
        return json.loads(subprocess.run([READER, file.name], check=True, capture_output=True, text=True).stdout)


KINDS = {"EXPIRE": "expiration", "ASSIGN": "assignment", "EXERCISE": "exercise"}


def expected(content):
    """What ofxtools itself reads in the file."""
    parser = OFXTree()
    with tempfile.NamedTemporaryFile(suffix=".ofx") as file:
        file.write(content)
        file.flush()
        parser.parse(file.name)
    rows = {}
    for statement in parser.convert().statements:
        account = statement.account.acctid
        for transaction in statement.transactions or []:
            rows[f"{account}/{identity(transaction)}"] = values(transaction)
    return rows


def identity(transaction):
    if isinstance(transaction, models.INVBANKTRAN):
        return transaction.stmttrn.fitid
    return transaction.fitid


def values(transaction):
    if isinstance(transaction, models.INVBANKTRAN):
        transaction = transaction.stmttrn
    if isinstance(transaction, models.STMTTRN):
        kind = {"FEE": "fee", "INT": "interest", "DIV": "dividend"}.get(transaction.trntype, "other")
        return (kind, None, None, None, transaction.trnamt, transaction.dtposted)
    kind = {
        "CLOSUREOPT": lambda: KINDS[transaction.optaction], "INCOME": lambda: "dividend", "INVEXPENSE": lambda: "fee",
        "MARGININTEREST": lambda: "interest", "RETOFCAP": lambda: "other",
    }.get(type(transaction).__name__, lambda: "trade")()
    secid = getattr(transaction, "secid", None)
    total = getattr(transaction, "total", None)
    return (kind, None if secid is None else SYMBOLS[secid.uniqueid], getattr(transaction, "units", None), getattr(transaction, "unitprice", None),
            total if total is not None else Decimal(0), transaction.dttrade)


def ours(row):
    number = lambda text: None if text is None else Decimal(text)
    when = datetime.datetime.fromisoformat(row["executed_at"].replace("Z", "+00:00"))
    return (row["kind"], row["symbol"], number(row["quantity"]), number(row["price"]), number(row["net_amount"]), when)


def same(content):
    found = read(content)
    assert not found["left_out"], found["left_out"]
    rows = {row["key"]: ours(row) for row in found["transactions"]}
    wanted = expected(content)
    assert rows.keys() == wanted.keys(), (rows.keys() ^ wanted.keys())
    for key, values in wanted.items():
        assert rows[key] == values, (key, rows[key], values)
    return found


FORMS = [(102, False), (103, False), (151, True), (160, False), (200, True), (203, True), (220, True)]


def every_kind_is_read_alike_in_every_form():
    for version, closed in FORMS:
        ofx = document(invested(), [posted("INT", "0.31"), posted("FEE", "-5"), posted("DEBIT", "-1234.56", NOW.astimezone(EASTERN))])
        found = same(written(ofx, version, closed))
        assert len(found["transactions"]) == 16, len(found["transactions"])


def texts_and_currencies_are_the_same():
    found = same(written(document(invested(), [posted("DEBIT", "-1")]), 203, True))
    notes = {row["note"] for row in found["transactions"]}
    assert MEMO in notes and f"ACME & CO; {MEMO}" in notes, notes
    currencies = {row["account"]: row["currency"] for row in found["transactions"]}
    assert currencies == {"U123": None, "B456": None, "C789": "CAD"}, currencies


def many_random_statements_are_the_same():
    chance = random.Random(20261129)
    for version, closed in FORMS * 3:
        rows = []
        for _ in range(chance.randrange(1, 40)):
            units, price = Decimal(chance.randrange(1, 10**6)).scaleb(-chance.randrange(4)), Decimal(chance.randrange(1, 10**6)).scaleb(-4)
            when = NOW - datetime.timedelta(seconds=chance.randrange(10**8))
            total = (units * price).quantize(Decimal("0.01"))
            if chance.random() < 0.5:
                rows.append(trade(models.BUYSTOCK, models.INVBUY, STOCK, units, price, -total, when, buytype="BUY"))
            else:
                rows.append(trade(models.SELLOPT, models.INVSELL, PUT, -units, price, total, when, optselltype="SELLTOOPEN", shperctrct=100))
        bank = [posted("DEBIT", Decimal(chance.randrange(-10**8, 10**8)).scaleb(-2), NOW) for _ in range(chance.randrange(20))]
        same(written(document(rows, bank), version, closed))


passed = failed = 0
for check in [every_kind_is_read_alike_in_every_form, texts_and_currencies_are_the_same, many_random_statements_are_the_same]:
    try:
        check()
        passed += 1
    except Exception:
        failed += 1
        print(f"FAILED {check.__name__}", file=sys.stderr)
        traceback.print_exc()
print(f"ofx: {passed} passed, {failed} failed")
sys.exit(failed > 0)

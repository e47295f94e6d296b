//! Statements as brokers and banks write them, and as nobody should.

use rust_decimal::Decimal;

use crate::{OfxKind, OfxStatements, OfxTransaction, read};

const SECURITIES: &str = "<SECLISTMSGSRSV1><SECLIST>\
    <STOCKINFO><SECINFO><SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID><SECNAME>Apple Inc<TICKER>AAPL</SECINFO></STOCKINFO>\
    <OPTINFO><SECINFO><SECID><UNIQUEID>OPT1<UNIQUEIDTYPE>OTHER</SECID><SECNAME>AAPL put<TICKER>AAPLX</SECINFO>\
    <OPTTYPE>PUT<STRIKEPRICE>630.00<DTEXPIRE>20140621<SHPERCTRCT>100<SECID><UNIQUEID>037833100<UNIQUEIDTYPE>CUSIP</SECID></OPTINFO>\
    <OPTINFO><SECINFO><SECID><UNIQUEID>OPT2<UNIQUEIDTYPE>OTHER</SECID><SECNAME>AAPL call<TICKER>AAPL  140621C00700000</SECINFO>\
    <OPTTYPE>CALL<STRIKEPRICE>700<DTEXPIRE>20140621<SHPERCTRCT>100</OPTINFO></SECLIST></SECLISTMSGSRSV1>";

fn invested(list: &str) -> OfxStatements {
    let text = format!(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:103\n\n<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><DTASOF>20140620\
         <CURDEF>USD<INVACCTFROM><BROKERID>b.com<ACCTID>U1</INVACCTFROM><INVTRANLIST><DTSTART>20140601<DTEND>20140620{list}\
         </INVTRANLIST></INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>{SECURITIES}</OFX>"
    );
    read(text.as_bytes()).unwrap()
}

fn trade(aggregate: &str, body: &str, security: &str, units: &str, total: &str, more: &str) -> String {
    format!(
        "<{aggregate}><{body}><INVTRAN><FITID>F-{units}-{total}<DTTRADE>20140609140000</INVTRAN><SECID><UNIQUEID>{security}\
         <UNIQUEIDTYPE>X</SECID><UNITS>{units}<UNITPRICE>5.05<TOTAL>{total}</{body}>{more}</{aggregate}>"
    )
}

fn one(list: &str) -> OfxTransaction {
    let found = invested(list);
    assert_eq!((found.left_out.as_slice(), found.transactions.len()), ([].as_slice(), 1), "{found:?}");
    found.transactions.into_iter().next().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn an_option_is_named_by_its_terms_or_its_ticker() {
    let sold =
        one(&trade("SELLOPT", "INVSELL", "OPT1", "-1", "503.95", "<OPTSELLTYPE>SELLTOOPEN<SHPERCTRCT>100"));
    assert_eq!((sold.kind, sold.detail.as_str()), (OfxKind::Trade, "Sell to Open"));
    assert_eq!(sold.symbol.as_deref(), Some("AAPL  140621P00630000"));
    assert_eq!(
        (sold.quantity, sold.price, sold.net_amount),
        (Some(decimal("-1")), Some(decimal("5.05")), decimal("503.95"))
    );
    assert_eq!(
        (sold.account.as_str(), sold.executed_at.to_rfc3339().as_str()),
        ("U1", "2014-06-09T14:00:00+00:00")
    );
    let bought =
        one(&trade("BUYOPT", "INVBUY", "OPT2", "2", "-101", "<OPTBUYTYPE>BUYTOCLOSE<SHPERCTRCT>100"));
    assert_eq!(
        (bought.symbol.as_deref(), bought.detail.as_str()),
        (Some("AAPL  140621C00700000"), "Buy to Close")
    );
    let unlisted = one(&trade("BUYSTOCK", "INVBUY", "594918104", "10", "-400", "<BUYTYPE>BUY"));
    assert_eq!(unlisted.symbol.as_deref(), Some("594918104"), "an identity is better than nothing");
}

#[test]
fn units_follow_the_trade_and_not_a_brokers_habit() {
    for (aggregate, body, units, total, expected) in [
        ("SELLSTOCK", "INVSELL", "100", "9000", "-100"),
        ("SELLSTOCK", "INVSELL", "-100", "9000", "-100"),
        ("SELLSTOCK", "INVSELL", "-1", "-0.35", "-1"),
        ("SELLSTOCK", "INVSELL", "100", "-9000", "100"),
        ("BUYSTOCK", "INVBUY", "100", "-9000", "100"),
        ("BUYSTOCK", "INVBUY", "-100", "9000", "-100"),
    ] {
        let found = one(&trade(aggregate, body, "037833100", units, total, ""));
        assert_eq!(found.quantity, Some(decimal(expected)), "{aggregate} {units} {total}");
    }
    let contradiction = invested(&trade("BUYSTOCK", "INVBUY", "037833100", "100", "9000", ""));
    assert_eq!(contradiction.transactions, []);
    assert!(contradiction.left_out[0].contains("contradict each other"), "{:?}", contradiction.left_out);
}

#[test]
fn ends_of_options_income_and_moves_have_their_kinds() {
    let invtran = "<INVTRAN><FITID>1<DTTRADE>20140620<MEMO>by &amp; by</INVTRAN><SECID><UNIQUEID>OPT1<UNIQUEIDTYPE>X</SECID>";
    for (list, kind, amount) in [
        (format!("<CLOSUREOPT>{invtran}<OPTACTION>ASSIGN<UNITS>1<SHPERCTRCT>100<SUBACCTSEC>MARGIN</CLOSUREOPT>"), OfxKind::Assignment, "0"),
        (format!("<CLOSUREOPT>{invtran}<OPTACTION>EXPIRE<UNITS>1<SHPERCTRCT>100<SUBACCTSEC>MARGIN</CLOSUREOPT>"), OfxKind::Expiration, "0"),
        (format!("<CLOSUREOPT>{invtran}<OPTACTION>EXERCISE<UNITS>1<SHPERCTRCT>100<SUBACCTSEC>MARGIN</CLOSUREOPT>"), OfxKind::Exercise, "0"),
        (format!("<INCOME>{invtran}<INCOMETYPE>DIV<TOTAL>47<SUBACCTSEC>CASH</INCOME>"), OfxKind::Dividend, "47"),
        (format!("<MARGININTEREST>{invtran}<TOTAL>-3.5<SUBACCTFUND>CASH</MARGININTEREST>"), OfxKind::Interest, "-3.5"),
        (format!("<INVEXPENSE>{invtran}<TOTAL>-2<SUBACCTSEC>CASH</INVEXPENSE>"), OfxKind::Fee, "-2"),
        (format!("<SPLIT>{invtran}<NUMERATOR>7<DENOMINATOR>1<OLDUNITS>10<NEWUNITS>70</SPLIT>"), OfxKind::Other, "0"),
        ("<INVBANKTRAN><STMTTRN><TRNTYPE>FEE<DTPOSTED>20140620<TRNAMT>-1<FITID>2<NAME>Wire</STMTTRN><SUBACCTFUND>CASH</INVBANKTRAN>".to_owned(), OfxKind::Fee, "-1"),
    ] {
        let found = one(&list);
        assert_eq!((found.kind, found.net_amount), (kind, decimal(amount)), "{list}");
        assert_eq!(found.executed_at.to_rfc3339(), "2014-06-20T00:00:00+00:00", "a day alone");
    }
    let reinvested =
        invested(&format!("<REINVEST>{invtran}<INCOMETYPE>DIV<TOTAL>-47<UNITS>0.5<UNITPRICE>94</REINVEST>"));
    let sums: Vec<(OfxKind, Decimal)> =
        reinvested.transactions.iter().map(|one| (one.kind, one.net_amount)).collect();
    assert_eq!(sums, [(OfxKind::Dividend, decimal("47")), (OfxKind::Trade, decimal("-47"))]);
}

fn banked(list: &str) -> OfxStatements {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><?OFX OFXHEADER=\"200\" VERSION=\"220\"?><OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>\
         <CURDEF>EUR</CURDEF><BANKACCTFROM><BANKID>1</BANKID><ACCTID>9</ACCTID></BANKACCTFROM><BANKTRANLIST>{list}</BANKTRANLIST>\
         </STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    );
    read(text.as_bytes()).unwrap()
}

fn posted(id: &str, amount: &str, more: &str) -> String {
    format!(
        "<STMTTRN><TRNTYPE>DEBIT</TRNTYPE><DTPOSTED>20261102120000[-5:EST]</DTPOSTED><TRNAMT>{amount}</TRNAMT><FITID>{id}</FITID>{more}</STMTTRN>"
    )
}

#[test]
fn an_id_that_comes_twice_loses_nothing_and_counts_nothing_twice() {
    let twice = posted("7", "-10", "");
    let found = banked(&format!("{twice}{twice}{}", posted("7", "-20", "")));
    let keys: Vec<&str> = found.transactions.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["9/7", "9/7/2"]);
    assert_eq!(found.warnings, ["several transactions have the id 7; each counts"]);
    assert_eq!(found.transactions[0].currency.as_deref(), Some("EUR"));
}

#[test]
fn corrections_replace_and_delete() {
    let replaced = banked(&format!(
        "{}{}",
        posted("1", "-10", ""),
        posted("2", "-11", "<CORRECTFITID>1</CORRECTFITID><CORRECTACTION>REPLACE</CORRECTACTION>")
    ));
    let ids: Vec<&str> = replaced.transactions.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["2"]);
    let deleted = banked(&format!(
        "{}{}",
        posted("1", "-10", ""),
        posted("2", "0", "<CORRECTFITID>1</CORRECTFITID><CORRECTACTION>DELETE</CORRECTACTION>")
    ));
    assert_eq!(deleted.transactions, []);
}

#[test]
fn what_cannot_be_read_is_left_out_and_the_rest_stays() {
    let list = [
        posted("1", "much", ""),
        posted("", "-1", ""),
        posted("3", "-1", "").replace("20261102120000[-5:EST]", "yesterday"),
        posted("4", "-1", "<NAME>Rent</NAME>"),
        "<WHAT><FITID>5</FITID></WHAT>".to_owned(),
        posted("6", &"9".repeat(400), ""),
    ];
    let found = banked(&list.concat());
    assert_eq!(found.transactions.len(), 1);
    assert_eq!(
        (found.transactions[0].note.as_deref(), found.transactions[0].detail.as_str()),
        (Some("Rent"), "DEBIT")
    );
    let said = found.left_out.join("\n");
    for part in [
        "STMTTRN 1: TRNAMT \"much\" is no number",
        "without an id: it has no FITID",
        "\"yesterday\" is no date",
        "WHAT 5: its kind is not known",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_statement_without_transactions_is_empty() {
    assert_eq!(banked(""), OfxStatements::default());
    assert_eq!(read(b"<OFX><SIGNONMSGSRSV1></SIGNONMSGSRSV1></OFX>").unwrap(), OfxStatements::default());
}

#[test]
fn a_large_file_is_read_in_one_go() {
    let list: String = (0..20_000).map(|number| posted(&number.to_string(), "-1", "")).collect();
    assert_eq!(banked(&list).transactions.len(), 20_000);
}

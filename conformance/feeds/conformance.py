"""feedparser and sec-edgar-api against a simulation: both read it as they read the real services."""

import calendar
import json
import sys
import traceback

import feedparser
from sec_edgar_api import EdgarClient
from sec_edgar_api.EdgarAPIError import EdgarAPIError

with open(sys.argv[1]) as endpoints:
    ENDPOINTS = json.loads(endpoints.readline())
RSS, EDGAR = ENDPOINTS["rss"], ENDPOINTS["edgar"]
# The package's name for the class hides the module that has the address.
edgar_module = sys.modules[EdgarClient.__module__]


def every_format_is_well_formed_and_tells_the_same():
    told = {}
    for extension, version in [("xml", "rss20"), ("atom", "atom10"), ("rdf", "rss10")]:
        feed = feedparser.parse(f"{RSS}/TSLA.{extension}")
        assert not feed.bozo, (extension, feed.get("bozo_exception"))
        assert feed.version == version, feed.version
        told[extension] = [(entry.title, calendar.timegm(entry.get("published_parsed") or entry.updated_parsed)) for entry in feed.entries]
    assert len(told["xml"]) >= 3 and told["xml"] == told["atom"] == told["rdf"], told


def stories_name_their_symbols():
    entry = feedparser.parse(f"{RSS}/TSLA.xml").entries[0]
    assert entry.tags[0].term == "TSLA" and entry.tags[0].scheme.endswith("/stock"), entry.tags
    assert entry.id and entry.link.startswith("http") and entry.summary


def what_has_not_changed_is_not_sent_again():
    first = feedparser.parse(f"{RSS}/news.xml")
    assert first.status == 200 and first.etag and first.modified and len(first.entries) > 10
    by_mark = feedparser.parse(f"{RSS}/news.xml", etag=first.etag)
    by_date = feedparser.parse(f"{RSS}/news.xml", modified=first.modified)
    assert (by_mark.status, len(by_mark.entries)) == (304, 0) and by_date.status == 304


def an_unknown_symbol_has_no_feed():
    assert feedparser.parse(f"{RSS}/NOBODY.xml").status == 404


def edgar(user_agent="Jane Doe jane@example.com"):
    # The only changes: where the service is, and that no other host is named.
    edgar_module.BASE_URL_SUBMISSIONS = f"{EDGAR}/submissions"
    client = EdgarClient(user_agent=user_agent)
    client._session.headers.pop("Host")
    return client


def a_companys_filings_are_read_over_all_files():
    filings = edgar().get_submissions(cik="9000001")["filings"]["recent"]
    lengths = {name: len(column) for name, column in filings.items()}
    assert len(set(lengths.values())) == 1, lengths
    assert lengths["form"] > 40 and filings["filingDate"] == sorted(filings["filingDate"], reverse=True)
    results = [form for form, items in zip(filings["form"], filings["items"]) if "2.02" in items]
    assert len(results) >= 11 and set(results) == {"8-K"}
    first = edgar().get_submissions(cik="9000001", handle_pagination=False)["filings"]
    assert 0 < len(first["recent"]["form"]) < lengths["form"] and first["files"]


def callers_without_a_contact_and_unknown_companies_are_refused():
    for client, cik in [(edgar("nobody in particular"), "9000001"), (edgar(), "1")]:
        try:
            client.get_submissions(cik=cik)
        except EdgarAPIError as error:
            assert "403" in str(error) or "404" in str(error), error
        else:
            raise AssertionError("it was answered")


CHECKS = [
    every_format_is_well_formed_and_tells_the_same,
    stories_name_their_symbols,
    what_has_not_changed_is_not_sent_again,
    an_unknown_symbol_has_no_feed,
    a_companys_filings_are_read_over_all_files,
    callers_without_a_contact_and_unknown_companies_are_refused,
]

passed = failed = 0
for check in CHECKS:
    try:
        check()
        passed += 1
        print(f"  ok    {check.__name__}")
    except Exception:
        failed += 1
        print(f"  FAIL  {check.__name__}")
        traceback.print_exc()
print(f"feeds: {passed} passed, {failed} failed")
sys.exit(failed > 0)

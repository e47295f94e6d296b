//! What forms and items are called (sec.gov: Forms Index; Form 8-K, General Instructions).

/// The forms that are news, with what they are; amendments (`/A`) count as their form.
const FORMS: [(&str, &str); 36] = [
    ("8-K", "current report"),
    ("6-K", "report of a foreign issuer"),
    ("10-Q", "quarterly report"),
    ("10-K", "annual report"),
    ("20-F", "annual report of a foreign issuer"),
    ("40-F", "annual report of a Canadian issuer"),
    ("NT 10-K", "late annual report"),
    ("NT 10-Q", "late quarterly report"),
    ("NT 20-F", "late annual report of a foreign issuer"),
    ("3", "first report of an insider's holdings"),
    ("4", "insider transaction"),
    ("5", "annual report of an insider's transactions"),
    ("144", "intended sale by an insider"),
    ("SC 13D", "stake over 5 %, active"),
    ("SCHEDULE 13D", "stake over 5 %, active"),
    ("SC 13G", "stake over 5 %, passive"),
    ("SCHEDULE 13G", "stake over 5 %, passive"),
    ("SC TO-T", "tender offer by a third party"),
    ("SC TO-I", "tender offer by the issuer"),
    ("SC 14D9", "answer to a tender offer"),
    ("S-1", "registration of securities"),
    ("S-3", "registration of securities"),
    ("S-3ASR", "automatic shelf registration"),
    ("S-4", "registration for a merger or exchange"),
    ("424B2", "prospectus"),
    ("424B3", "prospectus"),
    ("424B4", "prospectus"),
    ("424B5", "prospectus"),
    ("DEF 14A", "proxy statement"),
    ("PRE 14A", "preliminary proxy statement"),
    ("DEFA14A", "additional proxy material"),
    ("DEFM14A", "proxy statement for a merger"),
    ("PREM14A", "preliminary proxy statement for a merger"),
    ("25", "removal from listing"),
    ("25-NSE", "removal from listing"),
    ("15-12G", "end of registration"),
];

/// The items of Form 8-K.
const ITEMS: [(&str, &str); 32] = [
    ("1.01", "Entry into a Material Definitive Agreement"),
    ("1.02", "Termination of a Material Definitive Agreement"),
    ("1.03", "Bankruptcy or Receivership"),
    ("1.04", "Mine Safety"),
    ("1.05", "Material Cybersecurity Incidents"),
    ("2.01", "Completion of Acquisition or Disposition of Assets"),
    ("2.02", "Results of Operations and Financial Condition"),
    ("2.03", "Creation of a Direct Financial Obligation"),
    ("2.04", "Triggering Events That Accelerate an Obligation"),
    ("2.05", "Costs Associated with Exit or Disposal Activities"),
    ("2.06", "Material Impairments"),
    ("3.01", "Notice of Delisting or Failure to Satisfy a Listing Rule"),
    ("3.02", "Unregistered Sales of Equity Securities"),
    ("3.03", "Material Modification to Rights of Security Holders"),
    ("4.01", "Changes in Registrant's Certifying Accountant"),
    ("4.02", "Non-Reliance on Previously Issued Financial Statements"),
    ("5.01", "Changes in Control of Registrant"),
    ("5.02", "Departure or Election of Directors or Certain Officers"),
    ("5.03", "Amendments to Articles or Bylaws"),
    ("5.04", "Temporary Suspension of Trading Under Employee Benefit Plans"),
    ("5.05", "Amendments to the Code of Ethics"),
    ("5.06", "Change in Shell Company Status"),
    ("5.07", "Submission of Matters to a Vote of Security Holders"),
    ("5.08", "Shareholder Director Nominations"),
    ("6.01", "ABS Informational and Computational Material"),
    ("6.02", "Change of Servicer or Trustee"),
    ("6.03", "Change in Credit Enhancement"),
    ("6.04", "Failure to Make a Required Distribution"),
    ("6.05", "Securities Act Updating Disclosure"),
    ("7.01", "Regulation FD Disclosure"),
    ("8.01", "Other Events"),
    ("9.01", "Financial Statements and Exhibits"),
];

/// What a form is; none where it is no news (letters, exhibits, test filings).
pub(super) fn form(name: &str) -> Option<&'static str> {
    let plain = name.strip_suffix("/A").unwrap_or(name);
    FORMS.iter().find(|(form, _)| *form == plain).map(|(_, what)| *what)
}

/// What an item of an 8-K is called.
pub(super) fn item(number: &str) -> Option<&'static str> {
    ITEMS.iter().find(|(item, _)| *item == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amendments_count_and_letters_do_not() {
        assert_eq!((form("8-K/A"), form("CORRESP")), (Some("current report"), None));
        assert_eq!(item("2.02"), Some("Results of Operations and Financial Condition"));
        assert_eq!(item("99.9"), None);
    }
}

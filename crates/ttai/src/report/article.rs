//! An analyst's text taken apart: its first line, and the sentences under each title.

use ttai_activities::titles;

/// A text of an analyst, as it is laid out by all of them. One that is not so laid out is all first line.
pub(super) struct Article<'a> {
    /// The verdict and the trade.
    pub(super) first_line: &'a str,
    sections: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Article<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut lines = text.lines();
        let first_line = lines.next().unwrap_or_default();
        let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in lines {
            match (line.strip_prefix("- "), sections.last_mut()) {
                (Some(sentence), Some((_, sentences))) => sentences.push(sentence),
                (None, _) if !line.trim().is_empty() => sections.push((line.trim(), Vec::new())),
                _ => {}
            }
        }
        Self { first_line, sections }
    }

    /// The sentences under a title.
    pub(super) fn under(&self, title: &str) -> Vec<String> {
        let found = self.sections.iter().filter(|(known, _)| *known == title);
        found.flat_map(|(_, sentences)| sentences.iter().map(|sentence| (*sentence).to_owned())).collect()
    }

    /// Every title with its sentences, in order.
    pub(super) fn sections(&self) -> &[(&'a str, Vec<&'a str>)] {
        &self.sections
    }

    /// What speaks most against the verdict, under the title that it has.
    pub(super) fn against(&self) -> (&'static str, Vec<String>) {
        let risks = self.under(titles::RISKS);
        if risks.is_empty() {
            (titles::OTHER_HAND, self.under(titles::OTHER_HAND))
        } else {
            (titles::RISKS, risks)
        }
    }

    /// The first line without the verdict's word, which stands elsewhere.
    pub(super) fn lead(&self) -> String {
        // That a trade is no pick is said with it.
        let verdicts = ["Strong select: ", "Select: ", "Watchlist, ", "Watchlist: ", "Reject: "];
        let line = verdicts.iter().find_map(|verdict| self.first_line.strip_prefix(verdict));
        capital(line.unwrap_or(self.first_line))
    }
}

/// With a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    first + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_taken_apart() {
        let text = "Select: sell 1 put.\nXYZ 100.\n\nWhy\n- One.\n- Two.\n\nRisks\n- Three.";
        let article = Article::of(text);
        assert_eq!(article.lead(), "Sell 1 put.");
        assert_eq!(article.under(titles::WHY), ["One.", "Two."]);
        assert_eq!(article.against(), (titles::RISKS, vec!["Three.".to_owned()]));
        assert!(article.under(titles::CHANGE).is_empty());
        assert_eq!(Article::of("Watchlist, not a pick: sell 1 put.").lead(), "Not a pick: sell 1 put.");
        let other = Article::of("A model wrote this - freely");
        assert_eq!(other.lead(), "A model wrote this - freely");
    }
}

//! The research in words: the verdict, news, short interest, earnings, what is unknown. Headlines are quoted as data.

use ttai_contract::{Evidence, ResearchRecommendation, RiskLevel, Sentiment};
use ttai_core::NEW_YORK;

use super::lexicon::NewsWeight;
use super::rules::{NEWS_DAYS, Risks};
use super::stories::Judged;
use super::{Findings, is_notable};
use crate::article;
use crate::narrator::Narrator;
use crate::options::earnings::{Earnings, describe};
use crate::titles;

/// Headlines quoted at most.
const QUOTED: usize = 3;

/// The text and the lists beside it.
pub(super) struct Notes {
    pub(super) notes: String,
    pub(super) red_flags: Vec<String>,
    pub(super) unknowns: Vec<String>,
    /// Numbers of the headlines that are quoted.
    pub(super) quoted: Vec<Evidence>,
}

/// Writes the text.
pub(super) fn write(
    findings: &Findings,
    recommendation: ResearchRecommendation,
    rule: &str,
    narrator: &mut Narrator,
) -> Notes {
    let mut writer = Writer { findings, narrator, quoted: Vec::new() };
    let red_flags = writer.red_flags();
    let unknowns = writer.unknowns();
    let first_line = writer.first_line(recommendation, rule, &red_flags);
    let grounds = writer.grounds();
    let against = writer.against(recommendation);
    let missing = if unknowns.is_empty() { vec!["nothing".to_owned()] } else { unknowns.clone() };
    let sections = [
        (titles::WHY, grounds),
        (article::against(recommendation != ResearchRecommendation::Clear), vec![against.to_owned()]),
        (titles::CHANGE, vec![writer.change(rule).to_owned()]),
        (titles::MISSING, missing),
    ];
    let notes = article::article(&first_line, &sections);
    Notes { notes, red_flags, unknowns, quoted: writer.quoted }
}

struct Writer<'a> {
    findings: &'a Findings,
    narrator: &'a mut Narrator,
    quoted: Vec<Evidence>,
}

impl Writer<'_> {
    fn first_line(
        &mut self,
        recommendation: ResearchRecommendation,
        rule: &str,
        red_flags: &[String],
    ) -> String {
        let symbol = &self.findings.symbol;
        let why = match rule {
            "red_flag_in_the_news" | "extreme_short_interest" => {
                red_flags.first().cloned().unwrap_or_else(|| "a red flag".to_owned())
            }
            "unknown_earnings_excluded" => {
                format!("{}, and unknown dates are excluded", self.no_earnings())
            }
            "earnings_within_horizon" => {
                format!("earnings may come by {}", Narrator::date(self.findings.horizon))
            }
            "high_short_interest" => "short interest is high".to_owned(),
            "news_to_watch" => "the news needs watching".to_owned(),
            "earnings_unknown" => self.no_earnings().to_owned(),
            "news_unknown" => self.no_news(),
            _ => "no red flag was found".to_owned(),
        };
        match recommendation {
            ResearchRecommendation::Reject => format!("Reject: no trade in {symbol}: {why}."),
            ResearchRecommendation::Caution => format!("Caution on {symbol}: {why}."),
            ResearchRecommendation::Clear => format!("Clear: {symbol}: {why}."),
        }
    }

    /// The red flags, one sentence each.
    fn red_flags(&mut self) -> Vec<String> {
        let stories = self.findings.stories.as_deref().unwrap_or_default();
        let red = stories.iter().filter(|story| story.class == Some(NewsWeight::RedFlag));
        let mut flags: Vec<String> = red.map(|story| self.quote(story)).collect();
        if self.findings.risks.extreme_short
            && let Some(report) = &self.findings.short_interest
        {
            let percent =
                self.narrator.number("short_percent_of_float", report.percent_of_float, 1, "metrics");
            flags.push(format!("{percent} % of the float is sold short"));
        }
        flags
    }

    /// A headline in quotation marks, its numbers on record.
    fn quote(&mut self, story: &Judged) -> String {
        let found: Vec<Evidence> = numbers(&story.headline)
            .filter_map(|text| {
                let value = text.replace(',', "").parse().ok()?;
                let (name, source) = ("headline".to_owned(), format!("headline {}", when(story)));
                Some(Evidence { name, value, text: text.to_owned(), source })
            })
            .filter(|evidence| !self.quoted.contains(evidence))
            .collect();
        self.quoted.extend(found);
        let source = if story.source.is_empty() { "an unnamed source" } else { story.source.as_str() };
        format!("{source} {}: “{}”", when(story), story.headline)
    }

    /// What is known. What is not stands under the missing data.
    fn grounds(&mut self) -> Vec<String> {
        let known =
            [("news", self.news()), ("short interest", self.short_interest()), ("earnings", self.earnings())];
        let grounds: Vec<String> =
            known.into_iter().filter_map(|(what, known)| Some(format!("{what}: {}", known?))).collect();
        if grounds.is_empty() { vec!["nothing could be looked at".to_owned()] } else { grounds }
    }

    fn news(&mut self) -> Option<String> {
        let Ok(stories) = &self.findings.stories else { return None };
        let since = self.findings.as_of - chrono::TimeDelta::days(NEWS_DAYS);
        let since = Narrator::date(since.with_timezone(&NEW_YORK).date_naive());
        if stories.is_empty() {
            return Some(format!("nothing since {since}"));
        }
        let dated = stories.iter().filter(|story| story.date.is_some()).count();
        let count = match i64::try_from(dated).unwrap_or(i64::MAX) {
            0 => "nothing".to_owned(),
            dated => self.narrator.count("stories", dated, "news"),
        };
        let undated = match i64::try_from(stories.len() - dated).unwrap_or(i64::MAX) {
            0 => String::new(),
            undated => format!(" and {} undated", self.narrator.count("undated_stories", undated, "news")),
        };
        let mut weighty: Vec<&Judged> = stories.iter().collect();
        // Stable: of equals the newest stays first.
        weighty.sort_by(|a, b| b.significance().total_cmp(&a.significance()));
        // Red flags have been quoted: the first line has the gravest.
        weighty.retain(|story| story.class != Some(NewsWeight::RedFlag));
        let quoted: Vec<String> = weighty.into_iter().take(QUOTED).map(|story| self.quote(story)).collect();
        let quoted = if quoted.is_empty() {
            String::new()
        } else {
            format!("; other headlines: {}", quoted.join("; "))
        };
        Some(format!(
            "{count} since {since}{undated}, {} overall, risk {}{quoted}",
            self.findings.sentiment.as_str(),
            self.findings.risks.news.as_str(),
        ))
    }

    /// Who could not be read, and how that failed; none where no provider has news.
    fn news_outage(&self) -> Option<String> {
        let why = self.findings.stories.as_ref().err()?;
        why.outage().map(ttai_ports::PortError::summary)
    }

    fn no_news(&self) -> String {
        self.news_outage().map_or_else(
            || "no provider has news".to_owned(),
            |who| format!("the news could not be read: {who}"),
        )
    }

    fn no_earnings(&self) -> &str {
        match &self.findings.earnings {
            Earnings::Unknown(reason) => reason,
            Earnings::Never => "a fund or an index reports none",
            Earnings::Known(_) => "the earnings date lies outside the calendar",
        }
    }

    fn short_interest(&mut self) -> Option<String> {
        let report = self.findings.short_interest.as_ref()?;
        let percent = self.narrator.number("short_percent_of_float", report.percent_of_float, 1, "metrics");
        let days = self.narrator.number("short_days_to_cover", report.days_to_cover, 1, "metrics");
        let date = Narrator::date(report.as_of);
        let risk = self.findings.risks.short_interest.as_str();
        Some(format!("{percent} % of the float, {days} days to cover ({date}), risk {risk}"))
    }

    fn earnings(&self) -> Option<String> {
        let report = match &self.findings.earnings {
            Earnings::Known(report) => report,
            Earnings::Never => return Some("none: a fund or an index reports none".to_owned()),
            Earnings::Unknown(_) => return None,
        };
        let horizon = Narrator::date(self.findings.horizon);
        let side = if self.findings.risks.earnings == RiskLevel::High { "by" } else { "after" };
        Some(format!("the next {}, {side} the horizon of {horizon}", describe(report)))
    }

    /// The strongest point against the verdict.
    fn against(&self, recommendation: ResearchRecommendation) -> &'static str {
        let Findings { risks, sentiment, .. } = self.findings;
        if recommendation == ResearchRecommendation::Clear {
            return match (risks.short_interest, sentiment) {
                (_, Sentiment::Negative) => "the tone of the news is negative",
                (RiskLevel::Moderate, _) => "short interest is moderate",
                _ => "headlines are judged by their words alone, and a story may weigh more than its words",
            };
        }
        if *sentiment == Sentiment::Positive {
            "the news overall is positive"
        } else if risks.news == RiskLevel::Low {
            "the news has no red flag"
        } else if risks.short_interest == RiskLevel::Low {
            "short interest is low"
        } else if risks.earnings == RiskLevel::Low {
            "no earnings report falls before the horizon"
        } else if recommendation == ResearchRecommendation::Caution && risks.news == RiskLevel::Unknown {
            "no red flags, but key data is missing"
        } else {
            "nothing found speaks against it"
        }
    }

    fn change(&self, rule: &str) -> &'static str {
        match rule {
            "red_flag_in_the_news" => "the red flag resolved and out of the news",
            "extreme_short_interest" | "high_short_interest" => "a report with less short interest",
            "unknown_earnings_excluded" | "earnings_unknown" => "a known earnings date after the horizon",
            "earnings_within_horizon" => "an expiration before the report",
            "news_to_watch" => "better news, or a session that has priced it in",
            "news_unknown" if self.news_outage().is_some() => "the news, once it can be read",
            "news_unknown" => "a source of news without a red flag",
            _ if notable(&self.findings.risks) => "a further rise in what is already moderate",
            _ => "a red flag in the news, or earnings within the horizon",
        }
    }

    fn unknowns(&self) -> Vec<String> {
        let mut unknowns = Vec::new();
        if self.findings.stories.is_err() {
            unknowns.push(format!("news: {}", self.no_news()));
        }
        if self.findings.short_interest.is_none() {
            unknowns.push(format!("short interest: {}", self.findings.no_short_interest));
        }
        if let Earnings::Unknown(reason) = &self.findings.earnings {
            unknowns.push(format!("earnings: {reason}"));
        }
        unknowns
    }
}

/// `of 2026-09-17`, or `(undated)`.
fn when(story: &Judged) -> String {
    story.date.map_or_else(|| "(undated)".to_owned(), |date| format!("of {}", Narrator::date(date)))
}

fn notable(risks: &Risks) -> bool {
    [risks.news, risks.short_interest, risks.earnings].into_iter().any(is_notable)
}

/// The numbers of a foreign text, as printed.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let tokens = text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
    tokens
        .map(|token| token.trim_matches(['.', ',']))
        .filter(|token| token.starts_with(|c: char| c.is_ascii_digit()))
}

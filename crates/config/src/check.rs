//! What no key by itself can get wrong: settings that do not fit together.

use crate::LOG;
use crate::config::Config;
use crate::problem::{Problem, suggestion};
use crate::schema::{self, Key, join, standard_variable};
use crate::sections::Vendor;

/// Notes everything that does not fit together.
pub(crate) fn together(config: &mut Config) {
    let checks: [fn(&Config) -> Vec<Problem>; 8] =
        [market, vendors, names, channels, routes, nights, order, strategies];
    let mut problems: Vec<Problem> = checks.iter().flat_map(|check| check(config)).collect();
    problems.extend(models(config));
    config.problems.extend(problems);
    config.warnings.extend(unknown_model(config));
}

fn market(config: &Config) -> Vec<Problem> {
    let market = &config.market;
    let mut problems = Vec::new();
    if market.tape.is_some() && market.seed.is_some() {
        problems.push(config.problem("market", "seed", "both a tape and a seed are set; choose one"));
    }
    if market.start.is_some() && market.seed.is_none() {
        let text = "a start belongs to the invented market of a seed; set market.seed too";
        problems.push(config.problem("market", "start", text));
    }
    problems
}

/// Keys that a provider needs are of use only together.
fn vendors(config: &Config) -> Vec<Problem> {
    Vendor::ALL.iter().flat_map(|vendor| credentials(config, vendor.as_str())).collect()
}

fn credentials(config: &Config, vendor: &str) -> Vec<Problem> {
    let section = format!("providers.{vendor}");
    let keys = schema::section(&section).into_iter().flat_map(|section| &section.keys);
    let needed = keys.filter(|key| key.needed);
    let (set, missing): (Vec<&Key>, Vec<&Key>) = needed.partition(|key| config.is_set(&section, &key.name));
    let Some(has) = set.first() else { return Vec::new() };
    let problem = |lacks: &Key| {
        let text = format!("is required with {}; set {}", has.name, lacks.places(&section));
        Problem::new(None, join(&section, &lacks.name), text)
    };
    missing.into_iter().map(problem).collect()
}

fn names(config: &Config) -> Vec<Problem> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let families = ["channels", "models", "routes", "schedules", "tokens"];
    let all = families
        .into_iter()
        .flat_map(|family| config.names(family).into_iter().map(move |name| (family, name)));
    let wrong =
        all.filter(|(family, name)| !name.chars().all(fits) || (*family == "channels" && *name == LOG));
    let text = "is not a valid name: use lower-case letters, digits, - and _, and not `log`";
    wrong.map(|(family, name)| Problem::new(None, join(family, name), text)).collect()
}

fn channels(config: &Config) -> Vec<Problem> {
    config.names("channels").into_iter().flat_map(|name| channel(config, name)).collect()
}

/// A channel has what its type needs, and nothing that its type does not know.
fn channel(config: &Config, name: &str) -> Vec<Problem> {
    let section = &format!("channels.{name}");
    let keys = schema::section(section).map_or(&[][..], |section| &section.keys);
    let Some(kind) = config.channels.get(name).and_then(|channel| channel.kind) else {
        let text = format!("is required; set one of {}", schema::members_of(section, "type").join(", "));
        return vec![Problem::new(None, join(section, "type"), text)];
    };
    let kind = kind.as_str();
    let problem = |key: &Key| {
        let fits = key.of.iter().any(|name| name == kind);
        let address = join(section, &key.name);
        match config.is_set(section, &key.name) {
            true if !fits => {
                let text =
                    format!("a channel of type {kind} has no such key; it belongs to {}", key.of.join(", "));
                Some(config.problem(section, &key.name, text))
            }
            false if fits && key.needed && !config.problems.iter().any(|known| known.key == address) => {
                let how =
                    if key.is_secret() { format!("; set {}", key.places(section)) } else { String::new() };
                Some(Problem::new(None, address, format!("is required for a channel of type {kind}{how}")))
            }
            _ => None,
        }
    };
    keys.iter().filter(|key| !key.of.is_empty()).filter_map(problem).collect()
}

/// A route to nowhere would be passed over without a word.
fn routes(config: &Config) -> Vec<Problem> {
    let known = config.names("channels");
    let mut problems = Vec::new();
    for (name, route) in &config.routes {
        let section = format!("routes.{name}");
        if !config.is_set(&section, "channels") {
            let text = "is required; name the channels that the route leads to";
            problems.push(Problem::new(None, join(&section, "channels"), text));
        }
        for channel in route.channels.iter().filter(|name| *name != LOG && !known.contains(&name.as_str())) {
            let hint = suggestion(channel, known.iter().copied());
            let text = format!("no channel {channel} is configured; {hint}");
            problems.push(config.problem(&section, "channels", text));
        }
    }
    problems
}

/// Half of a night would be passed over without a word.
fn nights(config: &Config) -> Vec<Problem> {
    let halves = config.users.iter().filter_map(|(name, user)| {
        let (set, missing) = match (user.quiet_from, user.quiet_until) {
            (Some(_), None) => ("quiet_from", "quiet_until"),
            (None, Some(_)) => ("quiet_until", "quiet_from"),
            _ => return None,
        };
        Some(Problem::new(None, format!("users.{name}.{missing}"), format!("is required with {set}")))
    });
    halves.collect()
}

/// Who stands in an order and is not there would be passed over without a word.
fn order(config: &Config) -> Vec<Problem> {
    let set = config.set.iter().filter(|((section, _), _)| section == "order");
    let named = set.flat_map(|((_, key), held)| {
        let names = held.value.as_array().into_iter().flatten();
        names.filter_map(move |name| Some((key, name.as_str()?)))
    });
    let absent = named.filter_map(|(key, name)| {
        let vendor = Vendor::ALL.iter().copied().find(|vendor| vendor.as_str() == name)?;
        let reason = config.absence(vendor)?;
        Some(config.problem("order", key, format!("{name} is named, but {reason}")))
    });
    absent.collect()
}

/// Days that no expiration is within would keep a strategy from ever trading.
fn strategies(config: &Config) -> Vec<Problem> {
    let (section, rules) = ("trading.spy_spx", &config.trading.spy_spx);
    if rules.min_dte <= rules.max_dte {
        return Vec::new();
    }
    let text = format!("min_dte ({}) exceeds max_dte ({})", rules.min_dte, rules.max_dte);
    let key = if config.is_set(section, "min_dte") { "min_dte" } else { "max_dte" };
    vec![config.problem(section, key, text)]
}

fn models(config: &Config) -> Vec<Problem> {
    let named = [("model", &config.llm.model), ("news_model", &config.llm.news_model)];
    let is_whole = |model: &str| {
        model.split_once('/').is_some_and(|(provider, name)| !provider.is_empty() && !name.is_empty())
    };
    let wrong = named.into_iter().filter(|(_, model)| model.as_ref().is_some_and(|model| !is_whole(model)));
    let text = "a model is written provider/model, such as anthropic/claude-sonnet-4-5";
    wrong.map(|(key, _)| config.problem("llm", key, text)).collect()
}

/// A model without its provider is refused by each analysis; a forgotten key should be noticed before.
fn unknown_model(config: &Config) -> Option<Problem> {
    let (provider, _) = config.llm.model.as_ref()?.split_once('/')?;
    if provider.is_empty() || config.models.contains_key(provider) {
        return None;
    }
    let key = standard_variable(&format!("models.{provider}"), "api_key");
    let how = key.map(|name| format!(", or set {name}")).unwrap_or_default();
    let text = format!("analyses that ask for it fail: there is no [models.{provider}]; add it{how}");
    Some(config.problem("llm", "model", text))
}

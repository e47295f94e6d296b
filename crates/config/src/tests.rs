//! What a person can rely on when writing a configuration.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::*;
use crate::kind::Kind;
use crate::sections::{CboeSection, MarketDataSource, ProviderSections};

const NONE: &[(&str, &str)] = &[];

/// A file with these lines and mode 0600, and what is made of it.
fn with(text: &str, variables: &[(&str, &str)]) -> (Config, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ttai.toml");
    write(&path, text, 0o600);
    (load(Some(&path), &Environment::of(variables)), folder)
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn problems(config: &Config) -> String {
    config.problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn every_problem_is_named_at_once_with_its_line_and_a_suggestion() {
    let text = "[market]\ntaep = \"x\"\n\n[providers.cobe]\ntimeout = 3\n[providers.cboe]\ntimeout = \"soon\"\nretries = -1\n[order]\nquotes = [\"cboee\"]\n";
    let (config, _folder) =
        with(text, &[("TTAI__PROVIDERS__CBOE__TIMEOT", "3s"), ("TTAI__MARKT__SEED", "1")]);
    let all = problems(&config);
    for part in [
        "ttai.toml:2: market.taep: there is no such key; did you mean tape?",
        "ttai.toml:4: providers.cobe: there is no such table; did you mean cboe?",
        "ttai.toml:7: providers.cboe.timeout: \"soon\" is no span of time",
        "ttai.toml:8: providers.cboe.retries: -1 is no whole number from 0 to 10",
        "ttai.toml:10: order.quotes: \"cboee\" is none of tastytrade, alpaca, cboe; did you mean cboe?",
        "environment TTAI__PROVIDERS__CBOE__TIMEOT: providers.cboe.timeot: there is no such key; did you mean timeout?",
        "environment TTAI__MARKT__SEED: markt.seed: there is no table markt; did you mean market?",
    ] {
        assert!(all.contains(part), "{part} is not in:\n{all}");
    }
    assert_eq!(config.problems.len(), 7, "{all}");
    assert!(config.usable().is_err());
}

#[test]
fn the_environment_wins_and_every_value_says_where_it_is_from() {
    let text = "[providers.cboe]\ntimeout = \"3s\"\nrate_limit = \"2/s\"\n";
    let (config, _folder) =
        with(text, &[("TTAI__PROVIDERS__CBOE__TIMEOUT", "1500ms"), ("TTAI__ORDER__QUOTES", "cboe")]);
    config.usable().unwrap();
    let CboeSection { base_url, calls, .. } = &config.providers.cboe;
    assert_eq!(
        (calls.timeout.as_millis(), calls.rate_limit.chosen(), calls.retries.chosen(), base_url.chosen()),
        (1_500, Some(&PerMinute(120)), None, None)
    );
    assert_eq!((*calls.burst, *calls.retries, base_url.as_str()), (8, 2, "https://cdn.cboe.com/"));
    assert_eq!(config.order.quotes, [MarketDataSource::Cboe]);
    let shown = config.shown(false);
    let origin = |key: &str| shown.iter().find(|row| row.key == key).map(|row| row.origin.clone()).unwrap();
    assert_eq!(origin("providers.cboe.timeout"), "environment TTAI__PROVIDERS__CBOE__TIMEOUT");
    assert!(origin("providers.cboe.rate_limit").ends_with("ttai.toml:3"));
    assert_eq!(origin("providers.cboe.retries"), "default");
}

#[test]
fn secrets_come_from_the_environment_a_file_or_a_private_file_in_clear() {
    let text = "[providers.tastytrade]\nrefresh_token_file = \"token\"\n[providers.alpaca]\nkey_id = \"planted-key\"\n";
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("token"), "planted-token\n", 0o600);
    let path = folder.path().join("ttai.toml");
    write(&path, text, 0o600);
    let environment = Environment::of(&[
        ("TTAI_TASTYTRADE_CLIENT_SECRET", "planted-client"),
        ("TTAI__PROVIDERS__ALPACA__SECRET_KEY", "planted-secret"),
    ]);
    let config = load(Some(&path), &environment);
    config.usable().unwrap();
    let Sections { providers: ProviderSections { tastytrade, alpaca, .. }, .. } = &*config;
    for (secret, expected) in [
        (&tastytrade.refresh_token, "planted-token"),
        (&tastytrade.client_secret, "planted-client"),
        (&alpaca.key_id, "planted-key"),
        (&alpaca.secret_key, "planted-secret"),
    ] {
        assert_eq!(secret.as_ref().unwrap().expose_secret(), expected);
    }
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    assert!(warning.to_string().contains("TTAI_ALPACA_KEY_ID"), "{warning}");
    let everything = format!("{config:?}{:?}{}", config.shown(true), problems(&config));
    assert!(!everything.contains("planted"), "{everything}");
    write(&path, text, 0o644);
    let refused = load(Some(&path), &environment);
    #[cfg(unix)]
    assert!(problems(&refused).contains("mode 644"), "{}", problems(&refused));
    assert!(!format!("{refused:?}").contains("planted"));
}

#[test]
fn a_secret_on_a_broken_line_is_not_repeated() {
    let (config, _folder) = with("[providers.alpaca]\nkey_id = \"planted\nsecret_key = planted\n", NONE);
    assert!(!config.problems.is_empty());
    assert!(!problems(&config).contains("planted"), "{}", problems(&config));
    assert!(problems(&config).contains("ttai.toml:2"), "{}", problems(&config));
}

#[test]
fn half_of_a_pair_of_credentials_is_a_problem() {
    let (config, _folder) = with("", &[("TTAI_ALPACA_KEY_ID", "x")]);
    assert!(
        problems(&config)
            .contains("providers.alpaca.secret_key: is required with key_id; set TTAI_ALPACA_SECRET_KEY"),
        "{}",
        problems(&config)
    );
}

#[test]
fn a_misspelt_secret_in_the_environment_is_noticed() {
    let (config, _folder) =
        with("", &[("TTAI_TASTYTRADE_REFRSH_TOKEN", "planted"), ("TTAI_SOMETHING_ELSE_ENTIRELY", "x")]);
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    assert!(warning.to_string().contains("did you mean TTAI_TASTYTRADE_REFRESH_TOKEN?"), "{warning}");
    assert!(!warning.to_string().contains("planted"));
}

#[test]
fn channels_need_what_their_type_needs_and_nothing_else() {
    let text = "[channels.desk]\ntype = \"discord\"\nhost = \"x\"\n[channels.mail]\ntype = \"email\"\nhost = \"smtp.example\"\nto = [\"a@b.example\"]\n[channels.my-hook]\nsecret_file = \"k\"\n";
    let (config, _folder) = with(
        text,
        &[("TTAI__CHANNELS__MY_HOOK__TYPE", "webhook"), ("TTAI_CHANNELS_MY_HOOK_URL", "https://x.example/h")],
    );
    let all = problems(&config);
    for part in [
        "channels.desk.url: is required for a channel of type discord; set TTAI_CHANNELS_DESK_URL or url_file",
        "channels.desk.host: a channel of type discord has no such key",
        "channels.mail.from: is required for a channel of type email",
        "channels.my-hook.secret: its file",
    ] {
        assert!(all.contains(part), "{part} is not in:\n{all}");
    }
    assert_eq!(config.problems.len(), 4, "{all}");
    assert!(config.channels.keys().eq(["desk", "mail", "my-hook"]));
}

#[test]
fn an_order_names_only_who_is_there() {
    let (config, _folder) = with("[order]\nquotes = [\"alpaca\", \"cboe\"]\n", NONE);
    assert!(
        problems(&config)
            .contains("order.quotes: alpaca is named, but it has no key_id; set TTAI_ALPACA_KEY_ID"),
        "{}",
        problems(&config)
    );
    let (config, _folder) = with("", NONE);
    config.usable().unwrap();
}

#[test]
fn feeds_can_be_tables_of_their_own() {
    let text = "[[providers.rss.feeds]]\nname = \"One\"\nurl = \"https://a.example/rss\"\n[[providers.rss.feeds]]\nurl = \"https://b.example/rss?s={symbol}\"\n";
    let (config, _folder) = with(text, NONE);
    config.usable().unwrap();
    let feeds = config.providers.rss.feeds.chosen().unwrap();
    assert_eq!(feeds.iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(), ["One", "b.example"]);
    let (wrong, _folder) = with("[[providers.rss.feeds]]\nurl = \"https://a.example\"\nnmae = \"A\"\n", NONE);
    assert!(
        problems(&wrong).contains("feed 1: nmae is no key of a feed; did you mean name?"),
        "{}",
        problems(&wrong)
    );
}

#[test]
fn paths_in_the_file_are_relative_to_it() {
    let (config, folder) = with("[market]\ntape = \"tapes/a\"\n", NONE);
    assert_eq!(config.market.tape, Some(folder.path().join("tapes/a")));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let config = load(Some(&PathBuf::from("/does/not/exist.toml")), &Environment::default());
    assert!(problems(&config).contains("/does/not/exist.toml: cannot be read"), "{}", problems(&config));
}

/// A file with one key.
fn one(section: &schema::Section, key: &schema::Key, text: &str) -> Config {
    let table = if section.path.is_empty() {
        String::new()
    } else {
        format!("[{}]\n", section.path.replace("NAME", "desk"))
    };
    of_text(&format!("{table}{} = {text}\n", key.name))
}

/// The outermost values that a kind takes, as they are written.
fn bounds(kind: &Kind) -> Vec<String> {
    match kind {
        Kind::Integer { least, most } => vec![least.to_string(), most.min(&(i64::MAX as u64)).to_string()],
        Kind::Number { least, most } => vec![format!("{least:.1}"), format!("{most:.1}")],
        Kind::Amount { least, most } => vec![least.to_string(), most.to_string()],
        Kind::Span { least, most } => {
            [least, most].map(|bound| format!("\"{}\"", duration_text(*bound))).into()
        }
        Kind::Choice(names) => names.iter().map(|name| format!("\"{name}\"")).collect(),
        Kind::Names(names) => vec![format!("{names:?}")],
        _ => Vec::new(),
    }
}

#[test]
fn every_default_example_and_bound_is_read_as_it_is_written() {
    for section in schema::sections() {
        for key in &section.keys {
            let mut values: Vec<String> = [&key.default, &key.example]
                .into_iter()
                .filter(|value| !value.is_null())
                .map(|value| key.kind.text(value))
                .collect();
            assert!(key.is_secret() || !values.is_empty(), "{}.{} shows nothing", section.path, key.name);
            values.extend(bounds(&key.kind));
            for value in values {
                let config = one(section, key, &value);
                let place = format!("{}.{} = {value}", section.path, key.name);
                let wrong = config.problems.iter().filter(|problem| !problem.text.contains("in clear"));
                assert_eq!(wrong.count(), 0, "{place}: {}", problems(&config));
                let address = (section.path.replace("NAME", "desk"), key.name.clone());
                let Some(held) = config.set.get(&address) else { continue };
                let again = one(section, key, &key.kind.text(&held.value));
                assert_eq!(again.set[&address].value, held.value, "{place}");
            }
        }
    }
}

#[test]
fn a_wish_of_somebody_is_one_even_where_it_is_the_default() {
    let (config, _folder) = with("[providers.edgar]\nburst = 5\n[account]\ntype = \"cash\"\n", NONE);
    config.usable().unwrap();
    assert_eq!(config.providers.edgar.calls.burst.chosen(), Some(&5));
    assert_eq!(config.account.kind.chosen(), Some(&ttai_core::AccountType::Cash));
    assert_eq!(config.set_about_providers(), Some("providers.edgar"));
    let (config, _folder) = with("[providers.edgar]\nburst = 6\nrate_limit = \"6/s\"\n", NONE);
    let all = problems(&config);
    assert!(
        all.contains("no whole number from 1 to 5") && all.contains("the 300/min that are allowed"),
        "{all}"
    );
}

#[test]
fn the_example_is_a_configuration_with_and_without_its_comment_signs() {
    let text = example();
    let (commented, _folder) = with(&text, NONE);
    commented.usable().unwrap();
    assert!(commented.shown(false).iter().all(|row| !row.set));
    // A setting has no space after its sign.
    let live: String = text
        .lines()
        .filter(|line| !line.contains("_file = ") && !line.contains("url = \"postgres"))
        .map(|line| {
            line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n"
        })
        .collect();
    let (uncommented, _folder) = with(&live, NONE);
    let unknown: Vec<&Problem> = uncommented
        .problems
        .iter()
        .filter(|problem| problem.text.contains("no such") && problem.key != "channels.desk")
        .collect();
    assert!(unknown.iter().all(|problem| problem.text.contains("of type")), "{unknown:?}");
}

#[test]
fn the_reference_is_what_the_program_reads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- keys -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end of keys -->").unwrap();
    let fresh = format!("{head}<!-- keys -->\n{}\n<!-- end of keys -->{tail}", reference());
    if std::env::var_os("TTAI_WRITE_DOCS").is_some() {
        std::fs::write(&path, fresh).unwrap();
    } else {
        assert!(
            fresh == text,
            "docs/configuration.md is not what the program reads; run this test with TTAI_WRITE_DOCS=1"
        );
    }
}

#[test]
fn a_route_leads_somewhere_and_a_night_has_two_ends() {
    let text = "[channels.desk]\ntype = \"discord\"\nurl_file = \"u\"\n[routes.news]\nkinds = [\"news_alert\"]\nchannels = [\"desc\", \"log\"]\n[routes.empty]\nseverities = [\"loud\"]\n[users.default]\nquiet_from = \"22:00\"\ntime_zone = \"Mars/Olympus\"\n";
    let (config, _folder) = with(text, NONE);
    let all = problems(&config);
    for part in [
        "routes.news.channels: no channel desc is configured; did you mean desk?",
        "routes.empty.channels: is required; name the channels",
        "routes.empty.severities: \"loud\" is none of info, warning, critical",
        "users.default.quiet_until: is required with quiet_from",
        "users.default.time_zone: \"Mars/Olympus\" is no time zone",
    ] {
        assert!(all.contains(part), "{part} is not in:\n{all}");
    }
}

#[test]
fn a_strategy_has_days_to_trade_on() {
    let (config, _folder) = with("[trading.spy_spx]\nmin_dte = 9\n", NONE);
    let found = problems(&config);
    assert!(found.contains("trading.spy_spx.min_dte: min_dte (9) exceeds max_dte (7)"), "{found}");
    let (config, _folder) = with("[trading]\nmode = \"life\"\n[trading.csp_entri]\nenabled = true\n", NONE);
    let found = problems(&config);
    for part in
        ["trading.mode: \"life\" is none of paper, live; did you mean live?", "did you mean csp_entry?"]
    {
        assert!(found.contains(part), "{part} is not in:\n{found}");
    }
}

#[test]
fn a_models_key_may_stand_in_its_vendors_variable_but_brings_in_no_model_by_itself() {
    let key = [("ANTHROPIC_API_KEY", "planted-standard"), ("OPENAI_API_KEY", "planted-other")];
    let (config, _folder) = with("", &key);
    assert!(config.models.is_empty() && config.warnings.is_empty());
    let named = "[llm]\nmodel = \"anthropic/claude-sonnet-4-5\"\n";
    let (config, _folder) = with(named, NONE);
    config.usable().unwrap();
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    assert!(warning.to_string().ends_with("add it, or set ANTHROPIC_API_KEY"), "{warning}");
    let (config, _folder) = with(named, &key);
    config.usable().unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert!(config.models.keys().eq(["anthropic"]));
    let secret = |config: &Config, name: &str| {
        config.models[name].api_key.as_ref().map(|secret| secret.expose_secret().to_owned())
    };
    assert_eq!(secret(&config, "anthropic").unwrap(), "planted-standard");
    let shown = format!("{config:?}{:?}", config.shown(true));
    assert!(shown.contains("environment ANTHROPIC_API_KEY") && !shown.contains("planted"), "{shown}");
    // Ttai's own settings come first.
    let own = [key[0], ("TTAI_MODELS_ANTHROPIC_API_KEY", "planted-own")];
    let (config, _folder) = with("[models.anthropic]\n[models.house]\n", &own);
    assert_eq!(secret(&config, "anthropic").unwrap(), "planted-own");
    assert_eq!(secret(&config, "house"), None);
    let (config, _folder) = with("", &[key[0], ("TTAI__LLM__MODEL", "anthropic/claude-sonnet-4-5")]);
    assert_eq!(secret(&config, "anthropic").unwrap(), "planted-standard");
}

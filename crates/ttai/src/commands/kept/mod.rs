//! `ttai portfolio add|remove|import|export|cash`: accounts that are kept by hand, in the store alone. Nothing is ordered.

mod table;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use ttai_calendar::new_york_date;
use ttai_ports::{KeptAccount, KeptAccounts, KeptChange, KeptPosition};
use ttai_store::Database;

use self::table::Row;
use crate::cli::{
    GlobalArgs, KeptAddArgs, KeptCashArgs, KeptCommand, KeptImportArgs, KeptOptions, KeptRemoveArgs,
};
use crate::exit_kind::{ExitKind, fail};
use crate::market::Played;
use crate::settings::Settings;
use crate::{output, report, wiring};

/// Runs the command.
///
/// # Errors
/// A position that cannot be, a file that cannot be read, what is not there, or a store that cannot be opened.
pub(super) async fn run(global: &GlobalArgs, command: KeptCommand) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let desk = KeptDesk {
        database: Database::open(&wiring::store_url(&settings)?).await?,
        now: match settings.market.played() {
            Played::Simulated { start: Some(start), .. } => start,
            Played::Simulated { start: None, .. } => Utc::now(),
            // What was recorded may be of any time.
            Played::Tape(_) => DateTime::UNIX_EPOCH,
        },
    };
    match command {
        KeptCommand::Add(args) => desk.add(&args).await?,
        KeptCommand::Remove(args) => desk.remove(&args).await?,
        KeptCommand::Import(args) => desk.import(&args).await?,
        KeptCommand::Export { account, user, json } => {
            let mut accounts = desk.database.kept_accounts(user.as_str()).await?;
            if let Some(wanted) = account {
                accounts = vec![found(accounts, &wanted)?];
            }
            if json {
                output::json(&accounts)?;
            } else {
                output::line(table::write(&accounts).trim_end());
            }
        }
        KeptCommand::Cash(args) => desk.cash(&args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The store, and the market's time.
struct KeptDesk {
    database: Database,
    now: DateTime<Utc>,
}

impl KeptDesk {
    async fn account(&self, options: &KeptOptions) -> anyhow::Result<Option<KeptAccount>> {
        let accounts = self.database.kept_accounts(options.user.as_str()).await?;
        Ok(accounts.into_iter().find(|account| account.account == options.account))
    }

    async fn change(&self, options: &KeptOptions, change: KeptChange) -> anyhow::Result<KeptAccount> {
        let change = KeptChange { account: options.account.clone(), ..change };
        let changed = self.database.change_kept_accounts(options.user.as_str(), &[change]).await?;
        found(changed, &options.account)
    }

    async fn add(&self, args: &KeptAddArgs) -> anyhow::Result<()> {
        let wrong =
            |name: &'static str| move |why: String| ExitKind::WrongRequest.error(format!("{name}: {why}"));
        let instrument = table::instrument(&args.symbol).map_err(wrong("SYMBOL"))?;
        let before = self.account(&args.options).await?;
        let mut positions = before.iter().flat_map(|account| &account.positions);
        let held = positions.find(|held| held.instrument == instrument);
        let opened = args.opened.as_deref().map(table::opened).transpose().map_err(wrong("--opened"))?;
        let note = args.note.as_deref().map(table::note).transpose().map_err(wrong("--note"))?;
        let position = KeptPosition {
            quantity: table::quantity(&args.quantity, &instrument).map_err(wrong("QUANTITY"))?,
            price: table::price(&args.price).map_err(wrong("--price"))?,
            opened: opened.or_else(|| match held {
                Some(held) => held.opened,
                None => Some(new_york_date(self.now)),
            }),
            note: note.unwrap_or_else(|| held.map(|held| held.note.clone()).unwrap_or_default()),
            instrument,
        };
        match held {
            Some(held) if *held != position && !args.replace => fail!(
                WrongRequest,
                "{} holds {} already; --replace puts {} in its place",
                args.options.account,
                words(held),
                words(&position)
            ),
            Some(_) => {}
            None => self.check_unexpired(&position)?,
        }
        let shown = words(&position);
        let change = KeptChange { put: vec![position], ..KeptChange::default() };
        let account = self.change(&args.options, change).await?;
        print(&account, args.options.json, &format!("holds {shown}"))
    }

    fn check_unexpired(&self, position: &KeptPosition) -> anyhow::Result<()> {
        if table::has_expired(&position.instrument, self.now) {
            fail!(WrongRequest, "{} has expired; what it left is entered as shares", position.instrument);
        }
        Ok(())
    }

    async fn remove(&self, args: &KeptRemoveArgs) -> anyhow::Result<()> {
        let KeptRemoveArgs { symbol, options, .. } = args;
        let account = found(self.database.kept_accounts(options.user.as_str()).await?, &options.account)?;
        let Some(symbol) = symbol else {
            self.database.delete_kept_account(options.user.as_str(), &options.account).await?;
            if options.json {
                return output::json(&KeptAccount { cash: None, positions: Vec::new(), ..account });
            }
            output::line(&format!("{}  deleted", account.account));
            return Ok(());
        };
        let instrument = table::instrument(symbol)
            .map_err(|why| ExitKind::WrongRequest.error(format!("SYMBOL: {why}")))?;
        let Some(held) = account.positions.iter().find(|held| held.instrument == instrument) else {
            fail!(NotFound, "{} holds no {instrument}; see `ttai portfolio export`", account.account);
        };
        let shown = words(held);
        let change = KeptChange { remove: vec![instrument], ..KeptChange::default() };
        let account = self.change(options, change).await?;
        print(&account, options.json, &format!("no longer holds {shown}"))
    }

    async fn cash(&self, args: &KeptCashArgs) -> anyhow::Result<()> {
        let amount = args.amount.as_deref().map(table::decimal).transpose();
        let amount = amount.map_err(|why| ExitKind::WrongRequest.error(format!("AMOUNT: {why}")))?;
        let change = KeptChange { cash: Some(amount), ..KeptChange::default() };
        let account = self.change(&args.options, change).await?;
        let stated = match account.cash {
            Some(cash) => format!("has ${} in cash", table::plain(cash)),
            None => "does not state its cash".to_owned(),
        };
        print(&account, args.options.json, &stated)
    }

    async fn import(&self, args: &KeptImportArgs) -> anyhow::Result<()> {
        let wrong = |why: String| {
            ExitKind::WrongRequest.error(format!("{}: {why}; nothing was imported", args.file.display()))
        };
        let rows = table::read(&bytes(&args.file)?, &args.options.account).map_err(wrong)?;
        let user = args.options.user.as_str();
        let before = self.database.kept_accounts(user).await?;
        let of = |number: &str| before.iter().find(|account| account.account == number);
        let mut changes: Vec<KeptChange> = Vec::new();
        for Row { line, account, position } in rows {
            let is_held = of(&account).is_some_and(|account| account.positions.contains(&position));
            if !is_held && table::has_expired(&position.instrument, self.now) {
                return Err(wrong(format!(
                    "line {line}, symbol: {} has expired; leave the line out",
                    position.instrument
                )));
            }
            match changes.iter_mut().find(|change| change.account == account) {
                Some(change) => change.put.push(position),
                None => changes.push(KeptChange {
                    account,
                    put: vec![position],
                    replace: args.replace,
                    ..KeptChange::default()
                }),
            }
        }
        let after = self.database.change_kept_accounts(user, &changes).await?;
        if args.options.json {
            return output::json(&after);
        }
        for account in &after {
            output::line(&format!("{}  {}", account.account, difference(of(&account.account), account)));
        }
        Ok(())
    }
}

/// A file that is not too large; `-` is standard input.
fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = std::fs::File::open(file);
        Box::new(
            opened.map_err(|error| ExitKind::WrongRequest.error(format!("{}: {error}", file.display())))?,
        )
    };
    let mut bytes = Vec::new();
    let read = source.take(table::MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| ExitKind::WrongRequest.error(format!("{}: {error}", file.display())))?;
    if bytes.len() as u64 > table::MOST_BYTES {
        fail!(
            WrongRequest,
            "{} is larger than {} bytes; nothing was imported",
            file.display(),
            table::MOST_BYTES
        );
    }
    Ok(bytes)
}

fn found(accounts: Vec<KeptAccount>, wanted: &str) -> anyhow::Result<KeptAccount> {
    let names: Vec<String> = accounts.iter().map(|account| account.account.clone()).collect();
    let names = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
    match accounts.into_iter().find(|account| account.account == wanted) {
        Some(account) => Ok(account),
        None => fail!(
            NotFound,
            "there is no account {wanted} kept by hand; there are: {names}; enter a position with `ttai portfolio add`"
        ),
    }
}

/// `-3 AAPL  261218P00200000 at 2.85`.
fn words(held: &KeptPosition) -> String {
    let KeptPosition { instrument, quantity, price, .. } = held;
    format!("{} {instrument} at {}", table::plain(*quantity), table::plain(*price))
}

fn print(account: &KeptAccount, json: bool, what: &str) -> anyhow::Result<()> {
    if json {
        return output::json(account);
    }
    let changed = report::eastern(account.changed_at);
    output::line(&format!("{} {what}", account.account));
    output::line(&format!("  {}, kept by hand, changed {changed}", counted(account)));
    Ok(())
}

fn counted(account: &KeptAccount) -> String {
    match account.positions.len() {
        1 => "1 position".to_owned(),
        count => format!("{count} positions"),
    }
}

/// What an import made of an account.
fn difference(before: Option<&KeptAccount>, after: &KeptAccount) -> String {
    let old = before.map(|account| account.positions.as_slice()).unwrap_or_default();
    let is_in = |held: &&KeptPosition, list: &[KeptPosition]| {
        list.iter().any(|other| other.instrument == held.instrument)
    };
    let added = after.positions.iter().filter(|held| !is_in(held, old)).count();
    let removed = old.iter().filter(|held| !is_in(held, &after.positions)).count();
    let same = after.positions.iter().filter(|held| old.contains(held)).count();
    let changed = after.positions.len() - added - same;
    let counts = [(added, "added"), (changed, "changed"), (removed, "removed")];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let made = if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") };
    format!("{}: {made}", counted(after))
}

//! A drill of many kills, for whoever wants to see it hold: `TTAI_KILLS=100 cargo test -p ttai-tests drill -- --nocapture`.
//!
//! Without `TTAI_KILLS` it does nothing. `TTAI_SEED` repeats a drill. Each kill lands on a stage that is under way; one
//! in ten takes the server with it.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::Context;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use ttai_contract::{Stage, Status};

use crate::kills::{STAGES, drill, nothing_recorded_began_again};
use crate::lab::Lab;
use crate::process::WorkerProcess;
use crate::script::{Act, Script};

/// What the drill counts.
#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    worker_kills: BTreeMap<Stage, usize>,
    server_kills: usize,
    lost_attempts: u32,
}

fn number<T: FromStr>(name: &str) -> anyhow::Result<Option<T>> {
    let Ok(text) = std::env::var(name) else { return Ok(None) };
    text.parse().map(Some).ok().with_context(|| format!("{name} is no number: {text}"))
}

#[tokio::test]
async fn drill_of_many_kills() -> anyhow::Result<()> {
    let Some(kills) = number::<usize>("TTAI_KILLS")? else { return Ok(()) };
    let seed = number("TTAI_SEED")?.unwrap_or_else(|| u64::from(std::process::id()));
    println!("seed {seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut lab = Lab::persistent().await?;
    let mut worker = lab.worker()?;
    let calm = lab.start(&drill(), "calm", Script::default()).await?;
    lab.answer(&calm).await?;
    let expected = lab.answer_bytes(calm.workflow_id()).await?;

    let mut tally = Tally::default();
    while tally.worker_kills.values().sum::<usize>() < kills {
        let key = format!("drill-{}", tally.runs);
        let deaths = [(); 3].map(|()| STAGES[below(&mut random, STAGES.len())]);
        let run = lab.start(&drill(), &key, holding(&deaths)).await?;
        for (stage, nth) in in_order(&deaths) {
            lab.begun(run.workflow_id(), stage, nth).await?;
            strike(&mut lab, &mut worker, below(&mut random, 10) == 0, &mut tally).await?;
            *tally.worker_kills.entry(stage).or_default() += 1;
        }
        lab.answer(&run).await?;
        assert_eq!(lab.answer_bytes(run.workflow_id()).await?, expected, "{key}, seed {seed}");
        nothing_recorded_began_again(&lab, &run).await?;
        tally.runs += 1;
        tally.lost_attempts +=
            run.query::<Status>().await?.stages.iter().map(|entry| entry.lost_attempts).sum::<u32>();
    }
    println!("{tally:#?}");
    Ok(())
}

fn below(random: &mut ChaCha8Rng, limit: usize) -> usize {
    usize::try_from(random.next_u32()).unwrap_or_default() % limit
}

/// Holds each stage's starts as often as it is to die.
fn holding(deaths: &[Stage]) -> Script {
    STAGES.into_iter().fold(Script::default(), |script, stage| {
        let times = deaths.iter().filter(|death| **death == stage).count();
        script.with(stage, &vec![Act::Hold; times])
    })
}

/// The deaths as they come: stage by stage, each with its start.
fn in_order(deaths: &[Stage]) -> Vec<(Stage, usize)> {
    let times = |stage| deaths.iter().filter(|death| **death == stage).count();
    STAGES.into_iter().flat_map(|stage| (0..times(stage)).map(move |nth| (stage, nth))).collect()
}

/// Kills the worker, and the server with it if it is to go too, and brings both back.
async fn strike(
    lab: &mut Lab,
    worker: &mut WorkerProcess,
    server_too: bool,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    if server_too {
        lab.server.kill().await?;
        tally.server_kills += 1;
    }
    worker.kill()?;
    if server_too {
        lab.server.restart().await?;
    }
    *worker = lab.worker()?;
    Ok(())
}

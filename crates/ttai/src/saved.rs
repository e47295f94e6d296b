//! The analyses that were saved: in the store, or on this host until the store takes them.

use std::cmp::Reverse;
use std::sync::Arc;

use ttai_ports::{Analyses, AnalysisFilter, AnalysisRecord};
use ttai_store::{Spooled, waiting_analyses};

use crate::settings::Settings;
use crate::wiring;

/// What was found, and where.
pub(crate) struct SavedAnalyses {
    /// The newest first.
    pub(crate) records: Vec<AnalysisRecord>,
    /// How many of them wait on this host.
    pub(crate) waiting: usize,
    /// The store, or why it cannot be read.
    pub(crate) store: anyhow::Result<Arc<Spooled>>,
}

impl SavedAnalyses {
    /// Finds the analyses of one workflow id or symbol, or all, up to the filter's limit of the store's.
    ///
    /// # Errors
    /// A store that cannot be read, where nothing waits for it on this host.
    pub(crate) async fn find(settings: &Settings, filter: &AnalysisFilter) -> anyhow::Result<Self> {
        Self::find_in(wiring::store(settings).await, settings, filter).await
    }

    /// The same in a store that is open.
    ///
    /// # Errors
    /// As [`SavedAnalyses::find`].
    pub(crate) async fn find_in(
        store: anyhow::Result<Arc<Spooled>>,
        settings: &Settings,
        filter: &AnalysisFilter,
    ) -> anyhow::Result<Self> {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let mut waiting = waiting_analyses(&wiring::spool_folder(settings)?)?;
        waiting.retain(|found| {
            is(&filter.workflow_id, &found.workflow_id)
                && is(&filter.symbol, &found.symbol)
                && is(&filter.user_id, &found.user_id)
        });
        let stored = match &store {
            Ok(store) => store.list(filter).await.map_err(Into::into),
            Err(_) => Ok(Vec::new()),
        };
        match (stored, store) {
            (Err(error), _) | (_, Err(error)) if waiting.is_empty() => Err(error),
            (Ok(records), store) => Ok(Self::merged(records, waiting, store)),
            (Err(error), _) => Ok(Self::merged(Vec::new(), waiting, Err(error))),
        }
    }

    /// Of a run that is in the store, too, the record that says more of its end counts.
    fn merged(
        stored: Vec<AnalysisRecord>,
        waiting: Vec<AnalysisRecord>,
        store: anyhow::Result<Arc<Spooled>>,
    ) -> Self {
        let mut records: Vec<(AnalysisRecord, bool)> =
            stored.into_iter().map(|record| (record, false)).collect();
        for record in waiting {
            let same = |(known, _): &&mut (AnalysisRecord, bool)| {
                known.workflow_id == record.workflow_id && known.run_id == record.run_id
            };
            match records.iter_mut().find(same) {
                None => records.push((record, true)),
                Some(known) if known.0.completed_at < record.completed_at => *known = (record, true),
                Some(_) => {}
            }
        }
        records.sort_by_key(|(record, _)| Reverse(record.created_at));
        let waiting = records.iter().filter(|(_, waits)| *waits).count();
        Self { records: records.into_iter().map(|(record, _)| record).collect(), waiting, store }
    }

    /// What a person should know of those that wait; none where nothing does.
    pub(crate) fn note(&self) -> Option<String> {
        let waiting = match self.waiting {
            0 => return None,
            1 => "1 analysis waits on this host until the store takes it".to_owned(),
            count => format!("{count} analyses wait on this host until the store takes them"),
        };
        let why = self.store.as_ref().err().map(|error| format!("; the store cannot be read: {error:#}"));
        Some(waiting + &why.unwrap_or_default())
    }
}

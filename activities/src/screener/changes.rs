//! How the picks of a screen differ from those of its run before.

use ttai_contract::{ScreenChanges, StoredAnalysis};
use ttai_core::Symbol;
use ttai_ports::{RankedPick, ScreenRunRecord};

/// Compares picks with what was before; the lists keep the order of the picks.
pub(super) fn since(before: Option<&ScreenRunRecord>, picks: &[RankedPick]) -> ScreenChanges {
    let Some(before) = before else { return ScreenChanges::default() };
    let value = |picks: &[RankedPick], symbol: &Symbol| {
        picks.iter().find(|pick| pick.symbol == *symbol).map(|pick| pick.value)
    };
    let mut changes = ScreenChanges {
        since: Some(StoredAnalysis {
            workflow_id: before.key.workflow_id.clone(),
            run_id: before.key.run_id.clone(),
        }),
        since_as_of: before.as_of,
        ..ScreenChanges::default()
    };
    for pick in picks {
        let list = match value(&before.picks, &pick.symbol) {
            None => &mut changes.new,
            Some(old) if pick.value > old => &mut changes.better,
            Some(old) if pick.value < old => &mut changes.worse,
            Some(_) => continue,
        };
        list.push(pick.symbol.clone());
    }
    let gone = before.picks.iter().filter(|pick| value(picks, &pick.symbol).is_none());
    changes.gone = gone.map(|pick| pick.symbol.clone()).collect();
    changes
}

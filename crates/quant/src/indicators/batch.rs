//! Runs an indicator over a slice: the one place where whole series are checked.

use super::ohlcv::is_usable;
use super::{Indicator, IndicatorError, PriceBar};

/// One answer for each value.
///
/// # Errors
/// [`IndicatorError::Value`] names the first value that is no price.
pub(super) fn over_values<I: Indicator<Input = f64>>(
    mut indicator: I,
    values: &[f64],
) -> Result<Vec<Option<I::Output>>, IndicatorError> {
    check_values(values)?;
    Ok(values.iter().map(|value| indicator.update(*value)).collect())
}

/// One answer for each bar.
///
/// # Errors
/// [`IndicatorError::Bar`] names the first bar that is impossible.
pub(super) fn over_bars<I: Indicator<Input = super::Ohlcv>, B: PriceBar>(
    mut indicator: I,
    bars: &[B],
) -> Result<Vec<Option<I::Output>>, IndicatorError> {
    bars.iter().enumerate().map(|(index, bar)| Ok(indicator.update(checked(index, bar)?))).collect()
}

/// Writes one number for each value, `NaN` for the warm-up.
///
/// # Errors
/// [`IndicatorError::Value`] names the first value that is no price, [`IndicatorError::Length`] a buffer of another length.
pub(super) fn fill_from_values<I: Indicator<Input = f64, Output = f64>>(
    mut indicator: I,
    values: &[f64],
    out: &mut [f64],
) -> Result<(), IndicatorError> {
    let done = fill_warm_up(&mut indicator, values, out)?;
    for (slot, value) in out[done..].iter_mut().zip(&values[done..]) {
        *slot = indicator.update(*value).unwrap_or(f64::NAN);
    }
    Ok(())
}

/// Writes the warm-up and the first number after it, and answers how many slots are written.
///
/// # Errors
/// As [`fill_from_values`].
pub(super) fn fill_warm_up<I: Indicator<Input = f64, Output = f64>>(
    indicator: &mut I,
    values: &[f64],
    out: &mut [f64],
) -> Result<usize, IndicatorError> {
    check_length(values.len(), out)?;
    check_values(values)?;
    let count = values.len().min(indicator.warm_up() + 1);
    for (slot, value) in out[..count].iter_mut().zip(values) {
        *slot = indicator.update(*value).unwrap_or(f64::NAN);
    }
    Ok(count)
}

/// Refuses a series with a number that is no price.
pub(super) fn check_values(values: &[f64]) -> Result<(), IndicatorError> {
    // Folding first keeps the usual case free of branches.
    if values.iter().fold(true, |usable, value| usable & is_usable(*value)) {
        return Ok(());
    }
    match values.iter().enumerate().find(|(_, value)| !is_usable(**value)) {
        Some((index, value)) => Err(IndicatorError::Value { index, value: *value }),
        None => Ok(()),
    }
}

/// Refuses a buffer whose length is not the number of inputs.
pub(super) fn check_length(expected: usize, out: &[f64]) -> Result<(), IndicatorError> {
    if out.len() == expected { Ok(()) } else { Err(IndicatorError::Length { expected, found: out.len() }) }
}

/// The bar's prices, or the error that names it.
pub(super) fn checked<B: PriceBar>(index: usize, bar: &B) -> Result<super::Ohlcv, IndicatorError> {
    bar.ohlcv().ok_or_else(|| IndicatorError::Bar { index, bar: bar.describe() })
}

//! Indicator series over a slice, NaN while warming up.

use ttai_core::DailyBar;

pub(crate) fn sma(values: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; values.len()];
    let mut sum = 0.0;
    for i in 0..values.len() {
        sum += values[i];
        if i >= n {
            sum -= values[i - n];
        }
        if i + 1 >= n {
            out[i] = sum / n as f64;
        }
    }
    out
}

pub(crate) fn true_range(bars: &[DailyBar], i: usize) -> f64 {
    let c = bars[i - 1].close;
    bars[i].high.max(c) - bars[i].low.min(c)
}

pub(crate) fn atr(bars: &[DailyBar], n: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; bars.len()];
    let mut sum = 0.0;
    for i in 1..bars.len() {
        let tr = true_range(bars, i);
        if i <= n {
            sum += tr;
            if i == n {
                out[i] = sum / n as f64;
            }
        } else {
            out[i] = (out[i - 1] * (n as f64 - 1.0) + tr) / n as f64;
        }
    }
    out
}

pub(crate) fn rsi(closes: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; closes.len()];
    let (mut up, mut down) = (0.0, 0.0);
    let nf = n as f64;
    for i in 1..closes.len() {
        let d = closes[i] - closes[i - 1];
        let (u, v) = (d.max(0.0), (-d).max(0.0));
        if i <= n {
            up += u / nf;
            down += v / nf;
        } else {
            up = (up * (nf - 1.0) + u) / nf;
            down = (down * (nf - 1.0) + v) / nf;
        }
        if i >= n {
            out[i] = if up + down == 0.0 { 0.0 } else { 100.0 * up / (up + down) };
        }
    }
    out
}

/// ADX, +DI, -DI.
pub(crate) fn adx(bars: &[DailyBar], n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let len = bars.len();
    let mut out = (vec![f64::NAN; len], vec![f64::NAN; len], vec![f64::NAN; len]);
    let nf = n as f64;
    let (mut p, mut m, mut t) = (0.0, 0.0, 0.0);
    let mut sum_dx = 0.0;
    for i in 1..len {
        let up = bars[i].high - bars[i - 1].high;
        let dn = bars[i - 1].low - bars[i].low;
        let pd = if up > dn && up > 0.0 { up } else { 0.0 };
        let md = if dn > up && dn > 0.0 { dn } else { 0.0 };
        let tr = true_range(bars, i);
        if i < n {
            p += pd;
            m += md;
            t += tr;
            continue;
        }
        p += pd - p / nf;
        m += md - m / nf;
        t += tr - t / nf;
        let (dp, dm) = if t > 0.0 { (100.0 * p / t, 100.0 * m / t) } else { (0.0, 0.0) };
        out.1[i] = dp;
        out.2[i] = dm;
        let dx = if dp + dm > 0.0 { 100.0 * (dp - dm).abs() / (dp + dm) } else { 0.0 };
        if i < 2 * n - 1 {
            sum_dx += dx;
        } else if i == 2 * n - 1 {
            out.0[i] = (sum_dx + dx) / nf;
        } else {
            out.0[i] = (out.0[i - 1] * (nf - 1.0) + dx) / nf;
        }
    }
    out
}

/// Annualised close-to-close volatility, fraction.
pub(crate) fn hv(closes: &[f64], n: usize, per_year: f64) -> Vec<f64> {
    let mut out = vec![f64::NAN; closes.len()];
    for (i, value) in out.iter_mut().enumerate().skip(n) {
        let r: Vec<f64> = (i + 1 - n..=i).map(|j| (closes[j] / closes[j - 1]).ln()).collect();
        let mean = r.iter().sum::<f64>() / n as f64;
        let var = r.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n as f64 - 1.0);
        *value = (var * per_year).sqrt();
    }
    out
}

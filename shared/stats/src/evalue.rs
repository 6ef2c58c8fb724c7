//! E-value: how strong an unmeasured confounder would have to be to explain an effect away (VanderWeele and Ding 2017).
//!
//! On the risk-ratio scale, with joining and with the outcome, beyond what is adjusted for.

use crate::error::StatsError;

/// E-value of a risk ratio: `RR + sqrt(RR·(RR − 1))`, of its inverse when below 1.
pub fn e_value(risk_ratio: f64) -> Result<f64, StatsError> {
    if !(risk_ratio.is_finite() && risk_ratio > 0.0) {
        return Err(StatsError::invalid(
            "risk ratio",
            format!("{risk_ratio} is not positive"),
        ));
    }
    let rr = if risk_ratio < 1.0 {
        1.0 / risk_ratio
    } else {
        risk_ratio
    };
    Ok(rr + (rr * (rr - 1.0)).sqrt())
}

/// E-value of the interval end nearest to 1; exactly 1 when the interval holds 1.
pub fn e_value_of_interval(lower: f64, upper: f64) -> Result<f64, StatsError> {
    if lower > upper {
        return Err(StatsError::invalid("interval", "lower end above upper end"));
    }
    if lower <= 1.0 && upper >= 1.0 {
        return Ok(1.0);
    }
    e_value(if lower > 1.0 { lower } else { upper })
}

/// Approximate risk ratio of a standardised mean difference `d`: `exp(0.91·d)`.
pub fn risk_ratio_from_difference(
    difference: f64,
    standard_deviation: f64,
) -> Result<f64, StatsError> {
    if !(standard_deviation.is_finite() && standard_deviation > 0.0 && difference.is_finite()) {
        return Err(StatsError::NoVariance {
            what: "the outcome".into(),
        });
    }
    Ok((0.91 * difference / standard_deviation).exp())
}

/// Approximate risk ratio of a hazard ratio when the outcome is common (VanderWeele 2017).
pub fn risk_ratio_from_hazard_ratio(hazard_ratio: f64) -> Result<f64, StatsError> {
    if !(hazard_ratio.is_finite() && hazard_ratio > 0.0) {
        return Err(StatsError::invalid(
            "hazard ratio",
            format!("{hazard_ratio} is not positive"),
        ));
    }
    Ok((1.0 - 0.5_f64.powf(hazard_ratio.sqrt()))
        / (1.0 - 0.5_f64.powf((1.0 / hazard_ratio).sqrt())))
}

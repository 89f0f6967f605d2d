//! Predictions of laws in words and as JSON.

use serde_json::{Value, json};

use crate::law::{Interval, Prediction, Predictor, Within};
use crate::record::Series;
use crate::units::{cost, rounded, share, size};

/// What was asked of a law, with the answer.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The cost at a size.
    At(Prediction),
    /// The largest size within a limit, which is in the unit of the series.
    Within(f64, Within),
}

impl Asked {
    /// Whether there is a size that fits, if a limit was given.
    pub fn fits(&self) -> bool {
        !matches!(self, Self::Within(_, Within::None(_)))
    }

    fn prediction(&self) -> &Prediction {
        match self {
            Self::At(prediction)
            | Self::Within(_, Within::UpTo(prediction) | Within::All(prediction) | Within::None(prediction)) => {
                prediction
            }
        }
    }
}

/// A question to the law of a series, with the answer.
#[derive(Debug, Clone, Copy)]
pub struct Predicted<'a> {
    /// What was measured.
    pub series: &'a Series,
    /// Its law.
    pub predictor: &'a Predictor,
    /// What was asked, and the answer.
    pub asked: &'a Asked,
}

/// The answer, and what it rests on.
pub fn predicted_text(predicted: &Predicted<'_>) -> String {
    let Predicted { series, predictor, asked } = predicted;
    let sizes = |value: f64| size(value, &series.axis);
    let costs = |value: f64| cost(value, &series.unit);
    let prediction = asked.prediction();
    let Interval { estimate, lower, upper } = prediction.cost;
    let its = format!("{} [{}, {}]", costs(estimate), costs(lower), costs(upper));
    let name = format!("{} {}", series.workload, series.metric);
    let at = sizes(prediction.size);
    let answer = match asked {
        Asked::At(_) => format!("{name} at {at}: {its}"),
        Asked::Within(limit, Within::UpTo(_)) => {
            format!("{name} within {}: up to {at}, where it is {its}", costs(*limit))
        }
        Asked::Within(limit, Within::All(_)) => {
            format!("{name} within {}: up to {at} at least, where it is {its}; no law is trusted beyond", costs(*limit))
        }
        Asked::Within(limit, Within::None(_)) => {
            format!("{name} within {}: no size; at {at}, the smallest that was measured, it is {its}", costs(*limit))
        }
    };
    let measured = predictor.sizes();
    let (first, last) = (measured[0], measured[measured.len() - 1]);
    let reach = if prediction.extrapolation > 1.0 {
        format!("extrapolated to {} times the largest", rounded(prediction.extrapolation))
    } else {
        "within the measured sizes".to_owned()
    };
    let rounds = series.n_rounds();
    let plural = if rounds == 1 { "" } else { "s" };
    let grounds = format!(
        "law: {}, of {} sizes from {} to {} in {rounds} round{plural}; {reach}",
        predictor.class(),
        measured.len(),
        sizes(first),
        sizes(last)
    );
    let classes = predictor.classes();
    let weights: Vec<String> = classes.iter().map(|(class, weight)| format!("{class} {}", share(*weight))).collect();
    let classes = match weights.len() {
        1 => String::new(),
        _ => format!(
            "\n  classes that the data allow: {}; how far they lie apart there is in the interval",
            weights.join(", ")
        ),
    };
    let holds = match asked {
        Asked::At(_) => "95 % prediction interval, for one more round on the same machine",
        Asked::Within(..) => "with a confidence of 95 % at each size, for one more round on the same machine",
    };
    format!("{answer}\n  {grounds}{classes}\n  {holds}\n")
}

/// The same as JSON; `docs/laws.md` describes the form.
pub fn predicted_json(predicted: &Predicted<'_>) -> String {
    let Predicted { series, predictor, asked } = predicted;
    let prediction = asked.prediction();
    let classes: Vec<Value> =
        predictor.classes().iter().map(|(class, weight)| json!({"class": class, "weight": weight})).collect();
    let mut all = json!({
        "schema": 1,
        "workload": series.workload,
        "metric": series.metric,
        "axis": series.axis,
        "unit": series.unit,
        "law": predictor.class(),
        "classes": classes,
        "sizes": predictor.sizes(),
        "n_rounds": series.n_rounds(),
        "confidence": 0.95,
        "size": prediction.size,
        "cost": prediction.cost,
        "extrapolation": prediction.extrapolation,
    });
    if let Asked::Within(limit, within) = asked {
        all["limit"] = json!(limit);
        all["fits"] = json!(match within {
            Within::UpTo(_) => "up_to",
            Within::All(_) => "all",
            Within::None(_) => "none",
        });
    }
    format!("{all:#}\n")
}

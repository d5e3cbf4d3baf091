//! In which category a deployment frequency lies, for organisations that want categories at all.
//!
//! Off by default: clusters of a survey are no grades, and a category hides how far it is to the next.
//! Where one is shown, those that the limits allow stand beside it. What is counted is said by
//! `answers/frequency_category.sql`.

use crate::answers::FREQUENCY_CATEGORY;
use crate::engine::Engine;
use crate::error::AnalyticsError;
use crate::window::{Grain, Window};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

/// How often a service receives a new version, from the rarest to the most frequent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frequency {
    /// In the median month there is no deployment.
    LessOften,
    /// In the median month there is one, in the median week none.
    Monthly,
    /// The median week has a day with a deployment.
    Weekly,
    /// The median week has three days with a deployment.
    Daily,
    /// The median working day has more than one deployment.
    SeveralADay,
}

impl Frequency {
    const ALL: [Self; 5] = [Self::LessOften, Self::Monthly, Self::Weekly, Self::Daily, Self::SeveralADay];

    /// The category in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LessOften => "less than monthly",
            Self::Monthly => "monthly",
            Self::Weekly => "weekly",
            Self::Daily => "daily",
            Self::SeveralADay => "several times a day",
        }
    }
}

/// A category, and how far the limits of what decides it reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    /// The category of the medians.
    pub frequency: Frequency,
    /// The rarest category that their limits allow.
    pub rarest: Frequency,
    /// The most frequent category that their limits allow.
    pub most: Frequency,
}

impl Category {
    /// `weekly`, or `weekly; the limits also allow monthly, daily`.
    pub fn words(&self) -> String {
        let is_neighbour = |other: &Frequency| *other >= self.rarest && *other <= self.most && *other != self.frequency;
        let neighbours: Vec<&str> = Frequency::ALL.into_iter().filter(is_neighbour).map(Frequency::as_str).collect();
        if neighbours.is_empty() {
            return self.frequency.as_str().to_owned();
        }
        format!("{}; the limits also allow {}", self.frequency.as_str(), neighbours.join(", "))
    }
}

/// The medians of a working day, a week and a month, or one of their limits.
#[derive(Clone, Copy, Debug, Default)]
struct Medians {
    daily: Option<f64>,
    weekly: Option<f64>,
    monthly: Option<f64>,
}

impl Medians {
    /// Nothing where what would decide has too few rows.
    fn frequency(self) -> Option<Frequency> {
        if self.daily.is_some_and(|deployments| deployments > 1.0) {
            return Some(Frequency::SeveralADay);
        }
        match self.weekly? {
            days if days >= 3.0 => return Some(Frequency::Daily),
            days if days >= 1.0 => return Some(Frequency::Weekly),
            _ => {}
        }
        Some(if self.monthly? >= 1.0 { Frequency::Monthly } else { Frequency::LessOften })
    }
}

impl Engine {
    /// The category of the deployment frequency of a window's one scope, over all its days; nothing where
    /// too little is known.
    ///
    /// # Errors
    /// `Metric` when it cannot be computed.
    pub async fn frequency_category(&self, window: &Window) -> Result<Option<Category>, AnalyticsError> {
        let (Some(first), Some(last), [scope]) = (window.periods.first(), window.periods.last(), window.scopes.as_slice())
        else {
            return Ok(None);
        };
        let whole = Window::between(Grain::Window, first.first_day, last.end_day, window.zone);
        let batch = self.answer(&FREQUENCY_CATEGORY, &whole).await?;
        let column = |name: &'static str, data_type: &DataType| -> Result<ArrayRef, AnalyticsError> {
            let shape = || AnalyticsError::Shape { metric: FREQUENCY_CATEGORY.name.to_owned(), column: name };
            cast(batch.column_by_name(name).ok_or_else(shape)?, data_type).map_err(|_| shape())
        };
        let (kinds, scopes, spans) =
            (column("scope_kind", &DataType::Utf8)?, column("scope", &DataType::Utf8)?, column("span", &DataType::Utf8)?);
        let number = |name: &'static str| column(name, &DataType::Float64);
        let numbers = [number("value")?, number("low")?, number("high")?];
        let mut medians = [Medians::default(); 3];
        for row in 0..batch.num_rows() {
            let is_asked =
                kinds.as_string::<i32>().value(row) == window.scope_kind && scopes.as_string::<i32>().value(row) == scope;
            if !is_asked {
                continue;
            }
            for (median, number) in medians.iter_mut().zip(&numbers) {
                let known = number.is_valid(row).then(|| number.as_primitive::<Float64Type>().value(row));
                match spans.as_string::<i32>().value(row) {
                    "daily" => median.daily = known,
                    "weekly" => median.weekly = known,
                    _ => median.monthly = known,
                }
            }
        }
        Ok(category(medians))
    }
}

/// The category of the medians; a limit without a category of its own says nothing against theirs.
fn category([value, low, high]: [Medians; 3]) -> Option<Category> {
    let frequency = value.frequency()?;
    Some(Category {
        frequency,
        rarest: low.frequency().unwrap_or(frequency).min(frequency),
        most: high.frequency().unwrap_or(frequency).max(frequency),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medians(daily: f64, weekly: f64, monthly: f64) -> Medians {
        Medians { daily: Some(daily), weekly: Some(weekly), monthly: Some(monthly) }
    }

    #[test]
    fn the_medians_decide_and_the_limits_stand_beside() {
        for (found, expected) in [
            (medians(1.5, 5.0, 40.0), Frequency::SeveralADay),
            // One deployment on the median working day is not several.
            (medians(1.0, 5.0, 22.0), Frequency::Daily),
            (medians(0.0, 3.0, 12.0), Frequency::Daily),
            (medians(0.0, 1.0, 4.0), Frequency::Weekly),
            (medians(0.0, 0.5, 1.0), Frequency::Monthly),
            (medians(0.0, 0.0, 0.0), Frequency::LessOften),
        ] {
            assert_eq!(found.frequency(), Some(expected), "{found:?}");
        }
        let found = category([medians(0.0, 1.0, 4.0), medians(0.0, 0.0, 2.0), medians(1.0, 3.0, 9.0)]).unwrap();
        assert_eq!(found.words(), "weekly; the limits also allow monthly, daily");
        let clear = category([medians(0.0, 2.0, 8.0), medians(0.0, 1.0, 4.0), medians(0.0, 2.0, 9.0)]).unwrap();
        assert_eq!(clear.words(), "weekly");
    }

    #[test]
    fn what_is_not_known_has_no_category() {
        assert_eq!(category([Medians::default(); 3]), None);
        // A few months say nothing where weeks would need them; where weeks decide they are not asked.
        assert_eq!(Medians { monthly: None, ..medians(0.0, 0.0, 0.0) }.frequency(), None);
        assert_eq!(Medians { monthly: None, ..medians(0.0, 2.0, 0.0) }.frequency(), Some(Frequency::Weekly));
    }
}

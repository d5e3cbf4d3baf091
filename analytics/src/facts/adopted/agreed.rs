//! What the registers say of each component, and the settings by which findings are believed.

use crate::adoption::{Agreed, FitRule, Mandate, Patience, Release};
use crate::definitions::Scope;
use crate::facts::columns::{instant, instants, listed, numbers, said, text, texts};
use crate::facts::walks::Given;
use arrow::array::RecordBatch;
use arrow::datatypes::Int64Type;
use chrono_tz::Tz;
use datafusion::error::Result;
use std::collections::HashMap;

const DAY_SECONDS: i64 = 86_400;

/// How long what is believed, and the zone in which days are counted.
pub(super) fn settings(given: &Given) -> Result<Option<(Patience, Tz)>> {
    let Some(settings) = given.rows("settings").first().filter(|settings| settings.num_rows() > 0) else { return Ok(None) };
    let seconds = |name| numbers::<Int64Type>(settings, name).map(|days| days.value(0) * DAY_SECONDS);
    let zone = said(text(settings, "zone")?, 0).and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC);
    let patience = Patience {
        static_seconds: seconds("evidence_ttl_static_days")?,
        runtime_seconds: seconds("evidence_ttl_runtime_days")?,
        silence_seconds: seconds("active_service_window_days")?,
        left_min_adopted_seconds: seconds("left_min_adopted_days")?,
    };
    Ok(Some((patience, zone)))
}

/// What the registers say of each component.
pub(super) fn agreed(given: &Given) -> Result<Vec<Agreed>> {
    let mut agreed = Vec::new();
    for batch in given.rows("components") {
        let (components, released) = (text(batch, "component_id")?, instants(batch, "released_at")?);
        let categories = text(batch, "category")?;
        for row in 0..batch.num_rows() {
            let Some(component_id) = said(components, row).map(ToOwned::to_owned) else { continue };
            let category = said(categories, row).map(ToOwned::to_owned);
            agreed.push(Agreed { component_id, category, released_at: instant(released, row), ..Agreed::default() });
        }
    }
    let places: HashMap<String, usize> =
        agreed.iter().enumerate().map(|(place, agreed)| (agreed.component_id.clone(), place)).collect();
    let mut rest = Registers { given, places, agreed };
    rest.fit_rules()?;
    rest.mandates()?;
    rest.exemptions()?;
    rest.releases()?;
    rest.vendors()?;
    Ok(rest.agreed)
}

/// Components, and the registers that say more about them.
struct Registers<'a> {
    given: &'a Given,
    /// The places of components by their ids.
    places: HashMap<String, usize>,
    agreed: Vec<Agreed>,
}

impl Registers<'_> {
    /// Goes over the rows of a register that name a component which is described.
    fn each(&mut self, register: &str, take: impl Fn(&mut Agreed, &RecordBatch, usize) -> Result<()>) -> Result<()> {
        for batch in self.given.rows(register) {
            let components = text(batch, "component_id")?;
            for row in 0..batch.num_rows() {
                let place = said(components, row).and_then(|id| self.places.get(id));
                if let Some(agreed) = place.and_then(|place| self.agreed.get_mut(*place)) {
                    take(agreed, batch, row)?;
                }
            }
        }
        Ok(())
    }

    fn fit_rules(&mut self) -> Result<()> {
        self.each("fit_rules", |agreed, batch, row| {
            let Some(valid_from) = instant(instants(batch, "valid_from")?, row) else { return Ok(()) };
            agreed.fit_rules.push(FitRule {
                reason: said(text(batch, "reason")?, row).unwrap_or_default().to_owned(),
                any_tags: list(batch, "any_tags", row)?,
                all_tags: list(batch, "all_tags", row)?,
                no_tags: list(batch, "no_tags", row)?,
                types: list(batch, "types", row)?,
                valid_from,
                valid_to: instant(instants(batch, "valid_to")?, row),
            });
            Ok(())
        })
    }

    fn mandates(&mut self) -> Result<()> {
        self.each("mandates", |agreed, batch, row| {
            let Some(announced_at) = instant(instants(batch, "announced_at")?, row) else { return Ok(()) };
            agreed.mandates.push(Mandate {
                announced_at,
                ends_at: instant(instants(batch, "ends_at")?, row),
                scope: Scope {
                    services: list(batch, "services", row)?,
                    teams: list(batch, "teams", row)?,
                    systems: list(batch, "systems", row)?,
                    tags: list(batch, "tags", row)?,
                },
            });
            Ok(())
        })
    }

    fn exemptions(&mut self) -> Result<()> {
        self.each("exemptions", |agreed, batch, row| {
            let opened_at = instant(instants(batch, "opened_at")?, row);
            let spell = opened_at.zip(instant(instants(batch, "expires_at")?, row));
            if let (Some(service), Some(spell)) = (said(text(batch, "service")?, row), spell) {
                agreed.exemptions.entry(service.to_owned()).or_default().push(spell);
            }
            Ok(())
        })
    }

    fn releases(&mut self) -> Result<()> {
        self.each("releases", |agreed, batch, row| {
            let Some(version) = said(text(batch, "version")?, row) else { return Ok(()) };
            let release = Release {
                released_at: instant(instants(batch, "released_at")?, row),
                deprecated_at: instant(instants(batch, "deprecated_at")?, row),
                end_of_life_at: instant(instants(batch, "end_of_life_at")?, row),
            };
            agreed.releases.insert(version.to_owned(), release);
            Ok(())
        })
    }

    /// Alternatives belong to a category, and so to each of its components.
    fn vendors(&mut self) -> Result<()> {
        for batch in self.given.rows("alternatives") {
            let (categories, alternatives) = (text(batch, "category")?, text(batch, "alternative")?);
            let vendors = text(batch, "vendor")?;
            for row in 0..batch.num_rows() {
                let (category, vendor) = (said(categories, row), said(vendors, row).map(ToOwned::to_owned));
                let of_category =
                    self.agreed.iter_mut().filter(|agreed| category.is_some() && agreed.category.as_deref() == category);
                for agreed in of_category {
                    let known = agreed.vendors.entry(said(alternatives, row).unwrap_or_default().to_owned()).or_default();
                    *known = known.take().max(vendor.clone());
                }
            }
        }
        Ok(())
    }
}

/// The list of a row; nothing said asks for nothing.
fn list(batch: &RecordBatch, name: &str, row: usize) -> Result<Vec<String>> {
    Ok(listed(texts(batch, name)?, row).into_iter().flatten().map(ToOwned::to_owned).collect())
}
